"""Messages in the operator's own words."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.messages.full import standing_of
from shared.messages.parts import MAX_NAME, SEPARATOR, cause_of
from shared.messages.sandbox import MOST_CHARACTERS, render
from shared.messages.texts import duration, one_line, time_text
from shared.models import Alert, AlertKind, AlertStatus, Notification, NotificationKind, NotificationStatus
from shared.models.message import Message
from shared.words import words_of

# The variables of a template.
VARIABLES = (
    *("kind", "monitor", "group", "cause", "since", "duration", "ended_at", "by", "alert_id", "notification_id"),
    *("target_url", "url", "ack_url", "alert_url", "language", "channel"),
)


def check(template: str) -> None:
    """Try a template with samples of every kind of message.

    Raises:
        TemplateFailed: it cannot be used; see ``sandbox.render``.
    """
    for language in ("en", "ko"):
        for kind in NotificationKind:
            render(template, {**_sample(kind), "language": language})


def rendered(message: Message, *, title: str | None, text: str | None, channel: str) -> Message:
    """The message with the words of the channel's templates, as far as it has any.

    The title still begins with the kind's word, and every message still has its number. One that is edited keeps its
    words, and says above them how the alert stands.

    Raises:
        TemplateFailed: a template failed with this message.
    """
    alert, about = message.alert, message.edited or message.notification
    if alert is None or about is None:
        return message
    values = _values(message, alert, about, channel)
    if title is not None:
        own = " ".join(render(title, values).split())
        word = values["kind"]
        message = message._replace(title=own if own.startswith(word) else f"{word} {own}")
    if text is None:
        # The line as it is, with its own headline.
        _, separator, rest = message.text.partition(SEPARATOR)
        return message._replace(text=f"{message.title}{separator}{rest}")
    now = standing_of(alert, message.language) if message.edited else None
    body = render(text, values).strip()
    line = (message.title, now.value if now else "", one_line(body, MOST_CHARACTERS), message.mark)
    return message._replace(
        text=SEPARATOR.join(filter(None, line)), template=f"{now.label}: {now.value}\n{body}" if now else body
    )


def _values(message: Message, alert: Alert, notification: Notification, channel: str) -> dict[str, Any]:
    language, target_url = message.language, one_line(alert.target_url or "")
    return {
        "kind": words_of(language).KINDS[notification.kind],
        "monitor": one_line(alert.subject),
        "group": message.group or "",
        "cause": cause_of(alert, language),
        "since": time_text(alert.failed_at),
        "duration": duration(notification.occurred_at - alert.failed_at, language),
        "ended_at": time_text(alert.resolved_at) if alert.resolved_at else "",
        "by": one_line(notification.actor or alert.acknowledged_by or "", MAX_NAME),
        "alert_id": alert.id,
        "notification_id": notification.id,
        "target_url": target_url,
        "url": target_url,  # its name before `target_url`
        "ack_url": message.url("acknowledge") or "",
        "alert_url": message.url("open") or "",
        "language": language,
        "channel": channel,
    }


def _sample(kind: NotificationKind) -> dict[str, Any]:
    at, is_over = datetime(2025, 1, 8, 12, tzinfo=UTC), kind is NotificationKind.RECOVERY
    alert = Alert(
        id=7,
        kind=AlertKind.OUTAGE,
        subject="Shop",
        target_url="https://shop.example/",
        status=AlertStatus.RESOLVED if is_over else AlertStatus.OPEN,
        cause="HTTP 503",
        failed_at=at,
        opened_at=at,
        resolved_at=at + timedelta(minutes=5) if is_over else None,
    )
    notification = Notification(
        id=17,
        alert_id=7,
        channel="ops",
        kind=kind,
        status=NotificationStatus.SENDING,
        occurred_at=at + timedelta(minutes=5),
        is_manual=is_over,
        actor="Kim" if is_over else None,
        created_at=at,
        due_at=at,
        leased_until=None,
        attempts=1,
    )
    sample = Message("", "", group="Web", notification=notification, alert=alert)
    return _values(sample, alert, notification, "ops")
