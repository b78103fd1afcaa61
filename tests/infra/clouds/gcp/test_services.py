"""Each deployed service: its size, its settings and its secrets."""

import re

import pytest

from infra.clouds.gcp.project import MAX_LABEL_LENGTH, name_of
from infra.clouds.gcp.services import (
    APART,
    PUBLIC,
    REPORTS,
    TOGETHER,
    Service,
    Size,
    environment,
    is_for,
    services,
    size_of,
)
from infra.table import Row, agent, rows
from shared import ROOT
from shared.settings import Settings
from shared.web.forwarded import ONLY_FORWARDED
from tests.infra.clouds.deployer import USUAL_SECRETS, USUAL_SETTINGS, Step
from tests.infra.clouds.gcp.life import only, url
from tests.support.recording_gcloud import NUMBER, Call, dictionary
from tests.system.runtimes.google import PLACE

pytestmark = pytest.mark.together("gcp")


def source_of(service: Service) -> str:
    folders = [ROOT / "functions" / row.name for row in service.rows]
    return "".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))


def connections(shape: str) -> int:
    """The store's connections, if every instance runs."""
    return sum(each.size.max_instances for each in services(shape) if any("store" in row.needs for row in each.rows))


def test_every_function_of_the_table_runs_in_one_service() -> None:
    for shape in (TOGETHER, APART):
        made = [each for each in services(shape) if each.name != REPORTS]
        assert sorted(row.name for each in made for row in each.rows) == sorted(row.name for row in rows())
    front, reports, *private = services(TOGETHER)
    assert {front.target, reports.target} == {"together"}
    # The function that the agent reports to runs beside it, for the agent alone.
    assert {row.name for row in reports.rows} == {"ingest_event", "claim_checks"}
    assert {row.name for row in front.rows} == {row.name for row in rows() if row.every is None}
    assert all(each.target == each.rows[0].name and len(each.rows) == 1 for each in private)


def test_every_service_runs_the_one_image(deployed: Step[Call]) -> None:
    calls = only(deployed.calls, "run", "deploy")
    assert {call.words[2] for call in calls} == {service.name for service in services(TOGETHER)}
    [image] = {call.flags["--image"] for call in calls}
    [build] = only(deployed.calls, "builds", "submit")
    assert build.files["--config"]["images"] == [image]
    for call in calls:
        flags, name = call.flags, call.words[2]
        assert (flags["--region"], flags["--project"]) == (PLACE.region, "my-project")
        assert flags["--service-account"] == f"{name}@my-project.iam.gserviceaccount.com"
        assert flags["--min-instances"] == "0", "an instance that waits is paid for"


@pytest.mark.parametrize("shape", [TOGETHER, APART])
def test_cloud_run_allows_the_sizes_and_the_store_bears_them(shape: str) -> None:
    for service in services(shape):
        cpu, memory = float(service.size.cpu), int(service.size.memory.removesuffix("Mi"))
        assert 0.08 <= cpu <= 1
        assert cpu == 1 or service.size.concurrency == 1, "what Cloud Run wants of an instance with less than a CPU"
        assert cpu >= 0.5 or memory <= 512, "what Cloud Run gives to less than half a CPU"
        assert len(f"{service.name}-{NUMBER}") <= MAX_LABEL_LENGTH, "a part of a host's name"
    # The smallest database of Cloud SQL allows 25, and keeps 3 of them to itself.
    assert 0 < connections(shape) <= 22


def test_together_old_and_new_instances_fit_the_smallest_database() -> None:
    """While a deployment replaces the instances, both have connections."""
    assert 2 * connections(TOGETHER) <= 22


def test_a_new_function_needs_no_line_of_its_own() -> None:
    route = {"name": "count", "method": "GET", "path": "/count", "access": "read"}
    row = Row.model_validate({"name": "count", "routes": [route], "needs": {"store"}})
    assert size_of(row) == Size()
    scheduled = row.model_copy(update={"every": 60.0})
    assert size_of(scheduled).timeout_seconds > size_of(row).timeout_seconds


