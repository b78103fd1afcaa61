"""Google Cloud: what the deployment tells gcloud, against the table. How it then runs, test_conformance.py shows."""

import copy
import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from infra.clouds.cli import TRIES, CommandFailed, Stage, run
from infra.clouds.cron import Beat
from infra.clouds.gcp import access, functions, gateway, schedules
from infra.clouds.gcp.project import APIS, MAX_ACCOUNT_LENGTH, NOT_YET, name_of, secret_name
from infra.table import Row, rows
from shared import ROOT
from shared.settings import SettingError, Settings
from tests.support import leaks
from tests.support.recording_gcloud import HOST, NUMBER, Call, Cloud, dictionary
from tests.support.running import copy_project, shown_by_curl
from tests.system.runtimes.google import PLACE, uploaded

pytestmark = pytest.mark.together("gcp")

SECRETS = {
    "API_KEY": "a-key-of-the-cloud-alone,the-key-before-that-one",
    "DATABASE_URL": "postgresql://watcher:pass-of-the-database@db.example/bonghwa",
    "TELEGRAM_BOT_TOKEN": "123456:AAtoken-of-the-clouds-bot",
    "HEARTBEAT_URL": "https://hc.example/ping/heartbeats-own-uuid",
}
GIVEN = {**SECRETS, "TARGET_URL": "https://a.example/,https://b.example/?x=1|2", "TELEGRAM_CHAT_ID": "4242"}
SCHEDULED = [row for row in rows() if row.every is not None]
CALLED = [row for row in rows() if row.every is None]


@dataclass(frozen=True)
class Step:
    """One run of ``python -m infra.clouds.gcp``: what it called, what it said, and what there was afterwards."""

    calls: list[Call]
    returncode: int
    said: str
    error: str
    state: dict[str, Any]


