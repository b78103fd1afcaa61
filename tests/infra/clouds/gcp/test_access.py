"""Access on Google Cloud: the callers of each service, and the readers of each secret."""

import itertools

import pytest

from infra.clouds.gcp import access
from infra.clouds.gcp.project import APIS, MAX_ACCOUNT_LENGTH, secret_name
from infra.clouds.gcp.services import APART, TOGETHER, services
from shared.settings import Settings
from tests.infra.clouds.deployer import SCHEDULED, USUAL_SECRETS, USUAL_SETTINGS, Step
from tests.infra.clouds.gcp.life import FORMER_SCHEDULE_KEY, SCHEDULE_KEY, GcpDeployer, only
from tests.support.recording_gcloud import Call

pytestmark = pytest.mark.together("gcp")
ADDRESS = "serviceAccount:bonghwa-{}@my-project.iam.gserviceaccount.com"


def test_only_what_is_public_is_open(deployed: Step[Call]) -> None:
    assert deployed.state["callers"] == {
        service.name: ["allUsers"] if service.is_public else [ADDRESS.format("invoker")]
        for service in services(TOGETHER)
    }
    deployments = only(deployed.calls, "run", "deploy")
    is_closed = {call.words[2]: "--no-allow-unauthenticated" in call.flags for call in deployments}
    assert is_closed == {service.name: not service.is_public for service in services(TOGETHER)}


def test_apart_only_the_gateway_may_call_what_people_call(deployer: GcpDeployer) -> None:
    done = deployer.run("deploy", "--yes", "--shape=apart")
    assert (done.returncode, done.error) == (0, "")
    gateway = ADDRESS.format("").replace("bonghwa-", "bonghwa")
    expected = {
        service.name: [ADDRESS.format("invoker") if service.is_scheduled else gateway]
        for service in services(APART)
        if not service.is_public
    }
    assert done.state["callers"] == {**expected, "bonghwa": ["allUsers"], "bonghwa-reports": ["allUsers"]}


def test_where_nobody_unknown_may_call_the_check_is_off(deployer: GcpDeployer) -> None:
    """An organization forbids allUsers: the deployment takes the way that Google recommends then, and says so."""
    deployer.cloud.forbids = {"iam.allowedPolicyMemberDomains"}
    done = deployer.run("deploy", "--yes")
    assert (done.returncode, done.error) == (0, "")
    assert done.state["unchecked"] == {"bonghwa": True, "bonghwa-reports": True}
    assert "the organization forbids allUsers, so the check of callers is switched off, for what is public" in done.said
    # Both ways are closed: it stops, and says who can help.
    deployer.cloud.forbids |= {"run.managed.requireInvokerIam"}
    refused = deployer.run("deploy", "--yes")
    assert refused.returncode == 1
    assert "an administrator has to exempt this project from run.managed.requireInvokerIam" in refused.error


def test_secrets_go_in_by_stdin_and_only_their_users_read_them(deployed: Step[Call]) -> None:
    calls = deployed.calls
    added = only(calls, "secrets", "versions", "add")
    stored = {call.words[3]: call.stdin for call in added}
    assert stored == {
        **{secret_name(setting): value for setting, value in USUAL_SECRETS.items()},
        "bonghwa-scheduled-api-key": f"{USUAL_SECRETS['API_KEY']} {SCHEDULE_KEY} {FORMER_SCHEDULE_KEY}",
    }
    assert all(call.flags["--data-file"] == "-" for call in added)
    for name in stored:
        mounting = {
            call.words[2]
            for call in only(calls, "run", "deploy")
            if f"={name}:1" in call.flags.get("--set-secrets", "")
        }
        assert set(deployed.state["readers"][name]) == mounting
        assert mounting


def test_the_schedules_key_opens_only_what_they_call(deployed: Step[Call]) -> None:
    stored = deployed.state["secrets"]
    scheduled = Settings.from_env({"API_KEY": stored["bonghwa-scheduled-api-key"][-1]})
    called = Settings.from_env({"API_KEY": stored["bonghwa-api-key"][-1]})
    assert SCHEDULE_KEY in {key.get_secret_value() for key in scheduled.keys}
    assert SCHEDULE_KEY not in {key.get_secret_value() for key in called.keys}
    # The agent shows the first, which ingest_event takes.
    assert scheduled.key == called.key
    scheduled.refuse_weak_keys()


def test_a_rotation_by_two_keys_never_stops_the_schedules() -> None:
    """A job shows the key of the deployment before until the services are all replaced, and for good if one fails."""
    rotation = ["the-old-key-of-api", "the-new-key-of-api the-old-key-of-api", "the-new-key-of-api"]
    steps = [Settings.from_env({"API_KEY": keys}) for keys in rotation]
    for before, after in itertools.pairwise(steps):
        of_functions = access.secrets_of({"API_KEY": rotation[steps.index(after)]}, after.keys)["SCHEDULED_API_KEY"]
        assert access.schedule_key(before.key).get_secret_value() in of_functions.get_secret_value().split()


def test_the_project_grants_only_builds(deployed: Step[Call]) -> None:
    assert deployed.state["grants"] == [[ADDRESS.format("build"), "roles/cloudbuild.builds.builder"]]
    assert set(deployed.state["apis"]) == {f"{api}.googleapis.com" for api in APIS}


def test_only_the_agent_may_ask_for_later_runs(deployed: Step[Call]) -> None:
    """It may use the queue, and show the identity of the schedules, in whose name a task calls."""
    [members] = deployed.state["queues members"].values()
    assert members == [["bonghwa-check-monitors", "roles/cloudtasks.enqueuer"]]
    assert deployed.state["accounts members"] == {
        "bonghwa-invoker": [["bonghwa-check-monitors", "roles/iam.serviceAccountUser"]]
    }
    assert len(SCHEDULED) > 1


def test_every_name_of_an_account_is_short_enough() -> None:
    names = access.known_account_names()
    assert all(6 <= len(name) <= MAX_ACCOUNT_LENGTH for name in names)
    assert set(access.account_names(services(APART))) <= names


@pytest.mark.parametrize("key", ["another-key-of-the-cloud-alone"])
def test_the_version_before_the_last_of_a_secret_is_destroyed(deployer: GcpDeployer, key: str) -> None:
    """The revision before can still be started again. A secret that is gone is never read again."""
    for number, value in enumerate((USUAL_SETTINGS["API_KEY"], key, f"{key}-2", f"{key}-3"), 1):
        done = deployer.run("deploy", "--yes", settings={"API_KEY": value})
        assert (done.returncode, done.error) == (0, "")
        values = done.state["secrets"]["bonghwa-api-key"]
        assert [each is not None for each in values] == [at >= number - 1 for at in range(1, number + 1)]
        [public] = only(done.calls, "run", "deploy", "bonghwa")
        assert f"API_KEY=bonghwa-api-key:{number}" in public.flags["--set-secrets"].split(",")
        # An unchanged secret is not stored again.
        assert done.state["secrets"]["bonghwa-database-url"] == [USUAL_SECRETS["DATABASE_URL"]]


def test_it_is_said_who_loses_what(deployer: GcpDeployer) -> None:
    """A role that is taken away is shown with its account before the question."""
    gone = [ADDRESS.format("invoker"), "roles/workflows.invoker"]
    deployer.cloud.state["grants"] = [gone]
    said = deployer.run("deploy", typed="n\n").said
    assert f"projects remove-iam-policy-binding my-project {' '.join(gone)}" in said
