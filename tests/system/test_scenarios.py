"""Outages as ``make run`` handles them by itself: its own schedules check, decide, store and send.

``conformance`` has what all platforms have in common.
"""

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.running import FunctionAlone, LocalSystem, free_port
from tests.support.stand_ins import BotApi, Target
from tests.system.copies import assert_copies_are_allowed, without_copies

pytestmark = pytest.mark.system

CHANNELS = ["console", "telegram"]
# The outage and the recovery as each channel shows them: in one line, and in its full form.
FORMS = {
    "console": (
        r"OUTAGE {url} · cause: connection refused · since .+ · #{id}",
        r"RECOVERY {url} · .+ · lasted \d+ s · detected in [^·]+, delivered in [^·]+ · #{id}",
    ),
    "telegram": (
        r"OUTAGE {url}\nCause: connection refused\nSince: .+(\n.+)*\n#{id}",
        r"RECOVERY {url}\n(.+\n)+Lasted: \d+ s\n(.+\n)*Notified: detected in .+, delivered in .+\n#{id}",
    ),
}


@pytest.fixture
def healthy(project: Path, tmp_path: Path, target: Target, bot_api: BotApi) -> Iterator[LocalSystem]:
    """A system that has checked its target."""
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        system.wait_for_further_events(1, is_success=True)
        yield system


def test_a_healthy_target_is_checked_and_nobody_is_notified(
    healthy: LocalSystem, target: Target, bot_api: BotApi
) -> None:
    healthy.wait_for_further_events(2, is_success=True)

    assert healthy.events(is_success=False) == []
    assert {(event["target_url"], event["status_code"]) for event in healthy.events(is_success=True)} == {
        (target.url, 200)
    }
    assert target.hits >= 3
    assert healthy.alerts() == healthy.notification_logs() == []
    assert healthy.told() == bot_api.messages == []


def test_an_outage_is_sent_once_while_it_goes_on(healthy: LocalSystem, target: Target, bot_api: BotApi) -> None:
    target.is_down = True
    healthy.wait_until(lambda: len(healthy.sent()) >= 2)
    opened = healthy.alerts()[0]
    healthy.wait_for_further_events(5, is_success=False)

    assert healthy.alerts() == [opened]
    assert opened["status"] == "OPEN"
    assert opened["target_url"] == target.url
    assert opened["cause"] == "connection refused"
    assert len(healthy.told()) == len(without_copies(bot_api.messages)) == 1
    assert sent_about(healthy, opened["id"]) == [("console", "OUTAGE", "SENT"), ("telegram", "OUTAGE", "SENT")]
    the_originals_queries_are_answered(healthy, target)


def test_a_recovery_is_sent_once_after_its_outage(healthy: LocalSystem, target: Target, bot_api: BotApi) -> None:
    target.is_down = True
    healthy.wait_until(lambda: len(healthy.sent()) >= 2)
    opened = healthy.alerts()[0]
    target.is_down = False
    healthy.wait_until(lambda: len(healthy.sent()) >= 4)
    recovered = healthy.alerts()[0]
    healthy.wait_for_further_events(3, is_success=True)

    assert healthy.alerts() == [recovered]
    assert (recovered["id"], recovered["status"]) == (opened["id"], "RESOLVED")
    assert recovered["resolved_at"] > opened["opened_at"]
    assert sent_about(healthy, opened["id"]) == [
        (channel, kind, "SENT") for channel in CHANNELS for kind in ("OUTAGE", "RECOVERY")
    ]
    assert_copies_are_allowed(bot_api.messages, f"sqlite:///{healthy.database}")
    for channel, texts in zip(CHANNELS, (healthy.told(), without_copies(bot_api.messages)), strict=True):
        outage, recovery = texts  # in this order, and no other
        number = {owed["kind"]: owed["id"] for owed in notifications(healthy, opened["id"], channel)}
        of_outage, of_recovery = FORMS[channel]
        assert re.fullmatch(of_outage.format(url=target.url, id=number["OUTAGE"]), outage)
        assert re.fullmatch(of_recovery.format(url=target.url, id=number["RECOVERY"]), recovery)
    assert {(call.token, call.chat_id) for call in bot_api.calls} == {(bot_api.token, bot_api.chat_id)}


