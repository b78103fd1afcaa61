"""A message that is owed to a channel, and each attempt to send it."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from shared.models.alert import AlertStatus


class NotificationKind(StrEnum):
    """The subject of a message: an alert of this kind has opened, or (RECOVERY) one of any kind has ended.

    REMINDER: an outage still goes on. ESCALATION: and nobody has acknowledged it. FLAPPING: its monitor goes up and
    down, and nothing else is sent about it until that has ended. UPDATE: a message that was sent is edited in place.
    """

    OUTAGE = "OUTAGE"
    CHANNEL_REFUSED = "CHANNEL_REFUSED"
    AGENT_SILENT = "AGENT_SILENT"
    LOCATION_OFFLINE = "LOCATION_OFFLINE"
    DEGRADED = "DEGRADED"
    CERTIFICATE_EXPIRING = "CERTIFICATE_EXPIRING"
    DRILL = "DRILL"
    DRILL_MISSED = "DRILL_MISSED"
    SUMMARY = "SUMMARY"
    RECOVERY = "RECOVERY"
    REMINDER = "REMINDER"
    ESCALATION = "ESCALATION"
    FLAPPING = "FLAPPING"
    UPDATE = "UPDATE"


class NotificationStatus(StrEnum):
    """The status of a notification; PENDING and SENDING are still owed.

    HELD: a rule holds it back for now. SUPPRESSED: a rule decided that it is not sent.
    """

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    HELD = "HELD"
    SUPPRESSED = "SUPPRESSED"


class AttemptStatus(StrEnum):
    """How one attempt went. RETRY: failed for now. FAILED: rejected permanently. EXPIRED: given up as too old.

    HELD and SUPPRESSED: a rule decided that there is no attempt, for now or ever.
    """

    SENT = "SENT"
    RETRY = "RETRY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    HELD = "HELD"
    SUPPRESSED = "SUPPRESSED"


# For how long an UPDATE is tried. Later its message has left the screen.
UPDATE_SECONDS = 600.0
# How an attempt that was made, or that came too late, can end.
OUTCOMES = (AttemptStatus.SENT, AttemptStatus.RETRY, AttemptStatus.FAILED, AttemptStatus.EXPIRED)


class Notification(NamedTuple):
    """One message owed to one channel.

    ``occurred_at`` and ``actor`` describe the change that the message is about: when it happened, and who made it if a
    person did (``is_manual``). ``reason``: why an alert ended that nothing recovered from: its monitor was ``paused``
    or ``removed``, or its channel is gone (``channel_gone``); or the rule that holds the message back, or held it last.
    ``number``: which reminder it is, counted from 1, or the step of the escalation. ``attempts`` counts the leases, and
    distinguishes one lease from the next. ``message_id``: the channel's own name for the message that it took, if it
    can edit it. ``edits``: of an UPDATE, the notification whose message it edits.
    """

    id: int
    alert_id: int
    channel: str
    kind: NotificationKind
    status: NotificationStatus
    occurred_at: datetime
    is_manual: bool
    actor: str | None
    created_at: datetime
    due_at: datetime
    leased_until: datetime | None
    attempts: int
    reason: str | None = None
    number: int | None = None
    message_id: str | None = None
    edits: int | None = None


class Details(NamedTuple):
    """A notification's own words beside its alert: see Notification. ``occurred_at`` is the alert's own if None."""

    occurred_at: datetime | None = None
    is_manual: bool = False
    actor: str | None = None
    number: int | None = None


NO_DETAILS = Details()


class NotificationLog(NamedTuple):
    """One attempt to send a notification, and what the channel answered; or a decision not to try, with its reason."""

    id: int
    notification_id: int
    alert_id: int
    kind: NotificationKind
    channel: str
    status: AttemptStatus
    attempted_at: datetime
    duration_ms: float
    answer: str | None
    reason: str | None = None


class Pause(NamedTuple):
    """A channel asked to be left alone until then.

    ``created_since``: messages that are older would expire first, and are tried nevertheless. ``edited_since``: the
    same of edits, which expire sooner.
    """

    until: datetime
    created_since: datetime
    edited_since: datetime


class Attempt(NamedTuple):
    """How one attempt to send a notification went, as it is recorded.

    ``due_at``: when a RETRY is due. ``is_late``: the store failed to record it before, so that it may be there already.
    ``listed``: the other notifications that the same message was about. ``message_id``: see Notification. ``said``: the
    alert's status when the message was composed. ``pause``: what the channel asked for with a RETRY.
    """

    notification: Notification
    status: AttemptStatus
    attempted_at: datetime
    duration_ms: float
    answer: str | None
    due_at: datetime | None = None
    is_late: bool = False
    listed: tuple[Notification, ...] = ()
    message_id: str | None = None
    said: AlertStatus | None = None
    pause: Pause | None = None
