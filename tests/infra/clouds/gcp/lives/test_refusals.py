"""Google's refusals, as the recording gcloud makes them, and the deployment's answer to each."""

import copy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.clouds.cli import CommandFailed, run
from infra.clouds.gcp import stages, words
from infra.clouds.gcp.inventory import inspect
from infra.clouds.gcp.services import TOGETHER
from tests.infra.clouds.deployer import USUAL_SETTINGS
from tests.support.recording_gcloud import Cloud
from tests.system.runtimes.google import PLACE

NOW = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)
BUILDER = "serviceAccount:bonghwa-build@my-project.iam.gserviceaccount.com"
RUN_DEPLOY = ("run", "deploy", "bonghwa", "--image=a/b/c/d:e", "--cpu=1", "--memory=512Mi", "--concurrency=1")


def deploy(minute: int = 30, not_yet: tuple[str, ...] = words.NOT_YET) -> None:
    planned = stages.deployment(PLACE, inspect(PLACE), USUAL_SETTINGS, TOGETHER, NOW.replace(minute=minute))
    run(planned, not_yet, pause_seconds=0)


def end() -> None:
    run(stages.removal(PLACE, inspect(PLACE)), words.NOT_YET, pause_seconds=0)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A new project."""
    made = Cloud(tmp_path / "bin")
    made.in_process(monkeypatch)
    return made


def ask(cloud: Cloud, *arguments: str) -> str:
    """gcloud's words: a blank first if it is done, and an exclamation mark if it is refused."""
    return cloud.answer("", [*arguments, "--project=my-project", "--quiet"])


def test_what_google_knows_late_needs_no_second_run(cloud: Cloud) -> None:
    """New accounts, permissions and APIs are not known everywhere for minutes."""
    cloud.fresh.late = 1
    deploy()
    assert "bonghwa" in cloud.state["services"]


@pytest.mark.parametrize(
    "word",
    ["does not exist", "has not been used", "service account does not have access", "Permission denied on secret"],
)
def test_each_of_its_words_is_needed(cloud: Cloud, word: str) -> None:
    cloud.fresh.late = 1
    with pytest.raises(CommandFailed, match=word):
        deploy(not_yet=tuple(each for each in words.NOT_YET if word not in each))


def test_a_binding_that_is_gone_stops_no_teardown(cloud: Cloud) -> None:
    """A teardown stopped between the roles and the accounts; the next one removes the accounts."""
    deploy()
    cloud.breaks_at = ("iam service-accounts delete", "the connection was lost", 1)
    with pytest.raises(CommandFailed):
        end()
    assert cloud.state["accounts"]
    assert not cloud.state["grants"]
    end()
    assert not cloud.state["accounts"]


def test_a_binding_that_goes_meanwhile_is_gone_all_the_same(cloud: Cloud) -> None:
    deploy()
    planned = stages.removal(PLACE, inspect(PLACE))
    cloud.state["grants"].clear()
    run(planned, words.NOT_YET, pause_seconds=0)
    assert not cloud.state["accounts"]


def test_a_deleted_accounts_binding_is_no_orphan(cloud: Cloud) -> None:
    """Somebody has deleted the account by hand: the policy then names it by another name."""
    deploy()
    ask(cloud, "iam", "service-accounts", "delete", PLACE.account("bonghwa-build"))
    [[member, _]] = cloud.state["grants"]
    assert member.startswith("deleted:serviceAccount:bonghwa-build@")
    end()
    assert not cloud.state["grants"]


def test_names_that_only_begin_like_ours_are_left_alone(cloud: Cloud) -> None:
    theirs: dict[str, dict[str, list[str]]] = {
        "services": {"bonghwa-landing": []},
        "secrets": {"bonghwa-github-token": ["theirs"]},
        "jobs": {"bonghwa-nightly-report": []},
        "queues": {"bonghwa-mails": []},
        "functions": {"bonghwa-mailer": []},
        "workflows": {"bonghwa-release": []},
        "gateway_apis": {"bonghwa-shop": []},
        "accounts": {"bonghwa-ci": []},
    }
    # An account of theirs, and one of ours with a role that no deployment grants.
    grants = [
        [f"serviceAccount:{PLACE.account('bonghwa-ci')}", "roles/cloudbuild.builds.builder"],
        [f"serviceAccount:{PLACE.account('bonghwa-reports')}", "roles/compute.viewer"],
    ]
    cloud.state.update(copy.deepcopy(theirs), grants=copy.deepcopy(grants))
    cloud.state["apis"] = [f"{api}.googleapis.com" for api in ("cloudfunctions", "workflows", "apigateway")]
    deploy()
    for kind, things in theirs.items():
        assert things.items() <= cloud.state[kind].items()
    assert [each for each in grants if each not in cloud.state["grants"]] == []
    end()
    left = {kind: things for kind, things in cloud.state.items() if kind != "apis" and things}
    [_, [member, role]] = left.pop("grants")
    assert left == theirs
    # Google keeps it for an account that is gone.
    assert (member.partition(":")[0], role) == ("deleted", "roles/compute.viewer")


