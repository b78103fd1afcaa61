"""The watchers themselves, in the running system: a silent agent, an offline location, a channel that refuses.

Instead of waiting for hours, a test moves times back in the database.
"""

import sqlite3
from pathlib import Path

import pytest

from shared.models import AttemptStatus, as_text, now
from tests.support.running import LocalSystem, free_port
from tests.support.stand_ins import BotApi, Target, accepts, unauthorized

pytestmark = pytest.mark.system


def move_back(system: LocalSystem, hours: int) -> None:
    """Let the agents be seen, and the watches begin, that many hours earlier."""
    database = sqlite3.connect(system.database, timeout=5)
    earlier = f"strftime('%Y-%m-%dT%H:%M:%fZ', {{}}, '-{hours} hours')"
    with database:
        database.execute(f"UPDATE agents SET last_seen_at = {earlier.format('last_seen_at')}")
        database.execute(f"UPDATE watches SET started_at = {earlier.format('started_at')}")
    database.close()


def monitor_states(system: LocalSystem) -> dict[str, str]:
    return {row["name"]: row["state"] for row in system.rows("SELECT name, state FROM monitors")}


def test_a_silence_and_its_end_are_notified_once(project: Path, tmp_path: Path, target: Target) -> None:
    settings = {"TARGET_URL": target.url, "CHECK_INTERVAL_SECONDS": "600", "LOCATION": "seoul"}
    with LocalSystem(project, tmp_path, **settings) as system:
        pushed = {"target_url": "http://pushed.example/", "timestamp": as_text(now()), "is_success": True}
        assert system.post("/events", pushed).status_code == 201
        system.wait_until(lambda: monitor_states(system).get(target.url))
        # The watch begins with the first review.
        system.post("/review_alerts")
        move_back(system, hours=2)
        system.post("/review_alerts")
        system.wait_until(lambda: system.told("AGENT_SILENT"))
        assert monitor_states(system) == {target.url: "UNKNOWN", "http://pushed.example/": "UP"}
        [alert] = system.alerts()
        assert (alert["kind"], alert["subject"], alert["status"]) == ("AGENT_SILENT", "seoul", "OPEN")
        assert system.post("/deliver_notifications").json()["SENT"] == 0

        assert system.post("/check_monitors").json()["posted"] == 1
        system.wait_until(lambda: len(system.sent()) == 2)
        assert monitor_states(system)[target.url] == "UP"
    told = system.told("AGENT_SILENT", "RECOVERY", "OUTAGE")
    assert [line.split(" · ")[0] for line in told] == ["AGENT_SILENT seoul", "RECOVERY agent seoul"]
    log = (tmp_path / "logs" / "server.log").read_text()
    assert log.count("alert_opened") == log.count("alert_resolved") == 1


def test_an_offline_location_is_notified_not_its_monitors(project: Path, tmp_path: Path, target: Target) -> None:
    target.is_down = True
    urls = [f"{target.url}/{number}" for number in range(3)]
    settings = {"TARGET_URL": " ".join(urls), "CONNECTIVITY_CHECK": f"127.0.0.1:{free_port()}", "LOCATION": "seoul"}
    with LocalSystem(project, tmp_path, **settings) as system:
        system.wait_until(lambda: system.told("LOCATION_OFFLINE"))
        system.wait_for_further_events(6, is_success=False)
        assert monitor_states(system) == dict.fromkeys(urls, "UNKNOWN")
        assert {event["is_inconclusive"] for event in system.events(is_success=False)} == {1}

        target.is_down = False
        system.wait_until(lambda: system.told("RECOVERY"))
        system.wait_for_further_events(3, is_success=True)
        assert monitor_states(system) == dict.fromkeys(urls, "UP")
        alerts = system.alerts()
    assert [(alert["kind"], alert["subject"], alert["status"]) for alert in alerts] == [
        ("LOCATION_OFFLINE", "seoul", "RESOLVED")
    ]
    told = system.told("LOCATION_OFFLINE", "RECOVERY", "OUTAGE")
    assert [line.split(" · ")[0] for line in told] == ["LOCATION_OFFLINE seoul", "RECOVERY location seoul"]


def test_the_other_channel_notifies_of_one_that_refuses(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    bot_api.behaviour = unauthorized
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        system.wait_for_further_events(1, is_success=True)
        target.status = 500
        system.wait_until(lambda: system.told("CHANNEL_REFUSED"))
        bot_api.behaviour = accepts
        target.status = 200
        system.wait_until(lambda: len(system.told("RECOVERY")) == 2)
        alerts = system.alerts()
        attempts = {(log["channel"], log["kind"], log["status"]) for log in system.notification_logs()}
    assert [(alert["kind"], alert["subject"], alert["status"]) for alert in reversed(alerts)] == [
        ("OUTAGE", target.url, "RESOLVED"),
        ("CHANNEL_REFUSED", "telegram", "RESOLVED"),
    ]
    told = [line.split(" · ")[0] for line in system.told("OUTAGE", "CHANNEL_REFUSED", "RECOVERY")]
    assert told[:2] == [f"OUTAGE {target.url}", "CHANNEL_REFUSED telegram"]
    assert sorted(told[2:]) == ["RECOVERY channel telegram", f"RECOVERY {target.url}"]
    assert [text.splitlines()[0] for text in bot_api.messages] == [f"RECOVERY {target.url}"]
    assert ("telegram", "OUTAGE", AttemptStatus.FAILED) in attempts
    assert not [attempt for attempt in attempts if attempt[:2] == ("telegram", "CHANNEL_REFUSED")]
