"""A message as an event about an incident."""

from typing import Any

from shared.models import AlertKind, as_text
from shared.models.message import Message
from shared.notifiers.cutting import cut

# In characters.
_LONGEST_SUMMARY = 1_024
# The monitor still works.
_WARNINGS = (AlertKind.DEGRADED, AlertKind.CERTIFICATE_EXPIRING)


def content(message: Message, severity: str) -> dict[str, Any]:
    """The fields of an event that opens an incident."""
    alert, notification = message.alert, message.notification
    payload = {
        "summary": cut(message.text, _LONGEST_SUMMARY),
        "source": alert.subject if alert else "Bonghwa",
        "severity": "warning" if alert and alert.kind in _WARNINGS else severity,
        "timestamp": as_text(notification.occurred_at) if notification else None,
        "group": message.group,
        "class": notification.kind.value if notification else None,
        "custom_details": {"details": message.body},
    }
    return {
        "client": "Bonghwa",
        "links": [{"href": link.url, "text": link.label} for link in message.links],
        "payload": {name: value for name, value in payload.items() if value is not None},
    }
