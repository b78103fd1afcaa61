"""The suite's view from outside: checks, alerts, messages, errors."""

from datetime import timedelta
from typing import Any

import requests

from shared.models import now
from tests.support.running import rows_of
from tests.system.copies import assert_copies_are_allowed, without_copies
from tests.system.runtimes import Runtime

# The day of what the suite reports. A day of long ago would let a runtime's own upkeep delete the alerts on the way.
DAY = (now() - timedelta(days=30)).date().isoformat()


class Watch:
    """Change the state of the agent's target from now on."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime, self.url, self._messages_before = runtime, runtime.target.url, len(runtime.bot_api.messages)
        self._alerts_before = len(runtime.alerts(monitor=self.url))
        self._events_before = len(self._all_events())

    def check(self, times: int = 1) -> None:
        """Let the agent check the target."""
        for _ in range(times):
            self.runtime.run("check_monitors")

    @property
    def messages(self) -> list[str]:
        """The messages that Telegram accepted, in order and each once."""
        accepted = self.runtime.bot_api.messages[self._messages_before :]
        assert_copies_are_allowed(accepted, self.runtime.database_url)
        return without_copies(accepted)

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The alerts about the target, newest first, as listed."""
        found = self.runtime.alerts(monitor=self.url)
        return found[: len(found) - self._alerts_before]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of the target, oldest first, as stored."""
        return self._all_events()[self._events_before :]

    def _all_events(self) -> list[dict[str, Any]]:
        sql = "SELECT is_success, status_code, error_message FROM events WHERE target_url = ? ORDER BY id"
        return rows_of(self.runtime.database_url, sql, self.url)


def recovered(failure: dict[str, Any], at: str = f"{DAY}T10:33:05Z") -> dict[str, Any]:
    """The report of a success that follows a failure."""
    return failure | {"status_code": 200, "is_success": True, "error_message": None, "timestamp": at}


def problem(response: requests.Response, status: int) -> dict[str, Any]:
    """The problem details of an error."""
    content_type = response.headers["Content-Type"]
    assert (response.status_code, content_type) == (status, "application/problem+json"), response.text
    found: dict[str, Any] = response.json()
    assert (found["type"], found["status"]) == ("about:blank", status)
    assert found["title"]
    assert found["detail"]
    return found


def numbers_of(runtime: Runtime, alert: dict[str, Any], channel: str) -> dict[str, int]:
    """The ids of a channel's notifications about an alert, by kind."""
    notifications = runtime.get(f"/alerts/{alert['id']}")["notifications"]
    return {owed["kind"]: owed["id"] for owed in notifications if owed["channel"] == channel}


def sent(runtime: Runtime, alert: dict[str, Any]) -> list[tuple[str, str]]:
    """The channel and kind of each message about an alert that the log has as sent. An edit is no message."""
    logs = runtime.get(f"/notification_logs?alert_id={alert['id']}")["notification_logs"]
    return sorted((log["channel"], log["kind"]) for log in logs if log["status"] == "SENT" and log["kind"] != "UPDATE")