def test_a_run_of_the_agent_has_time_for_its_longest_check() -> None:
    longest = next(each.le for each in Settings.model_fields["check_timeout_seconds"].metadata if hasattr(each, "le"))
    assert size_of(agent()).timeout_seconds > 2 * longest


@pytest.mark.parametrize("service", services(TOGETHER), ids=lambda service: service.name)
def test_a_service_gets_its_settings_and_only_its_secrets(deployed: Step[Call], service: Service) -> None:
    [call] = only(deployed.calls, "run", "deploy", service.name)
    told, hidden = dictionary(call.flags["--set-env-vars"]), dictionary(call.flags["--set-secrets"])
    source = source_of(service)
    assert (told["API_AUTH"], told["FUNCTION_TARGET"]) == ("all", service.target)
    assert ("DATABASE_URL" in hidden) == ("open_store" in source)
    has_channels = bool(re.search(r"from shared\.channels import", source))
    assert ("TELEGRAM_BOT_TOKEN" in hidden) == ("TELEGRAM_CHAT_ID" in told) == has_channels
    assert ("HEARTBEAT_URL" in hidden) == ("heartbeat_url" in source)
    is_agent = "probe_all" in source
    assert told.get("TARGET_URL") == (USUAL_SETTINGS["TARGET_URL"] if is_agent else None)
    assert told.get("BACKEND_URL") == (url("reports") if is_agent else None)
    assert told.get("SERVES") == ("ingest_event,claim_checks" if service.name == REPORTS else None)
    queue = f"projects/my-project/locations/asia-northeast3/queues/{next(iter(deployed.state['queues']))}"
    assert told.get("LATER_RUNS_QUEUE") == (queue if is_agent else None)
    assert told.get("LATER_RUNS_SECONDS") == ("30" if is_agent else None)
    # As many threads as Cloud Run sends requests at once.
    assert told.get("THREADS") == (str(PUBLIC.concurrency) if service.size == PUBLIC else None)
    assert hidden["API_KEY"] == f"bonghwa-{'scheduled-' if service.is_scheduled else ''}api-key:1"
    assert not set(told) & set(USUAL_SECRETS)


@pytest.mark.parametrize("shape", [TOGETHER, APART])
def test_the_dashboards_password_goes_only_to_what_signs_people_in(shape: str) -> None:
    having = {each.name for each in services(shape) if is_for(each, "DASHBOARD_PASSWORD")}
    if shape == TOGETHER:
        assert having == {"bonghwa"}
    else:
        assert {"bonghwa-dashboard", "bonghwa-manage-monitors", "bonghwa-get-alert"} <= having
        without = {"reports", "check-monitors", "ingest-event", "claim-checks", "status-page", "receive-heartbeat"}
        assert not having & {f"bonghwa-{name}" for name in without}
        assert not [each.name for each in services(shape) if each.is_scheduled and each.name in having]


@pytest.mark.parametrize("shape", [TOGETHER, APART])
def test_what_limits_strangers_knows_the_proxies(shape: str) -> None:
    having = {
        name for each in services(shape) if is_for(each, "TRUSTED_PROXIES") for name in [r.name for r in each.rows]
    }
    assert {"dashboard", "status_page", "receive_heartbeat"} <= having


def test_the_gateway_alone_has_no_secret() -> None:
    front, *_ = services(APART)
    assert front.rows == ()
    assert front.target == "apart"


@pytest.mark.parametrize("shape", [TOGETHER, APART])
def test_what_the_gateway_alone_may_call_believes_it(shape: str) -> None:
    believing = {each.name for each in services(shape) if ONLY_FORWARDED in environment(each, PLACE, {})}
    called = {name_of(row) for row in rows() if row.every is None}
    assert believing == (called if shape == APART else set())
