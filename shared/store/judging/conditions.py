"""What an event says about a monitor that works: whether it is slow, and whether its certificate expires."""

import json
from datetime import datetime
from typing import Protocol

from shared.alerting.conditions import Notice, judge_certificate, judge_speed
from shared.models import Alert, AlertKind, Cause, Change, ChangeKind, Event, Monitor, MonitorState, as_text


class Intake(Protocol):
    """Changes alerts in the event's transaction. ``store.ingest`` does it; the walls forbid its import here."""

    def active_alert(self, kind: AlertKind, subject: str) -> Alert | None:
        """The alert that is OPEN or ACK."""

    def change(
        self,
        change: ChangeKind,
        kind: AlertKind,
        subject: str,
        at: datetime,
        *,
        failed_at: datetime,
        cause: Cause | None,
        target_url: str | None = None,
        monitor: Monitor | None = None,
    ) -> list[Change]:
        """Open an alert, or resolve it."""

    def end_quietly(self, alert: Alert, at: datetime) -> Change:
        """Resolve an alert without a message."""

    def say_again(self, alert: Alert, monitor: Monitor) -> Change:
        """Owe a message about an alert that goes on."""


def judge(intake: Intake, monitor: Monitor, event: Event, at: datetime) -> tuple[Monitor, list[Change]]:
    """The monitor once the event has been judged, and the alerts that change."""
    monitor, changes = _judge_speed(intake, monitor, event, at)
    monitor, of_certificate = _judge_certificate(intake, monitor, event, at)
    return monitor, [*changes, *of_certificate]


def _judge_speed(intake: Intake, monitor: Monitor, event: Event, at: datetime) -> tuple[Monitor, list[Change]]:
    active = intake.active_alert(AlertKind.DEGRADED, monitor.name)
    if monitor.state is MonitorState.DOWN:
        # People hear of the outage, and of its end.
        ended = [intake.end_quietly(active, at)] if active else []
        return monitor.model_copy(update={"slow_checks": 0}) if monitor.slow_checks else monitor, ended
    speed = judge_speed(monitor, event, active)
    if speed.slow_checks != monitor.slow_checks:
        monitor = monitor.model_copy(update={"slow_checks": speed.slow_checks})
    if speed.change is None:
        return monitor, []
    took = round(event.response_time_ms or 0.0, 1)
    cause = Cause.of("slow_response", milliseconds=took, limit=monitor.max_response_ms or 0.0)
    kind, url = AlertKind.DEGRADED, event.target_url
    changes = intake.change(
        speed.change, kind, monitor.name, at, failed_at=at, cause=cause, target_url=url, monitor=monitor
    )
    return monitor, changes


def _judge_certificate(intake: Intake, monitor: Monitor, event: Event, at: datetime) -> tuple[Monitor, list[Change]]:
    expires_at, limits = event.certificate_expires_at, monitor.certificate_limits or ()
    if expires_at is None:
        return monitor, []
    active = intake.active_alert(AlertKind.CERTIFICATE_EXPIRING, monitor.name)
    expiry = judge_certificate(limits, expires_at, at, _notice(monitor.certificate_notice), active)
    notice = _text(expiry.notice)
    if notice != monitor.certificate_notice:
        monitor = monitor.model_copy(update={"certificate_notice": notice})
    if expiry.is_repeated and active is not None:
        return monitor, [intake.say_again(active, monitor)]
    if expiry.change is None:
        return monitor, []
    cause = Cause.of("certificate_expires", expires_at=as_text(expires_at))
    kind, url = AlertKind.CERTIFICATE_EXPIRING, event.target_url
    changes = intake.change(
        expiry.change, kind, monitor.name, at, failed_at=at, cause=cause, target_url=url, monitor=monitor
    )
    return monitor, changes


def _notice(text: str | None) -> Notice | None:
    if text is None:
        return None
    expires_at, limit = json.loads(text)
    return Notice(datetime.fromisoformat(expires_at), limit)


def _text(notice: Notice | None) -> str | None:
    return None if notice is None else json.dumps([as_text(notice.expires_at), notice.limit])