@pytest.mark.parametrize("which", ["newest", "all"])
def test_a_secrets_version_that_is_gone_is_stored_again(cloud: Cloud, which: str) -> None:
    deploy()
    values = cloud.state["secrets"]["bonghwa-api-key"]
    if which == "newest":
        values.append("by-hand")
        values[-1] = None
    else:
        values[0] = None
    deploy()
    assert [each for each in values if each] == [USUAL_SETTINGS["API_KEY"]]


def test_a_teardown_and_a_deployment_at_once_have_two_queues(cloud: Cloud) -> None:
    deploy(30)
    [first] = cloud.state["queues"]
    end()
    assert ask(cloud, "tasks", "queues", "create", first, f"--location={PLACE.region}").endswith(
        "existed too recently."
    )
    deploy(31)
    assert first not in cloud.state["queues"]


def test_somebody_elses_bucket_gets_no_source(cloud: Cloud) -> None:
    """Buckets of all projects share one space of names: if ours cannot be made, nothing is put into it."""
    cloud.breaks_at = ("storage buckets create", "HTTPError 409: The requested bucket name is not available.", 1)
    with pytest.raises(CommandFailed, match="not available"):
        deploy()
    assert not [call for call in cloud.calls if call.words[0] == "builds"]


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("iam", "service-accounts", "create", "bonghwa-a-name-of-31-letters-xx"), "is no name for accounts"),
        (("iam", "service-accounts", "create", "short"), "is no name for accounts"),
        (("run", "deploy", f"bonghwa-{'x' * 42}", *RUN_DEPLOY[3:]), "must be fewer than 50 characters"),
        ((*RUN_DEPLOY[:4], "--cpu=0.333", "--memory=512Mi", "--concurrency=2"), "cpu < 1 is not supported with"),
        ((*RUN_DEPLOY[:4], "--cpu=0.333", "--memory=1024Mi", "--concurrency=1"), "cpu < 0.5 supports at most 512Mi"),
        ((*RUN_DEPLOY, "--source=.", "--base-image=python312"), "not supported for services built from Dockerfile"),
        ((*RUN_DEPLOY, "--service-account=nobody@x"), "(or it may not exist)"),
        ((*RUN_DEPLOY, "--runtime=python312"), "unrecognized arguments: --runtime (run deploy)"),
        (("run", "jobs", "deploy", "a"), "Invalid choice"),
        (("secrets", "versions", "access", "3", "--secret=bonghwa-api-key"), "not found"),
        (("projects", "remove-iam-policy-binding", "p", f"--member={BUILDER}", "--role=roles/owner"), "not found!"),
        (("storage", "buckets", "create", f"gs://{PLACE.bucket}"), "already exists"),
    ],
)
def test_the_stand_in_refuses_what_google_refuses(cloud: Cloud, arguments: tuple[str, ...], refusal: str) -> None:
    deploy()
    said = ask(cloud, *arguments)
    assert said.startswith("!ERROR")
    assert refusal in said


def test_an_unknown_refusal_is_not_tried_again(cloud: Cloud) -> None:
    cloud.breaks_at = ("run deploy", "quota exceeded", 1)
    with pytest.raises(CommandFailed, match="quota exceeded"):
        deploy()


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        ("due to quota restrictions, cannot run builds in this region", "--build-region takes asia-east1"),
        ("constraints/run.managed.requireInvokerIam", "an administrator has to exempt this project"),
        ("This API method requires billing to be enabled", "https://console.cloud.google.com/billing"),
        ("Permission denied on secret: a", "the same command again"),
        ("Permission denied on 'locations/us-centrall1' (or it may not exist)", "\nthere is no such region, or "),
        ("something else", ""),
    ],
)
def test_an_error_says_what_a_person_can_do(error: str, fix: str) -> None:
    said = words.fix(error, "asia-east1")
    assert fix in said
    assert said.count("\n") == bool(fix)
