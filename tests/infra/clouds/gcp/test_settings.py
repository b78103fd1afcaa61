"""The settings of a deployment on Google Cloud: where they come from, and which it refuses."""

import shlex

import pytest

from tests.infra.clouds.deployer import USUAL_SETTINGS
from tests.infra.clouds.gcp.life import GcpDeployer, url
from tests.support.recording_gcloud import NUMBER, dictionary

FILE = """
channels:
  ops: {kind: slack, webhook_url: "${OPS_URL}"}
monitors:
  - {name: Shop, url: "https://a.example/", headers: {Authorization: "Bearer ${MONITOR_TOKEN}"}}
"""


def planned_with(deployer: GcpDeployer, **settings: str) -> str:
    return deployer.run("deploy", "--dry-run", settings=settings).said


def test_a_url_with_a_password_is_a_secret_in_any_setting(deployer: GcpDeployer) -> None:
    settings = {"TARGET_URL": "https://a.example/ https://kim:pass-of-the-target@b.example/"}
    said = deployer.run("deploy", "--dry-run", settings=settings).said
    [agent] = [line for line in said.splitlines() if line.startswith("gcloud run deploy bonghwa-check-monitors")]
    assert "TARGET_URL=bonghwa-target-url:1" in agent
    assert "pass-of-the-target" not in said


def test_the_environment_wins_then_the_clouds_file_then_env(
    deployer: GcpDeployer,
) -> None:
    here = {"TARGET_URL": "https://here.example/", "MESSAGE_LANGUAGE": "en", "LOCATION": "here", "LOG_DIR": "logs"}
    cloud = {"TARGET_URL": "https://cloud.example/", "MESSAGE_LANGUAGE": "ko", "FLASK_PORT": "7000"}
    for file, values in ((".env", here), (".env.gcp", cloud)):
        (deployer.project / file).write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    said = deployer.run("deploy", "--dry-run", is_installed=False).said
    [line] = [line for line in said.splitlines() if line.startswith("gcloud run deploy bonghwa-check-monitors")]
    [told] = [word.partition("=")[2] for word in shlex.split(line) if word.startswith("--set-env-vars=")]
    assert {name: value for name, value in dictionary(told).items() if not name.startswith("LATER_RUNS_")} == {
        "TARGET_URL": USUAL_SETTINGS["TARGET_URL"],
        "TELEGRAM_CHAT_ID": USUAL_SETTINGS["TELEGRAM_CHAT_ID"],
        "MESSAGE_LANGUAGE": "ko",
        "LOCATION": "here",
        "PUBLIC_URL": url().replace(NUMBER, "PROJECT_NUMBER"),
        "API_AUTH": "all",
        "FUNCTION_TARGET": "check_monitors",
        "BACKEND_URL": url("reports").replace(NUMBER, "PROJECT_NUMBER"),
        "SPOOL_DIR": "/tmp",
    }


def test_the_variables_of_the_file_come_from_the_clouds_file_and_env(deployer: GcpDeployer) -> None:
    for file, text in ((".env", "OPS_URL=https://hooks.example/of-ops"), (".env.gcp", "MONITOR_TOKEN=sesame-of-shop")):
        (deployer.project / file).write_text(f"{text}\n")
    (deployer.project / "bonghwa.yaml").write_text(FILE)
    said = deployer.run("deploy", "--dry-run").said
    lines = [line for line in said.splitlines() if "MONITOR_TOKEN" in line]
    assert len(lines) == 1
    assert lines[0].startswith("gcloud run deploy bonghwa-check-monitors ")
    assert "MONITOR_TOKEN=bonghwa-monitor-token:1" in lines[0]
    assert "gcloud secrets versions add bonghwa-channels" in said
    assert "of-ops" not in said
    assert "sesame" not in said


@pytest.mark.parametrize(
    ("given", "expected"), [({}, url()), ({"PUBLIC_URL": "https://watch.example/"}, "https://watch.example/")]
)
def test_every_service_knows_the_public_url(deployer: GcpDeployer, given: dict[str, str], expected: str) -> None:
    """Otherwise no message would have a link."""
    said = planned_with(deployer, **given)
    lines = [line for line in said.splitlines() if line.startswith("gcloud run deploy ")]
    assert len(lines) > 5
    assert [line for line in lines if f"PUBLIC_URL={expected}" not in line] == []


