"""A drill, as a command starts it and waits for its end."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from infra.asking.api import Backend, NotAnswered
from shared.alerting.health import OVERDUE
from shared.messages import duration, seconds_text
from shared.models import AlertStatus, NotificationStatus
from shared.monitors.durations import duration_text
from shared.words import reason_text

CREATED = 201
POLL_SECONDS = 0.25
# The command asks for a review where they come once a minute only.
REVIEW_SECONDS = 1.0
# Beyond the drill's own end: a review, and the clocks of two machines.
SLACK_SECONDS = 10.0


class Drill:
    """One drill at the backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def run(self, channels: Sequence[str] | None, need_ack_seconds: float | None, say: Callable[[str], object]) -> bool:
        """Run it and say how it went, in lines. Whether all is well. Raises NotAnswered."""
        body: dict[str, Any] = {} if channels is None else {"channels": channels}
        if need_ack_seconds is not None:
            body["need_ack"] = need_ack_seconds
        alert_id = self._backend.post("/drills", body, CREATED)["id"]
        to_wait = "" if need_ack_seconds is None else f", to be acknowledged within {duration_text(need_ack_seconds)}"
        try:
            say(f"drill: alert {alert_id}{to_wait}")
            alert = self._ended(alert_id, need_ack_seconds)
        except KeyboardInterrupt:
            say("the drill goes on without this command, and its alert ends by itself")
            raise
        result = self._backend.last_drill() or {}
        if alert["status"] != AlertStatus.RESOLVED or result.get("at") != alert["opened_at"]:
            raise NotAnswered(f"the drill, alert {alert_id}, has not ended: review_alerts does not run")
        for line in _lines(alert, result, need_ack_seconds):
            say(line)
        return bool(result["ok"])

    def _ended(self, alert_id: int, need_ack_seconds: float | None) -> dict[str, Any]:
        """The alert once it is resolved, or as it is when nobody will resolve it any more."""
        begun = time.monotonic()
        longest = OVERDUE.total_seconds() if need_ack_seconds is None else need_ack_seconds
        asked = begun
        while True:
            alert = self._backend.get(f"/alerts/{alert_id}")
            now = time.monotonic()
            if alert["status"] == AlertStatus.RESOLVED or now - begun > longest + SLACK_SECONDS:
                return alert
            if now - asked >= REVIEW_SECONDS and (_is_decided(alert, need_ack_seconds) or now - begun > longest):
                asked = now
                self._review()
            time.sleep(POLL_SECONDS)

    def _review(self) -> None:
        try:
            self._backend.post("/review_alerts")
        except NotAnswered:
            return  # its schedule does it, if a little later


def _is_decided(alert: Mapping[str, Any], need_ack_seconds: float | None) -> bool:
    is_settled = not any(each["status"] in ("PENDING", "SENDING") for each in _first(alert))
    return is_settled and (need_ack_seconds is None or alert["status"] != AlertStatus.OPEN)


def _first(alert: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The drill's message to each channel."""
    found: dict[str, Mapping[str, Any]] = {}
    for each in alert["notifications"]:
        if each["kind"] == "DRILL":
            found.setdefault(each["channel"], each)
    return list(found.values())


def _lines(alert: Mapping[str, Any], result: Mapping[str, Any], need_ack_seconds: float | None) -> Iterator[str]:
    delivered, failed = result["delivered"], result["failed"]
    for each in _first(alert):
        name = each["channel"]
        if name in delivered:
            yield f"{name}: delivered in {seconds_text(delivered[name], 'en')}"
        elif name in failed:
            yield f"{name}: failed: {failed[name]}"
        elif each["status"] == NotificationStatus.SUPPRESSED:
            yield f"{name}: not sent: {reason_text('en', each['reason'] or '')}"
        else:
            yield f"{name}: delivered"
    if alert["acknowledged_at"] is not None:
        by = alert["acknowledged_by"] or "somebody"
        after = duration(_at(alert["acknowledged_at"]) - _at(alert["opened_at"]), "en")
        yield f"acknowledged by {by} after {after}"
    elif alert["resolved_by"] is not None:
        yield f"resolved by {alert['resolved_by']}"
    elif need_ack_seconds is not None:
        yield f"nobody acknowledged it within {duration_text(need_ack_seconds)}"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
