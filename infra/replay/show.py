"""The result of a replay, for people and for programs."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from infra.local.terminal import visible
from shared.history.comparison import Comparison
from shared.messages import duration
from shared.models import Alert, as_text


def as_json(found: Comparison) -> dict[str, Any]:
    """The answer to a program. An alert that did not happen has the id null."""
    return {
        "happened": found.happened,
        "replayed": found.replayed,
        "vanished": [_alert(alert) for alert in _in_order(found.vanished)],
        "merged": [_alert(alert) for alert in _in_order(found.merged)],
        "later": [{"alert": _alert(alert), "by_seconds": seconds} for alert, seconds in _later(found)],
        "appeared": [_alert(alert) for alert in _in_order(found.appeared)],
    }


def lines(found: Comparison) -> list[str]:
    """A line for each alert that is not as it was, and the counts."""
    told = [f"vanished  {_told(alert)}" for alert in _in_order(found.vanished)]
    told += [f"merged    {_told(alert)}" for alert in _in_order(found.merged)]
    told += [f"later     {_told(alert)}, by {_by(seconds)}" for alert, seconds in _later(found)]
    told += [f"appeared  {_told(alert)}" for alert in _in_order(found.appeared)]
    counts = {name: len(getattr(found, name)) for name in ("vanished", "merged", "later", "appeared")}
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    happened = "1 alert" if found.happened == 1 else f"{found.happened} alerts"
    return [*told, f"{happened} happened, {found.replayed} replayed: {listed}"]


def _in_order(alerts: Iterable[Alert]) -> list[Alert]:
    return sorted(alerts, key=lambda alert: (alert.opened_at, alert.subject))


def _later(found: Comparison) -> list[tuple[Alert, float]]:
    return sorted(found.later, key=lambda each: (each[0].opened_at, each[0].subject))


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id if alert.id > 0 else None,
        "monitor": alert.subject,
        "failed_at": as_text(alert.failed_at),
        "opened_at": as_text(alert.opened_at),
        "resolved_at": as_text(alert.resolved_at) if alert.resolved_at else None,
    }


def _told(alert: Alert) -> str:
    number = f"alert {alert.id} of " if alert.id > 0 else ""
    until = _shown(alert.resolved_at) if alert.resolved_at else "now"
    return f"{number}{visible(alert.subject)}, {_shown(alert.opened_at)} to {until}"


def _by(seconds: float) -> str:
    length = duration(timedelta(seconds=abs(seconds)), "en")
    return length if seconds >= 0 else f"-{length}: it opens earlier"


def _shown(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
