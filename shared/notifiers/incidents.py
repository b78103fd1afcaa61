"""An alert as one incident of a service such as PagerDuty: what it is recognised by, and when it has ended."""

from shared.models import AlertStatus, NotificationKind
from shared.models.message import Message

_ABOUT_WHAT_LASTS = (NotificationKind.REMINDER, NotificationKind.ESCALATION)


def is_over(message: Message) -> bool:
    """Whether the incident has ended.

    A reminder that comes after the RECOVERY would open another one, which nothing would ever end.
    """
    if message.notification is None or message.alert is None:
        return False
    kind = message.notification.kind
    is_late = kind in _ABOUT_WHAT_LASTS and message.alert.status is AlertStatus.RESOLVED
    return is_late or kind is NotificationKind.RECOVERY


def key_of(message: Message) -> str | None:
    """The incident's key. A message about no alert has none: each is an incident of its own."""
    if message.alert is None:
        return None
    return "-".join(part for part in ("bonghwa", message.installation, "alert", str(message.alert.id)) if part)
