"""One request of the agent: how events are posted, and how the response is understood."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest
from werkzeug.test import Client

from functions.check_monitors.reporting.posting import Reported, report
from infra.local.gateway import gateway, in_processes
from infra.table import rows
from shared.settings import Settings
from tests.support.backlogs import event, waiting
from tests.support.stand_ins import Backend


def test_one_event_goes_as_the_originals_body(backend: Backend, settings: Settings) -> None:
    assert report([event("a")], settings) == Reported(posted=1)
    assert backend.bodies[0]["timestamp"] == "2025-01-08T12:00:00.000Z"
    assert backend.bodies[0]["is_success"] is False
    assert [headers["X-API-Key"] for headers in backend.headers] == ["the-key"]


def test_several_go_as_one_array(backend: Backend, settings: Settings) -> None:
    assert report([event("a"), event("b")], settings) == Reported(posted=2)
    assert len(backend.bodies) == 1


def test_the_backend_learns_what_the_agents_clock_says(backend: Backend, settings: Settings) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    report([event("a")], settings)
    said = backend.headers[0]["Date"]
    assert said.endswith(" GMT")
    assert before <= parsedate_to_datetime(said) <= datetime.now(UTC)


def test_the_gateway_passes_on_what_the_clock_says(backend: Backend) -> None:
    table = [row for row in rows() if row.name == "ingest_event"]
    client = Client(gateway(table, in_processes({"ingest_event": backend.port})))
    said = "Wed, 08 Jan 2025 12:00:00 GMT"
    response = client.post(
        "/events", json={"event_id": "a"}, headers={"Date": said}, environ_overrides={"RAW_URI": "/events"}
    )
    assert (response.status_code, backend.headers[0]["Date"]) == (201, said)


@pytest.mark.parametrize("status", [201, 503, 401, 302])
def test_a_backend_that_responds_is_reached(backend: Backend, settings: Settings, status: int) -> None:
    backend.status = status
    assert report([event("a")], settings).is_reached is True
    backend.is_down = True
    assert report([event("b")], settings).is_reached is False


@pytest.mark.parametrize("status", [400, 413, 422])
def test_an_event_is_dropped_only_if_it_is_refused_itself(
    backend: Backend, settings: Settings, steps: list[str], status: int
) -> None:
    backend.status = status
    assert report([event("a"), event("b", 1)], settings) == Reported(refused=2)
    assert [line for line in steps if line.startswith("event_refused {'event_id': 'b',")]
    assert waiting(settings) == []


@pytest.mark.parametrize(
    ("status", "said"), [(421, "Misdirected Request"), (402, "Payment Required"), (301, "Moved Permanently")]
)
def test_the_log_says_what_the_backend_responded(
    backend: Backend, settings: Settings, steps: list[str], status: int, said: str
) -> None:
    backend.status = status
    report([event("a")], settings)
    assert [line for line in steps if line.startswith("report_failed")] == [
        f"report_failed {{'events': 1, 'status': {status}, 'reason': '{said}'}}"
    ]
