"""Channels with rules in ``CHANNELS``: what each gets of the running system, and when."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.models import as_text
from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi
from tests.system.channels.pushing import attempts, fail, monitor_of

pytestmark = pytest.mark.system

DELAY_SECONDS = 3
# Chats of the stand-in by the channel's name.
CHATS = {"ops": "1", "later": "2", "outages": "3", "night": "4"}


def report(system: LocalSystem, monitor: str, *outcomes: bool) -> None:
    """Checks of a monitor, all reported at once."""
    about = {"target_url": "http://pushed.example/", "monitor": monitor, "timestamp": as_text(datetime.now(UTC))}
    assert system.post("/events", [about | {"is_success": outcome} for outcome in outcomes]).status_code == 201


def got(bot_api: BotApi, channel: str, monitor: str) -> list[str]:
    """The kinds of message about a monitor that a channel's chat accepted, in order."""
    calls = [call for call in bot_api.calls if call.is_accepted and call.chat_id == CHATS[channel]]
    return [call.text.split()[0] for call in calls if monitor_of(call.text) == monitor]


def decisions(system: LocalSystem, monitor: str, channel: str) -> list[tuple[str, str | None]]:
    return [(log["status"], log["reason"]) for log in attempts(system, monitor, channel) if log["status"] != "RETRY"]


def opened_at(system: LocalSystem, monitor: str) -> datetime:
    [opened] = [alert["opened_at"] for alert in system.alerts() if alert["subject"] == monitor]
    return datetime.fromisoformat(opened)


def reviewed_after(system: LocalSystem, moment: datetime) -> datetime:
    """Review the alerts after a moment, beside the schedule; when that was done."""
    system.wait_until(lambda: datetime.now(UTC) > moment)
    assert system.post("/review_alerts").status_code == 200
    return datetime.now(UTC)


def hours_around(now: datetime) -> dict[str, str]:
    """Quiet hours that the whole test lies in, wherever midnight is."""
    begins, ends = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-2, 2))
    return {"from": begins, "to": ends, "time_zone": "UTC"}


def test_each_channel_gets_what_its_rules_let_through(project: Path, tmp_path: Path, bot_api: BotApi) -> None:
    telegram = {"kind": "telegram", "bot_token": bot_api.token, "api_url": bot_api.url}
    rules: dict[str, dict[str, Any]] = {
        "ops": {},
        "later": {"delay": f"{DELAY_SECONDS}s"},
        "outages": {"only": ["OUTAGE"]},
        "night": {"quiet_hours": hours_around(datetime.now(UTC))},
    }
    described = {name: {**telegram, "chat_id": int(chat), **rules[name]} for name, chat in CHATS.items()}
    channels = json.dumps({"console": "off", **described})
    with LocalSystem(project, tmp_path, TARGET_URL="", CHANNELS=channels) as system:
        assert "ops, later, outages, night  (off: console, sns)" in system.output()
        # One that has ended before the delay is over, however slow this machine is, and one that lasts.
        report(system, "short", False, True)
        fail(system, "long")
        over_at = opened_at(system, "long") + timedelta(seconds=DELAY_SECONDS)
        reviewed_at = reviewed_after(system, over_at)
        system.wait_until(lambda: "OUTAGE" in got(bot_api, "later", "long"))
        report(system, "long", True)
        system.wait_until(lambda: "RECOVERY" in got(bot_api, "later", "long"))
        system.wait_until(lambda: "RECOVERY" in got(bot_api, "ops", "short"))
        assert got(bot_api, "ops", "long") == ["OUTAGE", "RECOVERY"]
        assert (got(bot_api, "later", "short"), got(bot_api, "later", "long")) == ([], ["OUTAGE", "RECOVERY"])
        assert (got(bot_api, "outages", "short"), got(bot_api, "outages", "long")) == (["OUTAGE"], ["OUTAGE"])
        assert (got(bot_api, "night", "short"), got(bot_api, "night", "long")) == ([], [])
        assert decisions(system, "short", "later")[:2] == [("HELD", "delay"), ("SUPPRESSED", "delay")]
        assert decisions(system, "long", "later")[:2] == [("HELD", "delay"), ("SENT", "delay")]
        assert ("SUPPRESSED", "only") in decisions(system, "short", "outages")
        assert {reason for _, reason in decisions(system, "long", "night")} == {"quiet_hours"}
        [row] = system.rows("SELECT * FROM notifications WHERE channel = 'later' AND released_at IS NOT NULL")
        assert over_at <= datetime.fromisoformat(row["released_at"]) <= reviewed_at
