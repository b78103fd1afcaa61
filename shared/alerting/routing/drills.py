"""How a drill went, as far as what is stored says, and whether it is over. Pure.

A drill is over once every channel has had its message and, if somebody has to acknowledge it, somebody has. It waits
for neither for ever.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.alerting.health import OVERDUE
from shared.alerting.routing.routes import ONLY
from shared.models import Alert, AlertStatus, Notification, NotificationStatus

# A channel that has refused twice by then has failed. In a cloud, the second try may come a minute later.
FAILED_AFTER = timedelta(seconds=30)
ENOUGH_TRIES = 2
_WAITING = (NotificationStatus.PENDING, NotificationStatus.SENDING)


class Sent(NamedTuple):
    """The outcome of the drill's message to one channel. ``answer``: the channel's last words."""

    notification: Notification
    answer: str | None

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to be sent."""
        return self.notification.status in _WAITING


class Outcome(NamedTuple):
    """How a drill went so far.

    ``delivered``: in how many seconds, by channel. ``failed``: why not, by channel; one whose ``only`` leaves drills
    out is in neither. ``refused``: those of them that have no CHANNEL_REFUSED for it yet. ``is_acknowledged``: somebody
    acknowledged it, or resolved it by hand.
    """

    is_over: bool
    is_acknowledged: bool
    acknowledged_by: str | None
    delivered: Mapping[str, float]
    failed: Mapping[str, str]
    refused: tuple[str, ...]
    needs_acknowledgement: bool

    @property
    def is_missed(self) -> bool:
        """Whether nobody acknowledged a drill that somebody has to acknowledge."""
        return self.needs_acknowledgement and not self.is_acknowledged

    @property
    def is_ok(self) -> bool:
        """Whether somebody was reached, nothing failed, and it was acknowledged if it has to be."""
        return bool(self.delivered) and not self.failed and not self.is_missed


def judge(alert: Alert, sent: Sequence[Sent], need_ack_seconds: float | None, now: datetime) -> Outcome:
    """How the drill went, ``now``. ``sent``: its first message to each channel."""
    elapsed = now - alert.opened_at
    is_ended = alert.status is AlertStatus.RESOLVED
    is_acknowledged = is_ended or alert.acknowledged_at is not None
    waiting = [each for each in sent if each.is_waiting and not _is_given_up(each, elapsed)]
    if need_ack_seconds is not None and elapsed >= timedelta(seconds=need_ack_seconds):
        is_over = True
    else:
        is_over = is_ended or (not waiting and (is_acknowledged or need_ack_seconds is None))
    return Outcome(
        is_over,
        is_acknowledged,
        alert.acknowledged_by or alert.resolved_by,
        {
            each.notification.channel: alert.delivered[each.notification.channel]
            for each in sent
            if each.notification.status is NotificationStatus.SENT and each.notification.channel in alert.delivered
        },
        {each.notification.channel: why for each in sent if (why := _failure(each, elapsed)) is not None},
        tuple(each.notification.channel for each in sent if _is_unheard(each)),
        need_ack_seconds is not None,
    )


def _is_given_up(each: Sent, elapsed: timedelta) -> bool:
    is_refused = each.answer is not None and each.notification.attempts >= ENOUGH_TRIES
    return elapsed >= (FAILED_AFTER if is_refused else OVERDUE)


def _is_unheard(each: Sent) -> bool:
    """Whether nothing was opened for the failure: that happens only where a channel refuses for good."""
    return each.is_waiting or each.notification.status is NotificationStatus.EXPIRED


def _failure(each: Sent, elapsed: timedelta) -> str | None:
    """Why a channel did not get the drill; None if it did, or leaves drills out."""
    match each.notification.status:
        case NotificationStatus.SENT:
            return None
        case NotificationStatus.HELD | NotificationStatus.SUPPRESSED:
            rule = each.notification.reason
            return None if rule == ONLY else f"held back: {rule}"
    return each.answer or f"not sent within {max(0, round(elapsed.total_seconds()))} s"
