"""Access on Google Cloud: the callers of each function, and the readers of each secret."""

import pytest

from infra.clouds.gcp import access
from infra.clouds.gcp.project import APIS, MAX_ACCOUNT_LENGTH, name_of, secret_name
from infra.table import rows
from shared.settings import Settings
from tests.infra.clouds.deployer import USUAL_SECRETS, Step
from tests.infra.clouds.gcp.life import SCHEDULE_KEY, only
from tests.support.recording_gcloud import Call

pytestmark = pytest.mark.together("gcp")


def test_only_what_the_agent_calls_is_open(deployed: Step[Call]) -> None:
    calls = deployed.calls
    is_open = {call.words[2]: "--allow-unauthenticated" in call.flags for call in only(calls, "functions", "deploy")}
    assert is_open == {name_of(row): row.name in ("ingest_event", "claim_checks") for row in rows()}
    callers = {call.words[2]: call.flags["--member"] for call in only(calls, "functions", "add-invoker-policy-binding")}
    assert callers == {
        name_of(
            row
        ): f"serviceAccount:bonghwa-{'gateway' if row.every is None else 'invoker'}@my-project.iam.gserviceaccount.com"
        for row in rows()
    }


def test_secrets_go_in_by_stdin_and_only_their_users_read_them(deployed: Step[Call]) -> None:
    calls = deployed.calls
    stored = {call.words[2]: call.stdin for call in only(calls, "secrets", "create")}
    assert stored == {
        **{secret_name(setting): value for setting, value in USUAL_SECRETS.items()},
        "bonghwa-scheduled-api-key": f"{USUAL_SECRETS['API_KEY']} {SCHEDULE_KEY}",
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


def test_the_schedules_key_opens_only_what_they_call(deployed: Step[Call]) -> None:
    stored = deployed.state["secrets"]
    scheduled = Settings.from_env({"API_KEY": stored["bonghwa-scheduled-api-key"][-1]})
    called = Settings.from_env({"API_KEY": stored["bonghwa-api-key"][-1]})
    assert SCHEDULE_KEY in {key.get_secret_value() for key in scheduled.keys}
    assert SCHEDULE_KEY not in {key.get_secret_value() for key in called.keys}
    # The agent shows the first, which ingest_event takes.
    assert scheduled.key == called.key
    scheduled.refuse_weak_keys()


def test_the_project_grants_only_builds_and_workflow_starts(deployed: Step[Call]) -> None:
    address = "serviceAccount:bonghwa-{}@my-project.iam.gserviceaccount.com"
    assert deployed.state["roles"] == [
        [address.format("build"), "roles/cloudbuild.builds.builder"],
        [address.format("invoker"), "roles/workflows.invoker"],
    ]
    assert set(deployed.state["apis"]) == {f"{api}.googleapis.com" for api in APIS}
    assert all(6 <= len(name) <= MAX_ACCOUNT_LENGTH for name in access.account_names())
