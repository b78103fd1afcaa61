"""Outages on every platform, from the check to the message.

Last in this folder, because the kill at its end leaves few processes running.
"""

import re

import pytest

from shared.models import as_text, now
from tests.support.stand_ins import internal_error
from tests.system.conformance.observing import Watch, numbers_of, sent
from tests.system.runtimes import Runtime

pytestmark = pytest.mark.system


def test_a_healthy_target_is_checked_and_nobody_is_notified(runtime: Runtime, watch: Watch) -> None:
    hits, began_at = runtime.target.hits, as_text(now())
    watch.check(times=2)
    assert runtime.target.hits >= hits + 2
    assert {(event["is_success"], event["status_code"]) for event in watch.events} == {(1, 200)}
    assert watch.alerts == []
    assert watch.messages == []
    health = runtime.get("/")
    assert health["status"] == health["database"] == "ok"
    assert health["last_check"] >= began_at


def test_an_outage_and_its_recovery_are_sent_once_each(runtime: Runtime, watch: Watch) -> None:
    runtime.target.is_down = True
    watch.check()
    runtime.deliver()
    [opened] = watch.alerts
    assert (opened["status"], opened["target_url"], opened["cause"]) == ("OPEN", watch.url, "connection refused")
    assert sent(runtime, opened) == [("console", "OUTAGE"), ("telegram", "OUTAGE")]
    watch.check(times=3)
    runtime.deliver()
    assert watch.alerts == [opened]
    assert len(watch.messages) == 1

    runtime.target.is_down = False
    watch.check()
    runtime.deliver()
    watch.check()
    [resolved] = watch.alerts
    assert (resolved["id"], resolved["status"]) == (opened["id"], "RESOLVED")
    assert resolved["resolved_at"] > opened["opened_at"]
    assert sent(runtime, opened) == [
        (channel, kind) for channel in ("console", "telegram") for kind in ("OUTAGE", "RECOVERY")
    ]
    outage, recovery = watch.messages  # in this order, and no other
    number = numbers_of(runtime, opened, "telegram")
    assert re.fullmatch(
        rf"OUTAGE {watch.url}\nCause: connection refused\nSince: .+(\n.+)*\n#{number['OUTAGE']}", outage
    )
    assert re.fullmatch(
        rf"RECOVERY {watch.url}\n(.+\n)+Lasted: \d+ s\n(.+\n)*Notified: detected in .+, delivered in .+"
        rf"\n#{number['RECOVERY']}",
        recovery,
    )
    for kind, printed in numbers_of(runtime, opened, "console").items():
        assert len(runtime.on_the_console(kind, printed)) == 1
    # Each step is one line of the log, and the alert's id is in all of them.
    steps = {line["message"] for line in runtime.steps() if line.get("alert_id") == opened["id"]}
    assert steps >= {"event_stored", "alert_opened", "notification_sent", "alert_resolved"}


def test_a_failed_channel_gets_its_messages_later_in_order(runtime: Runtime, watch: Watch) -> None:
    # Telegram fails once, so it could take the recovery at once, but the outage has to come first.
    runtime.bot_api.queue(internal_error)
    for runtime.target.status in (500, 200):
        watch.check()
    [alert] = watch.alerts
    assert (alert["status"], alert["cause"]) == ("RESOLVED", "HTTP 500 Internal Server Error")
    runtime.deliver()
    number = numbers_of(runtime, alert, "telegram")
    assert [text.split()[0] for text in watch.messages] == ["OUTAGE", "RECOVERY"]
    assert [text.rpartition("#")[2] for text in watch.messages] == [str(number["OUTAGE"]), str(number["RECOVERY"])]
    logs = runtime.get(f"/notification_logs?alert_id={alert['id']}")["notification_logs"]
    outage_statuses = [log["status"] for log in logs if log["notification_id"] == number["OUTAGE"]]
    assert outage_statuses[0] == "SENT"
    assert set(outage_statuses[1:]) == {"RETRY"}


def test_an_acknowledged_outage_stays_the_only_one(runtime: Runtime, watch: Watch) -> None:
    runtime.target.status = 503
    watch.check()
    [opened] = watch.alerts
    acknowledged = runtime.call("PATCH", f"/alerts/{opened['id']}", {"status": "ACK", "by": "Kim"})
    assert acknowledged.status_code == 200
    watch.check(times=2)
    # A channel may have taken the message since then.
    then, now = ({**alert, "window_id": None, "timings": None} for alert in (acknowledged.json(), *watch.alerts))
    assert now == then
    assert (acknowledged.json()["status"], opened["cause"]) == ("ACK", "HTTP 503 Service Unavailable")

    runtime.target.status = 200
    watch.check()
    runtime.deliver()
    assert [(alert["status"], alert["acknowledged_by"]) for alert in watch.alerts] == [("RESOLVED", "Kim")]
    assert [text.split()[0] for text in watch.messages] == ["OUTAGE", "RECOVERY"]

    runtime.target.status = 500
    watch.check()
    assert [alert["status"] for alert in watch.alerts] == ["OPEN", "RESOLVED"]


def test_after_a_kill_an_outage_continues_from_the_store(runtime: Runtime, watch: Watch) -> None:
    runtime.target.is_down = True
    watch.check()
    runtime.deliver()
    before = watch.alerts
    runtime.kill()

    watch.check(times=2)
    assert watch.alerts == before
    assert len(watch.messages) == 1

    runtime.target.is_down = False
    watch.check()
    runtime.deliver()
    [resolved] = watch.alerts
    assert (resolved["id"], resolved["status"]) == (before[0]["id"], "RESOLVED")
    assert [text.split()[0] for text in watch.messages] == ["OUTAGE", "RECOVERY"]
    for kind, number in numbers_of(runtime, resolved, "console").items():
        assert len(runtime.on_the_console(kind, number)) == 1
