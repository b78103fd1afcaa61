"""300 monitors fail together, on the running system."""

import re
import time
from pathlib import Path

import pytest

from shared.models import as_text, now
from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi
from tests.system.copies import is_list

pytestmark = pytest.mark.system

MONITORS = 300
LOGS = "SELECT * FROM notification_logs WHERE channel = 'telegram' AND kind = ? ORDER BY id"


def report(system: LocalSystem, *, ok: bool) -> float:
    """Every monitor reports at once; the seconds that the answer took."""
    at, began = as_text(now()), time.monotonic()
    events = [
        {"target_url": f"http://m{number}.example/", "monitor": f"m{number}", "is_success": ok, "timestamp": at}
        for number in range(MONITORS)
    ]
    assert system.post("/events", events).status_code == 201
    return time.monotonic() - began


def told(system: LocalSystem, kind: str) -> int:
    """How many lines of this kind the console printed."""
    return sum(line.startswith(f"{kind} m") for line in system.output().splitlines())


def test_a_storm_is_a_few_messages_and_a_row_each(project: Path, tmp_path: Path, bot_api: BotApi) -> None:
    group = {**bot_api.environ, "TELEGRAM_CHAT_ID": "-100123"}
    with LocalSystem(project, tmp_path, TARGET_URL="", **group) as system:
        for kind, ok in (("OUTAGE", False), ("RECOVERY", True)):
            seconds = report(system, ok=ok)
            assert seconds < 10, "the answer waits for no list"
            system.wait_until(lambda: len(system.rows(LOGS, kind)) == MONITORS, 60)  # noqa: B023
            assert {row["status"] for row in system.rows(LOGS, kind)} <= {"SENT", "RETRY"}
            assert len({row["notification_id"] for row in system.rows(LOGS, kind)}) == MONITORS
        system.wait_until(lambda: told(system, "RECOVERY") == MONITORS, 60)
        assert system.get("/").json()["owed_notifications"] == 0
        assert told(system, "OUTAGE") == MONITORS
    heads = [text.split("\n")[0] for text in bot_api.messages if is_list(text)]
    assert sum(int(re.findall(r"^OUTAGE: (\d+) monitors", head)[0]) for head in heads if head.startswith("O")) >= 290
    at = [call.received_at.timestamp() for call in bot_api.calls]
    assert all(later - earlier > 10 for earlier, later in zip(at, at[10:], strict=False)), "ten messages in ten seconds"
    assert all(later - earlier > 60 for earlier, later in zip(at, at[20:], strict=False)), "twenty in a minute"
