"""The conditions of a monitor that works: whether it is slow, and whether its certificate expires."""

import json
from datetime import datetime

from shared.alerting.conditions import Notice, judge_certificate, judge_speed
from shared.models import AlertKind, Cause, Change, Event, Monitor, MonitorState, as_text, as_time
from shared.store.judging.active_alerts import ActiveAlerts


def judge(alerts: ActiveAlerts, monitor: Monitor, event: Event, at: datetime) -> tuple[Monitor, list[Change]]:
    """The monitor once the event has been judged, and the alerts that change."""
    monitor, changes = _judge_speed(alerts, monitor, event, at)
    monitor, of_certificate = _judge_certificate(alerts, monitor, event, at)
    return monitor, [*changes, *of_certificate]


def _judge_speed(alerts: ActiveAlerts, monitor: Monitor, event: Event, at: datetime) -> tuple[Monitor, list[Change]]:
    active = alerts.active(AlertKind.DEGRADED, monitor.name)
    if monitor.state is MonitorState.DOWN:
        # People hear of the outage, and of its end.
        ended = [alerts.end_quietly(active, at)] if active else []
        return monitor._replace(slow_checks=0) if monitor.slow_checks else monitor, ended
    speed = judge_speed(monitor, event, active)
    if speed.slow_checks != monitor.slow_checks:
        monitor = monitor._replace(slow_checks=speed.slow_checks)
    if speed.change is None:
        return monitor, []
    took = round(event.response_time_ms or 0.0, 1)
    cause = Cause.of("slow_response", milliseconds=took, limit=monitor.max_response_ms or 0.0)
    kind, url = AlertKind.DEGRADED, event.target_url
    changes = alerts.change(
        speed.change, kind, monitor.name, at, failed_at=at, cause=cause, target_url=url, monitor=monitor
    )
    return monitor, changes


def _judge_certificate(
    alerts: ActiveAlerts, monitor: Monitor, event: Event, at: datetime
) -> tuple[Monitor, list[Change]]:
    expires_at, limits = event.certificate_expires_at, monitor.certificate_limits or ()
    active = alerts.active(AlertKind.CERTIFICATE_EXPIRING, monitor.name)
    expiry = judge_certificate(limits, expires_at, at, _notice(monitor.certificate_notice), active)
    notice = _text(expiry.notice)
    if notice != monitor.certificate_notice:
        monitor = monitor._replace(certificate_notice=notice)
    if expiry.is_repeated and active is not None:
        return monitor, [alerts.say_again(active, monitor)]
    if expiry.change is None:
        return monitor, []
    cause = Cause.of("certificate_expires", expires_at=as_text(expires_at)) if expires_at else None
    kind, url = AlertKind.CERTIFICATE_EXPIRING, event.target_url
    changes = alerts.change(
        expiry.change, kind, monitor.name, at, failed_at=at, cause=cause, target_url=url, monitor=monitor
    )
    return monitor, changes


def _notice(text: str | None) -> Notice | None:
    if text is None:
        return None
    expires_at, limit, *others = json.loads(text)
    newer, since = others or (0, None)
    return Notice(datetime.fromisoformat(expires_at), limit, newer, as_time(since))


def _text(notice: Notice | None) -> str | None:
    if notice is None:
        return None
    # Former versions wrote no more than these two.
    others = [notice.newer, as_text(notice.newer_since)] if notice.newer_since else []
    return json.dumps([as_text(notice.expires_at), notice.limit, *others])
