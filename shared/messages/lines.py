"""Messages of one line."""

from datetime import datetime

from shared.messages.parts import SEPARATOR, cause_of, details, title_of
from shared.messages.texts import duration, one_line, time_text
from shared.models import Alert, Notification
from shared.words import Language, words_of


def compose(alert: Alert, notification: Notification, language: Language) -> str:
    """The text of a message: one line that begins with its kind and ends with the notification's id."""
    words = words_of(language).MESSAGES
    cause = cause_of(alert, language)
    parts = [
        title_of(alert, notification.kind, language),
        words["cause"].format(cause=cause),
        words["since"].format(time=time_text(alert.failed_at)),
        *details(alert, notification, language),
    ]
    return SEPARATOR.join([*parts, f"#{notification.id}"])


def compose_short(alert: Alert, notification: Notification) -> str:
    """A message that could not be composed: its kind, its subject and its id, in English."""
    return f"{notification.kind} {one_line(alert.subject) or '?'}{SEPARATOR}#{notification.id}"


def compose_about_backend(
    *,
    is_reached: bool,
    backend_url: str,
    agent: str,
    since: datetime,
    at: datetime,
    language: Language,
) -> str:
    """An agent's own message: it has not reached the backend ``since`` then, or has reached it again ``at``.

    It ends without an id, because no notification is owed for it.
    """
    words = words_of(language).MESSAGES
    parts = [
        words["backend_reached" if is_reached else "backend_unreachable"].format(backend=one_line(backend_url)),
        words["agent"].format(agent=one_line(agent)),
        words["since"].format(time=time_text(since)),
    ]
    if is_reached:
        parts.append(words["lasted"].format(duration=duration(at - since, language)))
    return SEPARATOR.join(parts)


def compose_test(at: datetime, language: Language) -> str:
    """The message with which somebody tests a channel."""
    return SEPARATOR.join([words_of(language).MESSAGES["test"], time_text(at)])
