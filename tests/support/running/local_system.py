"""The whole system, as ``make run`` starts it."""

import sys
from pathlib import Path
from typing import Any

from shared.models import as_text, now
from tests.support.running.environ import environment
from tests.support.running.process import Running
from tests.support.store.new_file import new_file

START = [sys.executable, "-m", "infra.local"]


class LocalSystem(Running):
    """The whole system. Keywords are environment variables; FLASK_PORT is its port."""

    def __init__(self, project: Path, folder: Path, /, **variables: str | None) -> None:
        super().__init__(START, project, folder, environment(folder, **variables), forkable=START)

    def start(self) -> None:
        """See Running. A fork finds the tables of a new store made: it would take a fifth of its start for them.

        ``tests/infra/local/test_environment.py`` lets a system make its store by itself, and open an alert there.
        """
        is_ours = self.environ.get("DATABASE_URL") == f"sqlite:///{self.database}"
        if self.is_forkable and is_ours and not self.database.exists():
            new_file(self.database, as_text(now()))
        super().start()

    def wait_until_ready(self) -> None:
        """Wait until health responds and the banner is printed."""
        super().wait_until_ready()
        self.wait_until(lambda: "Bonghwa" in self.output())

    def alerts(self, **query: str) -> list[dict[str, Any]]:
        """Every alert, newest first, by HTTP."""
        found: list[dict[str, Any]] = self.get("/alerts", params=query).json()["alerts"]
        return found

    def notification_logs(self) -> list[dict[str, Any]]:
        """Every attempt, newest first, by HTTP."""
        found: list[dict[str, Any]] = self.get("/notification_logs").json()["notification_logs"]
        return found

    def sent(self) -> list[dict[str, Any]]:
        """The attempts to send a message that succeeded. On a busy machine the first may time out and be repeated."""
        return [log for log in self.notification_logs() if log["status"] == "SENT" and log["kind"] != "UPDATE"]

    def events(self, *, is_success: bool) -> list[dict[str, Any]]:
        """Every event of one outcome, oldest first, from the database."""
        return self.rows("SELECT * FROM events WHERE is_success = ? ORDER BY id", int(is_success))

    def wait_for_further_events(self, count: int, *, is_success: bool) -> None:
        """Wait until ``count`` more events of this outcome are stored."""
        enough = len(self.events(is_success=is_success)) + count
        self.wait_until(lambda: len(self.events(is_success=is_success)) >= enough)
