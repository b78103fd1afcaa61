"""Failures that are pushed into the running system, and what was attempted for them."""

from datetime import UTC, datetime
from typing import Any

from shared.models import as_text
from tests.support.running import LocalSystem


def monitor_of(text: str) -> str:
    """The monitor that a message is about."""
    return text.split()[1]


def fail(system: LocalSystem, monitor: str) -> float:
    """Report a failure of ``monitor``; the seconds that the request took."""
    event = {"target_url": "http://pushed.example/", "monitor": monitor, "is_success": False}
    response = system.post(
        "/events", event | {"timestamp": as_text(datetime.now(UTC)), "error_message": "it is broken"}
    )
    assert response.status_code == 201, response.text
    return response.elapsed.total_seconds()


def load_the_library(system: LocalSystem) -> None:
    """Let the first send load its library, which may take a busy machine longer than an event may wait."""
    fail(system, "first")
    system.wait_until(lambda: "SENT" in statuses(attempts(system, "first")))


def attempts(system: LocalSystem, monitor: str, channel: str = "telegram") -> list[dict[str, Any]]:
    """The attempts to send the outage of a monitor to a channel, oldest first."""
    return system.rows(
        "SELECT log.* FROM notification_logs log JOIN alerts alert ON alert.id = log.alert_id"
        " WHERE alert.kind = 'OUTAGE' AND alert.subject = ? AND log.channel = ? ORDER BY log.id",
        monitor,
        channel,
    )


def statuses(logs: list[dict[str, Any]]) -> str:
    return " ".join(log["status"] for log in logs)


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