class Deployer:
    """``python -m infra.clouds.gcp`` in a copy of the project, with the recording gcloud as the only program."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self.cloud = cloud
        self.project = copy_project(folder / "project")

    def run(
        self, *arguments: str, settings: Mapping[str, str] | None = None, typed: str = "", is_installed: bool = True
    ) -> Step:
        """Run it to its end, with ``settings`` beside or instead of the usual ones."""
        before = len(self.cloud.calls)
        done = subprocess.run(
            [sys.executable, "-m", "infra.clouds.gcp", *arguments, "--project=my-project", f"--region={PLACE.region}"],
            cwd=self.project,
            env={"PATH": str(self.cloud.folder) if is_installed else "", **GIVEN, **(settings or {})},
            input=typed,
            capture_output=True,
            text=True,
        )
        calls = self.cloud.calls[before:]
        return Step(calls, done.returncode, done.stdout, done.stderr, copy.deepcopy(self.cloud.state))


@pytest.fixture
def deployer(tmp_path: Path) -> Iterator[Deployer]:
    """Nothing is deployed yet."""
    with Cloud(tmp_path / "bin") as cloud:
        yield Deployer(tmp_path, cloud)


CHANGED = {"CHECK_INTERVAL_SECONDS": "60", "DATABASE_URL": "postgresql://kim:pass-of-the-other@db.example/b"}
CHANGED |= {"HEARTBEAT_URL": ""}
OTHERS = {"functions": "their-function", "secrets": "their-secret", "jobs": "bonghwas-other", "accounts": "theirs"}


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    """A deployment from its beginning to its end, step by step."""
    folder = tmp_path_factory.mktemp("gcp")
    with Cloud(folder / "bin") as cloud:
        deployer = Deployer(folder, cloud)
        for kind, name in OTHERS.items():
            cloud.state[kind] = {name: ["theirs"]}
        steps = {
            "refused": deployer.run("deploy", typed="n\n"),
            "planned": deployer.run("deploy", "--dry-run"),
            "deployed": deployer.run("deploy", typed="y\n"),
            "again": deployer.run("deploy", "--yes"),
        }
        # As an older version left it: a function that there is no longer, and another state of the gateway.
        cloud.state["functions"]["bonghwa-of-old"] = []
        cloud.state["configs"] = {"bonghwa-000000000000": []}
        cloud.state["gateways"]["bonghwa"] = ["--api-config=bonghwa-000000000000"]
        steps |= {
            "changes planned": deployer.run("deploy", "--dry-run", settings=CHANGED),
            "changed": deployer.run("deploy", "--yes", settings=CHANGED),
            "end refused": deployer.run("teardown"),
            "ended": deployer.run("teardown", typed="y\n"),
            "nothing left": deployer.run("teardown"),
        }
    return steps


@pytest.fixture(scope="module")
def deployed(life: dict[str, Step]) -> Step:
    """Everything is deployed, by one run."""
    step = life["deployed"]
    assert (step.returncode, step.error) == (0, "")
    return step


def only(calls: list[Call], *words: str) -> list[Call]:
    return [call for call in calls if call.words[: len(words)] == list(words)]


def source_of(row: Row) -> str:
    return "".join(path.read_text() for path in (ROOT / "functions" / row.name).rglob("*.py"))


# --- what is deployed -------------------------------------------------------------------------------------------------


def test_every_function_of_the_table_is_deployed_as_itself(deployed: Step) -> None:
    calls = only(deployed.calls, "functions", "deploy")
    assert sorted(call.flags["--entry-point"] for call in calls) == sorted(row.name for row in rows())
    for call in calls:
        flags, name = call.flags, call.words[2]
        assert name == f"bonghwa-{flags['--entry-point'].replace('_', '-')}"
        assert "--gen2" in flags
        assert "--trigger-http" in flags
        assert (flags["--source"], flags["--region"], flags["--project"]) == (".", PLACE.region, "my-project")
        assert int(flags["--runtime"].removeprefix("python")) >= 312
        assert flags["--service-account"] == f"{name}@my-project.iam.gserviceaccount.com"
        assert flags["--build-service-account"].endswith("/bonghwa-build@my-project.iam.gserviceaccount.com")
        assert flags["--min-instances"] == "0", "an instance that waits is paid for"


def test_cloud_run_allows_the_sizes_and_the_store_bears_them(deployed: Step) -> None:
    connections = 0
    for call in only(deployed.calls, "functions", "deploy"):
        flags = call.flags
        cpu, memory = float(flags["--cpu"]), int(flags["--memory"].removesuffix("Mi"))
        assert 0.08 <= cpu < 1
        assert flags["--concurrency"] == "1", "what Cloud Run wants of an instance with less than a CPU"
        assert memory <= 512, "what Cloud Run gives to less than half a CPU"
        assert int(flags["--timeout"].removesuffix("s")) > 0
        if "DATABASE_URL" in flags["--set-secrets"]:
            connections += int(flags["--max-instances"])
    # Small databases that are hosted give some 20 to ordinary users.
    assert 0 < connections <= 20


def test_a_run_of_the_agent_has_time_for_its_longest_check() -> None:
    longest = next(each.le for each in Settings.model_fields["check_timeout_seconds"].metadata if hasattr(each, "le"))
    assert functions.SIZES["check_monitors"].timeout_seconds > 2 * longest


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_gets_its_settings_and_only_its_secrets(deployed: Step, row: Row) -> None:
    [call] = only(deployed.calls, "functions", "deploy", name_of(row))
    told, hidden = dictionary(call.flags["--set-env-vars"]), dictionary(call.flags["--set-secrets"])
    assert told["API_AUTH"] == "all"
    assert ("DATABASE_URL" in hidden) == ("open_store" in source_of(row))
    has_channels = bool(re.search(r"from shared\.channels import", source_of(row)))
    assert ("TELEGRAM_BOT_TOKEN" in hidden) == ("TELEGRAM_CHAT_ID" in told) == has_channels
    assert ("HEARTBEAT_URL" in hidden) == ("heartbeat_url" in source_of(row))
    is_agent = "settings.targets" in source_of(row)
    assert told.get("TARGET_URL") == (GIVEN["TARGET_URL"] if is_agent else None)
    assert told.get("BACKEND_URL") == (url("ingest_event") if is_agent else None)
    key = "bonghwa-scheduled-api-key" if row.every is not None else "bonghwa-api-key"
    assert hidden["API_KEY"] == f"{key}:latest"
    assert not set(told) & set(SECRETS)


def url(name: str) -> str:
    return f"https://bonghwa-{name.replace('_', '-')}-{NUMBER}.asia-northeast3.run.app"


def test_only_the_backend_is_open_and_others_have_one_caller(deployed: Step) -> None:
    calls = deployed.calls
    is_open = {call.words[2]: "--allow-unauthenticated" in call.flags for call in only(calls, "functions", "deploy")}
    assert is_open == {name_of(row): row.name == "ingest_event" for row in rows()}
    callers = {call.words[2]: call.flags["--member"] for call in only(calls, "functions", "add-invoker-policy-binding")}
    assert callers == {
        name_of(
            row
        ): f"serviceAccount:bonghwa-{'gateway' if row.every is None else 'invoker'}@my-project.iam.gserviceaccount.com"
        for row in rows()
    }


def test_secrets_go_in_by_stdin_and_only_their_users_read_them(deployed: Step) -> None:
    calls = deployed.calls
    stored = {call.words[2]: call.stdin for call in only(calls, "secrets", "create")}
    key, *_ = SECRETS["API_KEY"].split(",")
    of_schedules = access.schedule_key(SecretStr(key)).get_secret_value()
    assert stored == {
        **{secret_name(setting): value for setting, value in SECRETS.items()},
        "bonghwa-scheduled-api-key": f"{SECRETS['API_KEY']} {of_schedules}",
    }
    assert all(call.flags["--data-file"] == "-" for call in only(calls, "secrets", "create"))
    readers = {call.words[2]: call.files["argument"]["bindings"] for call in only(calls, "secrets", "set-iam-policy")}
    for name in stored:
        [binding] = readers[name]
        mounting = {
            f"serviceAccount:{call.flags['--service-account']}"
            for call in only(calls, "functions", "deploy")
            if f"={name}:latest" in call.flags["--set-secrets"]
        }
        assert (binding["role"], set(binding["members"])) == ("roles/secretmanager.secretAccessor", mounting)
        assert mounting


def test_the_schedules_key_opens_only_what_they_call(deployed: Step) -> None:
    stored = deployed.state["secrets"]
    of_schedules = access.schedule_key(SecretStr("a-key-of-the-cloud-alone")).get_secret_value()
    scheduled = Settings.from_env({"API_KEY": stored["bonghwa-scheduled-api-key"][-1]})
    called = Settings.from_env({"API_KEY": stored["bonghwa-api-key"][-1]})
    assert of_schedules in {key.get_secret_value() for key in scheduled.keys}
    assert of_schedules not in {key.get_secret_value() for key in called.keys}
    # The agent shows the first, which ingest_event takes.
    assert scheduled.key == called.key
    scheduled.refuse_weak_keys()


def test_the_project_grants_only_builds_and_workflow_starts(deployed: Step) -> None:
    address = "serviceAccount:bonghwa-{}@my-project.iam.gserviceaccount.com"
    assert deployed.state["roles"] == [
        [address.format("build"), "roles/cloudbuild.builds.builder"],
        [address.format("invoker"), "roles/workflows.invoker"],
    ]
    assert set(deployed.state["apis"]) == {f"{api}.googleapis.com" for api in APIS}
    assert all(6 <= len(name) <= MAX_ACCOUNT_LENGTH for name in access.account_names())


# --- schedules --------------------------------------------------------------------------------------------------------


def test_every_schedule_has_a_job_that_identifies_itself(deployed: Step) -> None:
    calls = {call.words[4]: call for call in only(deployed.calls, "scheduler", "jobs", "create", "http")}
    of_schedules = access.schedule_key(SecretStr("a-key-of-the-cloud-alone")).get_secret_value()
    assert set(calls) == {*(name_of(row) for row in SCHEDULED), "bonghwa-check-monitors-30s"}
    for row in SCHEDULED:
        call = calls[name_of(row)]
        assert call.flags["--schedule"] == "* * * * *"
        assert call.flags["--http-method"].upper() == row.method
        assert call.flags["--uri"] == call.flags["--oidc-token-audience"] == url(row.name)
        assert call.flags["--oidc-service-account-email"] == "bonghwa-invoker@my-project.iam.gserviceaccount.com"
        assert call.files == {"--flags-file": {"--headers": {"X-API-Key": of_schedules}}}


def test_every_30_s_is_a_job_a_minute_and_a_sleeping_workflow(deployed: Step) -> None:
    calls = deployed.calls
    [job] = [call for call in only(calls, "scheduler", "jobs", "create", "http") if call.words[4].endswith("-30s")]
    workflow = "projects/my-project/locations/asia-northeast3/workflows/bonghwa-check-monitors"
    assert job.flags["--uri"] == f"https://workflowexecutions.googleapis.com/v1/{workflow}/executions"
    assert json.loads(json.loads(job.flags["--message-body"])["argument"]) == {"seconds": 30}
    assert job.flags["--oauth-service-account-email"] == "bonghwa-invoker@my-project.iam.gserviceaccount.com"
    [deployment] = only(calls, "workflows", "deploy")
    assert deployment.words[2] == "bonghwa-check-monitors"
    assert deployment.flags["--service-account"] == "bonghwa-invoker@my-project.iam.gserviceaccount.com"
    wait, call = deployment.files["--source"]["main"]["steps"]
    assert wait["wait"] == {"call": "sys.sleep", "args": {"seconds": "${args.seconds}"}}
    asked = call["call_function"]["args"]
    assert call["call_function"]["call"] == "http.post"
    assert (asked["url"], asked["auth"]) == (
        url("check_monitors"),
        {"type": "OIDC", "audience": url("check_monitors")},
    )
    assert (
        asked["headers"]["X-API-Key"] == access.schedule_key(SecretStr("a-key-of-the-cloud-alone")).get_secret_value()
    )


AGENT = next(row for row in rows() if row.name == "check_monitors")


@pytest.mark.parametrize(
    ("interval", "cron", "delays"),
    [
        ("10", "* * * * *", (0, 10, 20, 30, 40, 50)),
        ("20", "* * * * *", (0, 20, 40)),
        ("30", "* * * * *", (0, 30)),
        ("60", "* * * * *", (0,)),
        ("300", "*/5 * * * *", (0,)),
        ("3600", "0 */1 * * *", (0,)),
        ("86400", "0 0 * * *", (0,)),
    ],
)
def test_an_interval_is_kept_to_the_second(interval: str, cron: str, delays: tuple[int, ...]) -> None:
    beat = schedules.beat_of(AGENT, Settings.from_env({"CHECK_INTERVAL_SECONDS": interval}))
    assert beat == Beat(cron, delays)


@pytest.mark.parametrize("interval", ["0.5", "2", "7", "30.5", "45", "90", "420", "7200.5", "18000"])
def test_an_interval_the_scheduler_cannot_keep_is_rejected(interval: str) -> None:
    with pytest.raises(SettingError, match=rf"CHECK_INTERVAL_SECONDS is '{interval}': expected 10, 12, 15"):
        schedules.beat_of(AGENT, Settings.from_env({"CHECK_INTERVAL_SECONDS": interval}))


# --- the public URL ---------------------------------------------------------------------------------------------------


def test_one_public_url_leads_to_all_that_people_call(deployed: Step) -> None:
    [call] = only(deployed.calls, "api-gateway", "api-configs", "create")
    document = call.files["--openapi-spec"]
    routes = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    taken = [(row, row.method) for row in CALLED] + [(row, "HEAD") for row in CALLED if row.method == "GET"]
    assert set(routes) == {(method, row.path.replace("<id>", "{id}")) for row, method in taken}
    for row, method in taken:
        operation = routes[method, row.path.replace("<id>", "{id}")]
        backend = operation["x-google-backend"]
        # No two may be called the same.
        assert operation["operationId"] == (f"{row.name}_head" if method == "HEAD" else row.name)
        assert backend["address"] == backend["jwt_audience"] == url(row.name)
        assert backend["path_translation"] == "APPEND_PATH_TO_ADDRESS"
        assert [each["name"] for each in operation.get("parameters", [])] == re.findall("<(.*?)>", row.path)
    assert document["swagger"] == "2.0"
    assert call.flags["--backend-auth-service-account"] == "bonghwa-gateway@my-project.iam.gserviceaccount.com"
    [created] = only(deployed.calls, "api-gateway", "gateways", "create")
    assert (created.flags["--api-config"], created.flags["--location"]) == (call.words[3], "asia-northeast1")
    assert f"https://{HOST}/" in deployed.said


@pytest.mark.parametrize(
    ("region", "near"),
    [("asia-northeast3", "asia-northeast1"), ("europe-north1", "europe-west1"), ("us-east4", "us-central1")],
)
def test_the_gateway_is_near_the_functions(region: str, near: str) -> None:
    assert gateway.region_near(region) == near


# --- secrets, asking, dry run -----------------------------------------------------------------------------------------


def test_no_secret_is_on_a_command_line_or_on_the_screen(life: dict[str, Step]) -> None:
    of_schedules = access.schedule_key(SecretStr("a-key-of-the-cloud-alone")).get_secret_value()
    all_of_them = {**SECRETS, "SCHEDULE_KEY": of_schedules, "OTHER_SECRET": CHANGED["DATABASE_URL"]}
    secrets = leaks.secrets_of(all_of_them) | {"OTHER": {"pass-of-the-other", "pass-of-the-database"}}
    for step in life.values():
        said = "\n".join([step.said, step.error, *(each for call in step.calls for each in call.arguments)])
        assert not leaks.found_in(said.encode(), secrets)
    # They did go somewhere.
    stored = json.dumps([(call.stdin, call.files) for call in life["deployed"].calls])
    assert set(leaks.found_in(stored.encode(), secrets)) >= {"API_KEY", "TELEGRAM_BOT_TOKEN", "SCHEDULE_KEY"}


def test_a_url_with_a_password_is_a_secret_in_any_setting(deployer: Deployer) -> None:
    settings = {"TARGET_URL": "https://a.example/ https://kim:pass-of-the-target@b.example/"}
    said = deployer.run("deploy", "--dry-run", settings=settings).said
    [agent] = [line for line in said.splitlines() if line.startswith("gcloud functions deploy bonghwa-check-monitors")]
    assert "TARGET_URL=bonghwa-target-url:latest" in agent
    assert "pass-of-the-target" not in said


@pytest.mark.parametrize(("planned", "done"), [("planned", "deployed"), ("changes planned", "changed")])
def test_a_dry_run_prints_what_a_run_does_and_changes_nothing(life: dict[str, Step], planned: str, done: str) -> None:
    assert all(call.is_read for call in life[planned].calls)
    printed = [line for line in life[planned].said.splitlines() if line.startswith("gcloud ")]
    assert sorted(as_printed(call) for call in life[done].calls if not call.is_read) == sorted(printed)
    assert len(printed) > 30


def as_printed(call: Call) -> str:
    # Files are in a folder of their own then, which is gone by now.
    named = [re.sub(r"(^|=)/\S*/([^/]+\.json)$", r"\1\2", each) for each in call.arguments]
    return shlex.join(["gcloud", *named]) + (" < (a secret)" if call.stdin else "")


@pytest.mark.parametrize("step", ["refused", "end refused"])
def test_it_says_what_it_will_do_and_does_nothing_without_a_yes(life: dict[str, Step], step: str) -> None:
    asked = life[step]
    assert (asked.returncode, asked.error) == (1, "nothing was changed\n")
    assert all(call.is_read for call in asked.calls)
    begin, verb = {"refused": ("This deploys to", "deploy"), "end refused": ("This deletes from", "delete")}[step]
    assert f"{begin} my-project, asia-northeast3:" in asked.said
    for row in rows():
        assert f"functions {verb} {name_of(row)}" in asked.said


def test_without_gcloud_only_a_dry_run_works_and_the_rest_fails(deployer: Deployer) -> None:
    said = deployer.run("deploy", "--dry-run", is_installed=False).said
    assert said.count("\ngcloud functions deploy ") == len(rows())
    assert said.startswith("# gcloud is not installed")
    refused = deployer.run("deploy", is_installed=False)
    assert refused.error == "bonghwa: gcloud is not installed: see https://cloud.google.com/sdk/docs/install\n"


def test_the_environment_wins_then_the_clouds_file_then_env(
    deployer: Deployer,
) -> None:
    here = {"TARGET_URL": "https://here.example/", "MESSAGE_LANGUAGE": "en", "LOCATION": "here", "LOG_DIR": "logs"}
    cloud = {"TARGET_URL": "https://cloud.example/", "MESSAGE_LANGUAGE": "ko", "FLASK_PORT": "7000"}
    for file, values in ((".env", here), (".env.gcp", cloud)):
        (deployer.project / file).write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    said = deployer.run("deploy", "--dry-run", is_installed=False).said
    [line] = [line for line in said.splitlines() if line.startswith("gcloud functions deploy bonghwa-check-monitors")]
    [told] = [word.partition("=")[2] for word in shlex.split(line) if word.startswith("--set-env-vars=")]
    assert dictionary(told) == {
        "TARGET_URL": GIVEN["TARGET_URL"],
        "TELEGRAM_CHAT_ID": GIVEN["TELEGRAM_CHAT_ID"],
        "MESSAGE_LANGUAGE": "ko",
        "LOCATION": "here",
        "API_AUTH": "all",
        "BACKEND_URL": url("ingest_event").replace(NUMBER, "PROJECT_NUMBER"),
        "SPOOL_DIR": "/tmp",
    }


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
    deployer: Deployer, settings: dict[str, str], words: str
) -> None:
    refused = deployer.run("deploy", "--yes", settings=settings)
    assert refused.returncode == 1
    assert refused.error.startswith(f"bonghwa: {words}")
    assert "pass-of-kim" not in refused.error
    assert all(call.is_read for call in refused.calls)


# --- updating, failing, taking away -----------------------------------------------------------------------------------


def test_an_update_without_a_change_creates_nothing(life: dict[str, Step]) -> None:
    before, again = life["deployed"], life["again"]
    assert again.returncode == 0
    assert "This updates what is in my-project" in again.said
    assert not [call.words for call in again.calls if {"create", "delete", "add"} & set(call.words)]
    assert names(again.state) == names(before.state)
    assert again.state["secrets"] == before.state["secrets"]
    updates = {call.words[4]: call for call in only(again.calls, "scheduler", "jobs", "update", "http")}
    assert set(updates) == set(before.state["jobs"]) - set(OTHERS.values())
    [headers] = updates["bonghwa-deliver-notifications"].files.values()
    assert set(headers) == {"--update-headers"}, "what updating a job takes"
    assert functions_of(again) == functions_of(before)


def names(state: dict[str, Any]) -> dict[str, set[str]]:
    return {kind: set(things) for kind, things in state.items() if kind != "roles"}


def functions_of(step: Step) -> list[list[str]]:
    return sorted(call.arguments for call in only(step.calls, "functions", "deploy"))


def test_an_update_adds_what_is_new_and_removes_the_rest(life: dict[str, Step]) -> None:
    before, changed = life["deployed"].state, life["changed"].state
    assert set(changed["jobs"]) == {
        "bonghwa-check-monitors",
        "bonghwa-deliver-notifications",
        "bonghwa-review-alerts",
        OTHERS["jobs"],
    }
    assert changed["workflows"] == {}
    assert set(changed["functions"]) == set(before["functions"])
    assert set(changed["configs"]) == set(before["configs"])
    assert "bonghwa-heartbeat-url" not in changed["secrets"]
    assert changed["secrets"]["bonghwa-database-url"] == [SECRETS["DATABASE_URL"], CHANGED["DATABASE_URL"]]
    added = [call.words[3] for call in only(life["changed"].calls, "secrets", "versions", "add")]
    assert added == ["bonghwa-database-url"]


@pytest.mark.parametrize("where", ["functions deploy bonghwa-get-alert", "api-gateway gateways create"])
def test_a_failed_deployment_says_so_and_the_next_one_continues(deployer: Deployer, where: str) -> None:
    deployer.cloud.breaks_at = (where, "the connection was lost", 1)
    failed = deployer.run("deploy", "--yes")
    assert failed.returncode == 1
    assert failed.error.startswith(f"bonghwa: gcloud {where}")
    assert "the connection was lost" in failed.error
    # Nothing is built on what is missing.
    assert not failed.state.get("jobs")
    repaired = deployer.run("deploy", "--yes")
    assert repaired.returncode == 0
    assert set(repaired.state["functions"]) == {name_of(row) for row in rows()}
    assert len(repaired.state["jobs"]) == 4


def test_what_google_does_not_know_yet_is_tried_again(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(deployer.cloud.folder))
    stage = Stage("a binding", [PLACE.command("services", "enable", "run.googleapis.com")])
    unknown = "Service account bonghwa-build@my-project.iam.gserviceaccount.com does not exist."
    deployer.cloud.breaks_at = ("services enable", unknown, TRIES - 1)
    run([stage], NOT_YET, pause_seconds=0)
    assert deployer.cloud.state["apis"] == ["run.googleapis.com"]
    for words, tries in ((unknown, TRIES), ("Permission denied", 1)):
        before = len(deployer.cloud.calls)
        deployer.cloud.breaks_at = ("services enable", words, TRIES)
        with pytest.raises(CommandFailed, match=words):
            run([stage], NOT_YET, pause_seconds=0)
        assert len(deployer.cloud.calls) - before == tries


def test_a_removal_leaves_only_the_apis_and_what_is_not_ours(life: dict[str, Step]) -> None:
    ended = life["ended"]
    assert (ended.returncode, ended.error) == (0, "")
    left = {kind: list(things) for kind, things in ended.state.items() if kind != "apis" and things}
    assert left == {kind: [name] for kind, name in OTHERS.items()}
    assert life["nothing left"].said == "There is nothing of Bonghwa in my-project, asia-northeast3\n"


def test_the_manual_leads_to_a_deployment_and_back(tmp_path: Path) -> None:
    manual = (ROOT / "infra/clouds/gcp/README.md").read_text(encoding="utf-8")
    login, settings, deploy, question, teardown = (
        block.replace("   ", "").strip() for block in re.findall(r"(?s)```bash\n(.*?)```", manual)
    )
    assert login == "gcloud auth login"
    with Cloud(tmp_path / "bin") as cloud:
        project = copy_project(tmp_path / "project")
        (project / ".env.gcp").write_text(settings)
        for line in (deploy, teardown):
            # What make would run; the environment that it needs is there already.
            dry = ["--dry-run", "--no-print-directory", "--assume-old=.venv/installed", *shlex.split(line)[1:]]
            said = subprocess.run(["make", *dry], cwd=ROOT, capture_output=True, text=True, check=True).stdout
            python, *words = shlex.split(said)
            assert python == ".venv/bin/python"
            environ = {"PATH": str(cloud.folder)}
            done = subprocess.run(
                [sys.executable, *words], cwd=project, env=environ, input="y\n", capture_output=True, text=True
            )
            assert done.returncode == 0, done.stderr
            is_there = {name: bool(cloud.state[name]) for name in ("functions", "jobs", "gateways", "secrets")}
            assert set(is_there.values()) == {line == deploy}
            if line == deploy:
                assert f"https://{HOST}/" in done.stdout
                # The key that the manual shows is the one that was stored.
                [key] = cloud.state["secrets"]["bonghwa-api-key"]
                assert shown_by_curl(question, project)[:2] == ["-H", f"X-API-Key: {key}"]


def _sdk() -> Path | None:
    program = shutil.which("gcloud")
    tree = Path(program).resolve().parent.parent / "data" / "cli" / "gcloud_completions.py" if program else None
    return tree if tree and tree.exists() else None


@pytest.mark.skipif(_sdk() is None, reason="needs the list of commands that Google's SDK brings")
def test_googles_own_list_has_every_command_and_flag(life: dict[str, Step]) -> None:
    tree = runpy.run_path(str(_sdk()))["STATIC_COMPLETION_CLI_TREE"]
    for call in (call for step in life.values() for call in step.calls):
        node, words = tree, list(call.words)
        while words and words[0] in node.get("commands", {}):
            node = node["commands"][words.pop(0)]
        assert "commands" not in node or not node["commands"], call.arguments
        known = {**tree["flags"], **node["flags"]}
        unknown = {flag for flag in call.flags if flag not in known and flag.replace("--no-", "--") not in known}
        assert not unknown, (call.words, unknown)


# --- what is uploaded -------------------------------------------------------------------------------------------------


def test_only_what_the_functions_need_is_uploaded() -> None:
    needed = {"main.py", "requirements.txt"}
    needed |= {
        path.relative_to(ROOT).as_posix()
        for name in ("functions", "shared")
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix in (".py", ".sql", ".json")
    }
    assert uploaded() == needed