def test_killed_processes_continue_an_outage_from_the_store(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    target.is_down = True
    settings = {"TARGET_URL": target.url, "SEPARATE": "1", **bot_api.environ}
    killed = LocalSystem(project, tmp_path, **settings)
    with killed:
        killed.wait_until(lambda: len(killed.sent()) == 2)
        before = killed.alerts()
        killed.kill()

        assert killed.living() == []

    with LocalSystem(project, tmp_path, FLASK_PORT=str(killed.port), **settings) as system:
        system.wait_for_further_events(4, is_success=False)

        assert system.alerts() == before
        assert system.told() == []
        assert len(without_copies(bot_api.messages)) == 1

        target.is_down = False
        system.wait_until(lambda: len(without_copies(bot_api.messages)) == 2 and system.told())
        system.wait_for_further_events(3, is_success=True)

        assert [text.split()[0] for text in without_copies(bot_api.messages)] == ["OUTAGE", "RECOVERY"]
        assert [text.split()[0] for text in killed.told() + system.told()] == ["OUTAGE", "RECOVERY"]
        assert [alert["status"] for alert in system.alerts()] == ["RESOLVED"]


def test_messages_are_korean_if_that_is_the_language(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    target.is_down = True
    settings = {"TARGET_URL": target.url, "MESSAGE_LANGUAGE": "ko", "LANG": "C", **bot_api.environ}
    with LocalSystem(project, tmp_path, **settings) as system:
        system.wait_until(lambda: bot_api.messages and system.told("장애"))
        target.is_down = False
        system.wait_until(lambda: len(without_copies(bot_api.messages)) == 2 and system.told("복구"))

    outage, recovery = without_copies(bot_api.messages)
    assert re.fullmatch(rf"장애 {target.url}\n원인: 연결이 거부됨\n시작: .+(\n.+)*\n#\d+", outage)
    assert re.fullmatch(
        rf"복구 {target.url}\n원인: 연결이 거부됨\n시작: .+\n지속 시간: \d+초(\n.+)*"
        r"\n알림: .+ 만에 감지, .+ 만에 전달\n#\d+",
        recovery,
    )
    [told] = system.told("복구")
    assert re.fullmatch(
        rf"복구 {target.url} · 원인: 연결이 거부됨 · 시작: .+ · 지속 시간: \d+초 · .+ 만에 감지, .+ 만에 전달 · #\d+",
        told,
    )
    assert [line.split()[0] for line in system.told("장애", "복구")] == ["장애", "복구"]


def test_events_that_were_not_posted_are_posted_later(project: Path, tmp_path: Path, target: Target) -> None:
    """They are unchanged and in order."""
    port = free_port()
    settings = {"TARGET_URL": target.url, "BACKEND_URL": f"http://127.0.0.1:{port}"}
    with FunctionAlone(project, tmp_path, "check_monitors", **settings) as agent:
        runs = []
        for status in (200, 500, 503, 200):
            target.status = status
            runs.append(agent.post("/check_monitors").json())
        dead_until = datetime.now().astimezone()

        assert [(run["failed"], run["posted"], run["spooled"]) for run in runs] == [
            (0, 0, 1),
            (1, 0, 2),
            (1, 0, 3),
            (0, 0, 4),
        ]

        with FunctionAlone(project, tmp_path, "ingest_event", FLASK_PORT=str(port), **settings) as backend:
            last = agent.post("/check_monitors").json()

            assert (last["posted"], last["spooled"]) == (5, 0)
            assert [line.split()[0] for line in backend.told()] == ["OUTAGE", "RECOVERY"]

        seen = re.findall(r'"checked".*"event_id": "(\w+)"', agent.output())
        events = agent.rows("SELECT * FROM events ORDER BY id")
        alert = agent.rows("SELECT * FROM alerts")[0]
    assert [event["status_code"] for event in events] == [200, 500, 503, 200, 200]
    assert [event["event_id"] for event in events] == seen
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    assert all(datetime.fromisoformat(event["timestamp"]) < dead_until for event in events[:4])
    assert all(datetime.fromisoformat(event["received_at"]) > dead_until for event in events)
    assert (alert["failed_at"], alert["resolved_at"]) == (events[1]["timestamp"], events[3]["timestamp"])


def the_originals_queries_are_answered(system: LocalSystem, target: Target) -> None:
    with sqlite3.connect(system.database) as database:
        database.row_factory = sqlite3.Row
        newest = database.execute("SELECT * FROM events ORDER BY timestamp DESC LIMIT 5;").fetchall()
        active = database.execute("SELECT * FROM alerts WHERE status='OPEN';").fetchall()
        logs = database.execute("SELECT * FROM notification_logs ORDER BY attempted_at DESC LIMIT 5;").fetchall()
    database.close()

    assert [(row["target_url"], row["is_success"]) for row in newest] == [(target.url, 0)] * 5
    assert [row["timestamp"] for row in newest] == sorted((row["timestamp"] for row in newest), reverse=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row["timestamp"]) for row in newest)
    assert [(row["target_url"], row["status"]) for row in active] == [(target.url, "OPEN")]
    assert {(row["channel"], row["status"]) for row in logs} >= {("console", "SENT"), ("telegram", "SENT")}


def sent_about(system: LocalSystem, alert_id: int) -> list[tuple[str, str, str]]:
    return sorted((log["channel"], log["kind"], log["status"]) for log in system.sent() if log["alert_id"] == alert_id)


def notifications(system: LocalSystem, alert_id: int, channel: str) -> list[dict[str, object]]:
    found = system.get(f"/alerts/{alert_id}").json()["notifications"]
    return [each for each in found if each["channel"] == channel and each["kind"] != "UPDATE"]
