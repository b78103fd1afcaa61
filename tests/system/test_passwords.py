"""The running system watches a URL with a password: it uses it for the check, and shows and stores it nowhere.

Each system ends with the search for its secrets in everything that it wrote and responded: see ``tests.support.leaks``.
"""

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.models import as_text, now
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.support.running import LocalSystem, rows
from tests.support.stand_ins import BotApi, Exchange, StandIn
from tests.support.store.steps import MIGRATIONS

pytestmark = pytest.mark.system

PASSWORD, CHANGED = "planted-s3cret", "changed-s3cret"  # of these tests only


def made_by_0_1(database: Path, url: str) -> None:
    """The store of version 0.1: a monitor that is named after its URL, and down."""
    statements = (
        """INSERT INTO monitors (name, target_url, state, consecutive_failures, failing_since, last_checked_at)
        VALUES (:url, :url, 'DOWN', 1, :at, :at)""",
        """INSERT INTO events (event_id, monitor_id, target_url, timestamp, is_success, status_code, received_at)
        VALUES ('1', 1, :url, :at, 0, 500, :at)""",
        """INSERT INTO alerts (kind, subject, target_url, status, cause, failed_at, opened_at)
        VALUES ('OUTAGE', :url, :url, 'OPEN', 'HTTP 500', :at, :at)""",
        """INSERT INTO notifications (alert_id, channel, kind, status, occurred_at, created_at, due_at, attempts)
        VALUES (1, 'console', 'OUTAGE', 'SENT', :at, :at, :at, 1)""",
    )
    with closing(SqliteDatabase(database)) as opened:
        migrate(opened, as_text(now()), MIGRATIONS[:1])
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement, {"url": url, "at": as_text(now())})


class Guarded(StandIn):
    """A web service that is well for those who have the password."""

    password = PASSWORD
    is_ill = False

    def answer(self, exchange: Exchange) -> None:
        user = base64.b64decode(exchange.headers.get("Authorization", "").removeprefix("Basic "))
        is_known = user in (f"monitor:{self.password}".encode(), f"{self.password}:".encode())
        exchange.answer(500 if self.is_ill else 200 if is_known else 401, "")


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    with Guarded() as listening:
        yield listening


@pytest.mark.parametrize(
    ("given", "shown"), [(f"monitor:{PASSWORD}@", "monitor:***@"), (f"{PASSWORD}@", "***@"), (f"{PASSWORD}:@", "***@")]
)
def test_a_password_is_used_and_shown_nowhere(
    project: Path, tmp_path: Path, guarded: Guarded, bot_api: BotApi, given: str, shown: str
) -> None:
    url = guarded.url.replace("://", f"://{given}")
    masked = guarded.url.replace("://", f"://{shown}")
    with LocalSystem(project, tmp_path, TARGET_URL=f"{url}/", SOME_PASSWORD=PASSWORD, **bot_api.environ) as system:
        system.wait_until(lambda: system.events(is_success=True))
        guarded.is_ill = True
        system.wait_until(lambda: bot_api.messages, 20)
        [alert] = system.alerts()
        assert (alert["subject"], alert["target_url"]) == (f"{masked}/", f"{masked}/")
        assert f"watching  {masked}/  every" in system.output()
    assert f"{masked}/" in bot_api.messages[0]
    assert PASSWORD not in bot_api.messages[0]


def test_a_report_of_others_is_stored_without_its_password(project: Path, tmp_path: Path, guarded: Guarded) -> None:
    reported = {
        "target_url": f"http://me:{PASSWORD}@other.example/",
        "timestamp": "2025-01-08T12:00:00Z",
        "is_success": False,
        "error_message": f"GET http://me:{PASSWORD}@other.example/ failed",
    }
    with LocalSystem(project, tmp_path, SOME_PASSWORD=PASSWORD, CHECK_INTERVAL_SECONDS="60") as system:
        assert system.post("/events", reported).status_code == 201
        system.wait_until(lambda: any(alert["subject"] == "http://me:***@other.example/" for alert in system.alerts()))


def test_a_changed_password_leaves_the_monitor_the_same(project: Path, tmp_path: Path, guarded: Guarded) -> None:
    url = f"{guarded.url}/"
    guarded.is_ill = True
    with LocalSystem(project, tmp_path, TARGET_URL=url.replace("://", f"://monitor:{PASSWORD}@")) as system:
        system.wait_until(system.sent)
    guarded.password = CHANGED
    variables = {"TARGET_URL": url.replace("://", f"://monitor:{CHANGED}@"), "SOME_PASSWORD": PASSWORD}
    with LocalSystem(project, tmp_path, **variables) as system:
        system.wait_for_further_events(2, is_success=False)
        assert [alert["status"] for alert in system.alerts()] == ["OPEN"]
        guarded.is_ill = False
        system.wait_until(lambda: system.told("RECOVERY"), 20)
        assert [line.split()[0] for line in system.told()] == ["RECOVERY"]
        assert [alert["status"] for alert in system.alerts()] == ["RESOLVED"]
        assert [row["name"] for row in system.rows("SELECT name FROM monitors")] == [
            url.replace("://", "://monitor:***@")
        ]


def test_an_open_alert_of_0_1_recovers_after_the_update(project: Path, tmp_path: Path, guarded: Guarded) -> None:
    url = guarded.url.replace("://", f"://monitor:{PASSWORD}@") + "/"
    masked = guarded.url.replace("://", "://monitor:***@") + "/"
    database = tmp_path / "bonghwa.db"
    made_by_0_1(database, url)
    with LocalSystem(project, tmp_path, TARGET_URL=url, SOME_PASSWORD=PASSWORD) as system:
        system.wait_until(lambda: system.told("RECOVERY"), 20)
        assert [alert["status"] for alert in system.alerts()] == ["RESOLVED"]
        names = rows(database, "SELECT target_url FROM events UNION SELECT target_url FROM alerts")
    assert [row["target_url"] for row in names] == [masked]
    assert [row["name"] for row in rows(database, "SELECT name FROM monitors")] == [masked]
