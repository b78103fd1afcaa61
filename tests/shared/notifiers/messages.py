"""Messages as delivery composes them, for the tests of channels."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.messages import message_about
from shared.models import Alert, AlertKind, AlertStatus, Cause, Notification, NotificationKind, NotificationStatus
from shared.models.message import Link, Message

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
LINKS = (
    Link("acknowledge", "Acknowledge", "https://b.example/act/a-token"),
    Link("silence", "Silence 1 h", "https://b.example/act/s-token"),
    Link("open", "Open", "https://b.example/dashboard/alerts/7"),
)
# Others' text: it must not mention anybody, become markup or a link, or leave its line.
HOSTILE = "<!here> @everyone <@U1> *b* _i_ [l](http://x) `c` <b>h</b> &amp; {{ 7*7 }}\r\nBcc: eve@x.example"


def alert(**fields: Any) -> Alert:
    """An open outage; ``fields`` replace or add some."""
    known: dict[str, Any] = {
        "id": 7,
        "kind": AlertKind.OUTAGE,
        "subject": "Shop",
        "target_url": "https://shop.example/",
        "status": AlertStatus.OPEN,
        "cause": "HTTP 503 Service Unavailable",
        "cause_data": Cause(code="http_status", parameters={"status": 503, "phrase": "Service Unavailable"}),
        "failed_at": NOON,
        "opened_at": NOON + timedelta(seconds=60),
    }
    return Alert(**{**known, **fields})


def notification(kind: str = "OUTAGE", **fields: Any) -> Notification:
    """The notification with the number 17 of that alert."""
    known: dict[str, Any] = {
        "id": 17,
        "alert_id": 7,
        "channel": "ops",
        "kind": NotificationKind(kind),
        "status": NotificationStatus.SENDING,
        "occurred_at": NOON + timedelta(minutes=5),
        "is_manual": False,
        "actor": None,
        "created_at": NOON,
        "due_at": NOON,
        "leased_until": None,
        "attempts": 1,
    }
    return Notification(**{**known, **fields})


def message(kind: str = "OUTAGE", *, attempts: int = 1, links: tuple[Link, ...] = (), **fields: Any) -> Message:
    """A message about an outage; ``fields`` are the alert's."""
    language = fields.pop("language", "en")
    is_over = kind == "RECOVERY"
    about = alert(
        **({"status": AlertStatus.RESOLVED, "resolved_at": NOON + timedelta(minutes=5)} if is_over else {}), **fields
    )
    return message_about([(about, notification(kind, attempts=attempts))], language)._replace(links=links)


def listed(count: int, kind: str = "OUTAGE") -> Message:
    """One message about so many outages."""
    pairs = [
        (alert(id=id_, subject=f"Shop {id_}"), notification(kind, id=10 + id_, alert_id=id_))
        for id_ in range(1, count + 1)
    ]
    return message_about(pairs, "en")
