"""Each deployed function: its size, its settings and its secrets, and what is uploaded for all of them."""

import re

import pytest

from infra.clouds.gcp import functions
from infra.clouds.gcp.project import name_of
from infra.table import Row, rows
from shared import ROOT
from shared.settings import Settings
from tests.infra.clouds.deployer import USUAL_SECRETS, USUAL_SETTINGS, Step
from tests.infra.clouds.gcp.life import only, url
from tests.support.recording_gcloud import Call, dictionary
from tests.system.runtimes.google import PLACE, uploaded

pytestmark = pytest.mark.together("gcp")


def source_of(row: Row) -> str:
    return "".join(path.read_text() for path in (ROOT / "functions" / row.name).rglob("*.py"))


def test_every_function_of_the_table_is_deployed_as_itself(deployed: Step[Call]) -> None:
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


def test_cloud_run_allows_the_sizes_and_the_store_bears_them(deployed: Step[Call]) -> None:
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
    # The smallest database of Cloud SQL allows 25, and keeps 3 of them to itself.
    assert 0 < connections <= 22


def test_a_run_of_the_agent_has_time_for_its_longest_check() -> None:
    longest = next(each.le for each in Settings.model_fields["check_timeout_seconds"].metadata if hasattr(each, "le"))
    assert functions.SIZES["check_monitors"].timeout_seconds > 2 * longest


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_a_function_gets_its_settings_and_only_its_secrets(deployed: Step[Call], row: Row) -> None:
    [call] = only(deployed.calls, "functions", "deploy", name_of(row))
    told, hidden = dictionary(call.flags["--set-env-vars"]), dictionary(call.flags["--set-secrets"])
    assert told["API_AUTH"] == "all"
    assert ("DATABASE_URL" in hidden) == ("open_store" in source_of(row))
    has_channels = bool(re.search(r"from shared\.channels import", source_of(row)))
    assert ("TELEGRAM_BOT_TOKEN" in hidden) == ("TELEGRAM_CHAT_ID" in told) == has_channels
    assert ("HEARTBEAT_URL" in hidden) == ("heartbeat_url" in source_of(row))
    is_agent = "probe_all" in source_of(row)
    assert told.get("TARGET_URL") == (USUAL_SETTINGS["TARGET_URL"] if is_agent else None)
    assert told.get("BACKEND_URL") == (url("ingest_event") if is_agent else None)
    assert told.get("CLAIM_URL") == (f"{url('claim_checks')}/checks/claim" if is_agent else None)
    key = "bonghwa-scheduled-api-key" if row.every is not None else "bonghwa-api-key"
    assert hidden["API_KEY"] == f"{key}:latest"
    assert not set(told) & set(USUAL_SECRETS)


def test_only_what_the_functions_need_is_uploaded() -> None:
    needed = {"main.py", "requirements.txt"}
    needed |= {
        path.relative_to(ROOT).as_posix()
        for name in ("functions", "shared")
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix in (".py", ".sql", ".json", ".html", ".css", ".js", ".svg", ".LICENSE")
    }
    # What was compiled of them, if it was; a deployment does so first.
    assert {name for name in uploaded() if not name.startswith("build/templates/")} == needed