def test_a_public_url_that_was_a_secret_stays_one(deployer: GcpDeployer) -> None:
    """gcloud refuses a plain variable that has been a secret."""
    for settings in ({"PUBLIC_URL": "https://kim:pass-of-the-proxy@watch.example"}, {}):
        done = deployer.run("deploy", "--yes", settings=settings)
        assert (done.returncode, done.error) == (0, "")
    assert done.state["secrets"]["bonghwa-public-url"][-1] == url()


def test_the_secret_of_a_variable_that_is_gone_is_deleted(deployer: GcpDeployer) -> None:
    assert "gcloud secrets create bonghwa-monitor-token " in planned_with(deployer, MONITOR_TOKEN="sesame-of-shop")
    assert deployer.run("deploy", "--yes", settings={"MONITOR_TOKEN": "sesame-of-shop"}).returncode == 0
    assert "gcloud secrets delete bonghwa-monitor-token " not in planned_with(deployer, MONITOR_TOKEN="sesame-of-shop")
    assert "gcloud secrets delete bonghwa-monitor-token " in planned_with(deployer)


def test_a_setting_that_is_no_secret_any_more_is_deployed(deployer: GcpDeployer) -> None:
    for target in ("https://kim:pass-of-the-target@b.example/", "https://b.example/"):
        done = deployer.run("deploy", "--yes", settings={"TARGET_URL": target})
        assert (done.returncode, done.error) == (0, "")


def test_variables_that_differ_in_their_case_have_their_own_secrets(deployer: GcpDeployer) -> None:
    said = planned_with(deployer, MONITOR_A_B="one-of-two", MONITOR_a_b="two-of-two")
    assert "MONITOR_A_B=bonghwa-monitor-a-b:1,MONITOR_a_b=bonghwa-MONITOR-a-b:1" in said


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"DATABASE_URL": "sqlite:///notifications.db"}, "DATABASE_URL is 'sqlite': expected postgresql://"),
        ({"DATABASE_URL": "mysql://kim:pass-of-kim@db.example/x"}, "DATABASE_URL is 'mysql': expected postgresql://"),
        ({"API_KEY": "hunter2"}, "API_KEY is '(hidden)': expected secrets of at least 16 characters"),
        ({"CHECK_INTERVAL_SECONDS": "45"}, "CHECK_INTERVAL_SECONDS is '45': expected 10, 12"),
        (
            {"SNS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:a"},
            "SNS_TOPIC_ARN is 'arn:aws:sns:eu-west-1:123456789012:a': expected no topic, since AWS's library and",
        ),
        (
            {"CHANNELS": '{"t": {"kind": "sns", "topic_arn": "arn:aws:sns:eu-west-1:123456789012:a"}}'},
            "CHANNELS.t.topic_arn is 'arn:aws:sns:eu-west-1:123456789012:a': expected no topic, since AWS's library",
        ),
        ({"CHANNELS": '{"t": {"kind": "nosuch"}}'}, "CHANNELS.t.kind is 'nosuch': expected a kind of channel"),
        ({"TARGET_URL": "ftp://a.example/"}, "TARGET_URL is 'ftp://a.example/': expected one or more http"),
        ({"TELEGRAM_CHAT_ID": ""}, "TELEGRAM_CHAT_ID is not set: expected the chat's number or @channelname"),
        ({"TELEGRAM_BOT_TOKEN": ""}, "TELEGRAM_BOT_TOKEN is not set: expected the bot's token"),
        ({"TELEGRAM_API_URL": "bots.example"}, "TELEGRAM_API_URL is 'bots.example': expected the http:// or https://"),
    ],
)
def test_settings_that_cannot_run_there_change_nothing(
    deployer: GcpDeployer, settings: dict[str, str], words: str
) -> None:
    refused = deployer.run("deploy", "--yes", settings=settings)
    assert refused.returncode == 1
    assert refused.error.startswith(f"bonghwa: {words}")
    assert "pass-of-kim" not in refused.error
    assert all(call.is_read for call in refused.calls)
