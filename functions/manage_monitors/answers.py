"""How a monitor stands in an answer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared.models import as_text, now
from shared.monitors.due import next_due, time_of
from shared.monitors.masking import masked
from shared.store import event_of

if TYPE_CHECKING:
    from shared.store import Entry


def monitor_of(entry: "Entry", *, shows_token: bool) -> dict[str, Any]:
    """The monitor. Its secrets are masked; whoever has shown a key sees the token of its heartbeat."""
    row = entry.row
    return {
        "id": row["id"],
        "name": row["name"],
        "source": row["source"],
        "line": row["line"],
        "policy": _policy(entry, shows_token=shows_token),
        "state": entry.state,
        "since": row["since"],
        "last_checked_at": row["last_checked_at"],
        "last_event": event_of(entry.last_event) if entry.last_event else None,
        "next_check_at": _next_check(row),
        "active_alert": entry.active_alert.shown() if entry.active_alert else None,
        "is_degraded": entry.is_degraded,
        "is_flapping": bool(row["is_flapping"]),
        "suppressed_by": entry.active_alert.suppressed_by if entry.active_alert else None,
        "locations": entry.locations(now()),
    }


def _policy(entry: "Entry", *, shows_token: bool) -> dict[str, Any] | None:
    policy = entry.policy
    if policy is None:
        return None
    shown = masked(policy)
    if policy.heartbeat and shows_token:
        shown["heartbeat"]["token"] = policy.heartbeat.token
    return shown


def _next_check(row: Mapping[str, Any]) -> Any:
    if not row["is_watched"]:
        return None
    if row["interval_seconds"] is None:
        return row["missed_at"]
    return as_text(time_of(next_due(row["name"], row["interval_seconds"], now().timestamp())))
