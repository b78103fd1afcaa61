"""An outage during trouble of the store: each message is sent once, and no event is lost."""

import time

import pytest
import requests

from tests.support.running import LocalSystem
from tests.system.store_trouble.troubles import (
    Trouble,
    corrupted,
    disk_full,
    folder_missing,
    from_a_newer_version,
    locked,
    read_only,
)
from tests.system.store_trouble.watched import Watched, report

pytestmark = [pytest.mark.system, pytest.mark.together("watched")]


def refusal(system: LocalSystem) -> requests.Response:
    """The first response to a report that says 503."""

    def refused() -> list[requests.Response]:
        # A list, because a response that is not ok is false.
        return [response for response in [report(system)] if response.status_code == 503]

    return system.wait_until(refused)[0]


@pytest.mark.parametrize(
    ("trouble", "word", "waiting_helps", "ends_first"),
    [
        (locked, "busy: another process has locked it", True, "trouble"),
        (disk_full, "no room left on its disk", True, "outage"),
        (folder_missing, "its folder must be there", True, "outage"),
        (read_only, "read-only", True, "trouble"),
        (corrupted, "damaged: restore a backup", False, "outage"),
        (from_a_newer_version, "use a newer program", False, "trouble"),
    ],
    ids=["locked", "disk full", "folder missing", "read-only", "corrupted", "from a newer version"],
)
def test_an_outage_during_trouble_is_sent_once(
    watched: Watched, trouble: Trouble, word: str, waiting_helps: bool, ends_first: str
) -> None:
    """Every response says what the trouble is, and no event is lost."""
    system, target = watched.system, watched.target
    watched.settle()
    watched.wait_for_checks(1, "True")

    with trouble(system):
        target.is_down = True
        refused = refusal(system)
        began = time.monotonic()
        health = system.get("/")
        took = time.monotonic() - began
        watched.wait_for_checks(2, "False")
        if ends_first == "outage":
            target.is_down = False
            watched.wait_for_checks(2, "True")

        assert refused.headers["Content-Type"] == "application/problem+json"
        assert word in refused.json()["detail"]
        assert ("Retry-After" in refused.headers) is waiting_helps
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        assert word in health.json()["database"]
        assert ("Retry-After" in health.headers) is waiting_helps
        # Health waits for 2 s at most. Anything else waits for 5 s.
        assert took < 5
        assert watched.sent() == [[], []]

    if ends_first == "trouble":
        system.wait_until(lambda: watched.sent() == [["OUTAGE"], ["OUTAGE"]])
        watched.wait_for_checks(2, "False")
        target.is_down = False
    both = ["OUTAGE", "RECOVERY"]
    system.wait_until(lambda: watched.sent() == [both, both])
    watched.assert_all_is_well()

    assert watched.sent() == [both, both]
    assert system.alerts(status="OPEN") == []
    newest = system.alerts()[0]
    events = {row["event_id"]: row["timestamp"] for row in system.rows("SELECT event_id, timestamp FROM events")}
    assert newest["failed_at"] == events[watched.checks("False")[0]]
    assert word in (system.folder / "logs" / "server.log").read_text().replace('\\"', '"')
