"""A channel that fails for a day: it is tried less and less often, and one row says that it was given up."""

import contextlib
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.models import as_text
from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Target, internal_error
from tests.system.channels.pushing import attempts, fail, monitor_of, seconds_between, statuses

pytestmark = pytest.mark.system


def test_a_failing_channel_is_tried_less_often_then_given_up(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    bot_api.behaviour = internal_error
    with LocalSystem(project, tmp_path, TARGET_URL=target.url, **bot_api.environ) as system:
        fail(system, "hopeless")
        # Hold it back, so that a busy machine does not try it a second time meanwhile.
        system.wait_until(lambda: change(system, "PENDING", due_at=ago(hours=-1)))
        tried = len(attempts(system, "hopeless"))

        # Many failures later and almost a day old, it is still tried, but only every 5 to 10 minutes.
        change(system, attempts=50, due_at=ago(hours=1), created_at=ago(hours=23, minutes=58))
        system.wait_until(lambda: len(attempts(system, "hopeless")) == tried + 1)
        [owed] = system.rows("SELECT * FROM notifications WHERE channel = 'telegram'")
        last = attempts(system, "hopeless")[-1]
        assert (owed["status"], last["status"]) == ("PENDING", "RETRY")
        assert 295 < seconds_between(last["attempted_at"], owed["due_at"]) < 615

        # A day old, it is given up, although it is not due.
        change(system, created_at=ago(hours=24, seconds=1))
        system.wait_until(lambda: "EXPIRED" in statuses(attempts(system, "hopeless")))
        calls = len(bot_api.calls)
        change(system, due_at=ago(hours=1))
        assert system.post("/deliver_notifications").json()["EXPIRED"] == 0

    logs = attempts(system, "hopeless")
    assert statuses(logs) == "RETRY " * (tried + 1) + "EXPIRED"
    assert re.fullmatch(r"not delivered after (1 attempt|\d+ attempts) since .+Z", logs[-1]["answer"])
    assert len(bot_api.calls) == calls > 0
    assert bot_api.messages == []
    assert len(re.findall(r"ERROR +notification_expired", (tmp_path / "logs" / "server.log").read_text())) == 1
    assert [monitor_of(line) for line in system.told()] == ["hopeless"]


def ago(**length: float) -> str:
    return as_text(datetime.now(UTC) - timedelta(**length))


def change(system: LocalSystem, status: str = "%", **values: object) -> bool:
    """Change the row of the message to Telegram, which is how a test passes a day; False if it has another status."""
    with contextlib.closing(sqlite3.connect(system.database, timeout=5)) as database, database:
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        sql = f"UPDATE notifications SET {assignments} WHERE channel = 'telegram' AND status LIKE :where"
        return database.execute(sql, {**values, "where": status}).rowcount == 1
