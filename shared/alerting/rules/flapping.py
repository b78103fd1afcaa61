"""A monitor that goes up and down: one message when that begins, and one when it is over."""

from shared.alerting.rules.threshold import threshold
from shared.alerting.situation import OUTCOMES, Decision, Reason, Situation
from shared.models import ChangeKind, Event, MonitorState, NotificationKind

# Fewer outcomes say nothing yet.
FEWEST_OUTCOMES = 10
_CHANGES = OUTCOMES - 1
_LEAST, _MOST = 0.8, 1.2


def share_of_changes(outcomes: str) -> float:
    """How often the outcomes changed, from 0 to 1. A recent change weighs more."""
    first = OUTCOMES - len(outcomes)
    step = (_MOST - _LEAST) / (_CHANGES - 1)
    changed = (place for place in range(1, len(outcomes)) if outcomes[place] != outcomes[place - 1])
    return sum(_LEAST + step * (first + place - 1) for place in changed) / _CHANGES


def flapping(situation: Situation, event: Event) -> Decision | None:
    """While a monitor flaps, its alert stays open, and what would be sent is kept back."""
    monitor = situation.monitor
    if event.is_success and not monitor.is_flapping and "-" not in monitor.outcomes[-_CHANGES:]:
        return None  # the usual case
    decided = threshold(situation, event)
    outcomes = decided.monitor.outcomes
    share = share_of_changes(outcomes) if len(outcomes) >= FEWEST_OUTCOMES else 0.0
    if monitor.is_flapping and situation.active:
        return _go_on(situation, event, decided, has_ended=share <= situation.limits.ends)
    is_open = situation.active is not None or decided.change is ChangeKind.OPENED
    if share < situation.limits.starts or not is_open:
        return None
    change = ChangeKind.OPENED if decided.change is ChangeKind.OPENED else None
    return _flap(situation, decided, change, NotificationKind.FLAPPING)


def _go_on(situation: Situation, event: Event, decided: Decision, *, has_ended: bool) -> Decision:
    monitor = situation.monitor
    if has_ended:
        return decided._replace(monitor=decided.monitor._replace(is_flapping=False))
    kept_back = None
    if event.is_success and decided.monitor.consecutive_successes == monitor.success_threshold:
        kept_back = NotificationKind.RECOVERY
    elif not event.is_success and decided.monitor.consecutive_failures == monitor.failure_threshold:
        kept_back = NotificationKind.OUTAGE
    return _flap(situation, decided, None, kept_back, is_kept_back=True)


def _flap(
    situation: Situation,
    decided: Decision,
    change: ChangeKind | None,
    message: NotificationKind | None,
    *,
    is_kept_back: bool = False,
) -> Decision:
    since = situation.monitor.since if situation.monitor.state is MonitorState.DOWN else situation.at
    monitor = decided.monitor._replace(state=MonitorState.DOWN, is_flapping=True, since=since)
    return decided._replace(
        monitor=monitor, change=change, reason=Reason.FLAPPING, message=message, is_kept_back=is_kept_back
    )
