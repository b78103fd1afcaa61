"""An outage from end to end: ingest, alert, messages, log."""

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from tests.functions.api import FAILURE, SUCCESS, Api, on_each_engine
from tests.torture.wire import Wire


@on_each_engine
def test_an_outage_and_its_recovery_are_sent_once_each(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    opened = api.post(FAILURE)
    assert opened.status_code == 201
    assert opened.json is not None
    assert (opened.json["id"], opened.json["duplicate"], opened.json["change"]) == (1, False, "OPENED")
    assert (opened.json["alert"]["status"], opened.json["alert"]["subject"]) == ("OPEN", "https://example.com")
    still = api.post(FAILURE | {"timestamp": "2025-01-08T10:30:30Z"}).json
    assert still is not None
    assert (still["change"], still["alert"]["id"]) == (None, 1)
    resolved = api.post(SUCCESS | {"timestamp": "2025-01-08T10:33:05Z"}).json
    assert resolved is not None
    assert (resolved["change"], resolved["alert"]["status"]) == ("RESOLVED", "RESOLVED")
    outage, recovery = (line for line in capsys.readouterr().out.splitlines() if not line.startswith("{"))
    assert [outage.split()[0], recovery.split()[0]] == ["OUTAGE", "RECOVERY"]
    assert "lasted 3 min 5 s" in recovery
    logs = api.get("/notification_logs")["notification_logs"]
    assert [(log["kind"], log["status"], log["channel"]) for log in logs] == [
        ("RECOVERY", "SENT", "console"),
        ("OUTAGE", "SENT", "console"),
    ]
    assert [notification["status"] for notification in api.get("/alerts/1")["notifications"]] == ["SENT", "SENT"]


@pytest.mark.system
@pytest.mark.parametrize("database_url", ["wire"], indirect=True)
def test_a_commit_whose_response_is_lost_is_not_repeated(
    api: Api, wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    """The store saved it, but the backend did not learn it. The client repeats its call; each message is sent once."""
    event = FAILURE | {"event_id": "e-1"}
    calls: dict[str, Callable[[], TestResponse]] = {
        "INSERT INTO raw_events": lambda: api.post(event),
        "UPDATE alerts": lambda: api.patch(1, status="RESOLVED"),
    }
    for words, call in calls.items():
        is_done = wire.hang_up(words, "after")
        response = call()
        assert (response.status_code, response.headers["Retry-After"], is_done.is_set()) == (503, "2", True)
        assert call().status_code == 200, "it was done already"
    outcomes = api.call("POST", "/deliver_notifications").json
    assert outcomes == {"SENT": 2, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}
    assert api.call("POST", "/deliver_notifications").json == dict.fromkeys(outcomes, 0)
    messages = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("{")]
    assert [message.split()[0] for message in messages] == ["OUTAGE", "RECOVERY"]
    [alert] = api.get("/alerts")["alerts"]
    assert (alert["id"], alert["status"]) == (1, "RESOLVED")
