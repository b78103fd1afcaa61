"""Whole messages: the line, and the facts of the full form. Pure."""

from collections.abc import Sequence
from datetime import tzinfo

from shared.messages.lines import compose
from shared.messages.lists import compose_list
from shared.messages.parts import cause_of, details, title_of
from shared.messages.texts import time_text
from shared.models import Alert, AlertStatus, Notification, NotificationKind
from shared.models.message import Action, Fact, Link, Message
from shared.words import Language, words_of


def message_about(
    listed: Sequence[tuple[Alert, Notification]],
    language: Language,
    zone: tzinfo | None = None,
    links: tuple[Link, ...] = (),
) -> Message:
    """The message about one notification, or the list of several. ``zone``: as for ``compose``."""
    alert, notification = listed[0]
    about = {"language": language, "notification": notification, "alert": alert, "links": links}
    if len(listed) > 1:
        text = compose_list(listed, language, zone)
        return Message(text, text.partition("\n")[0], is_list=True, **about)  # type: ignore[arg-type]
    title = title_of(alert, notification.kind, language)
    facts = _facts(alert, notification, language, zone)
    text, actions = compose(alert, notification, language, zone), actions_on(alert, notification.kind, language)
    return Message(text, title, facts, actions=actions, **about)  # type: ignore[arg-type]


def actions_on(alert: Alert, kind: NotificationKind, language: Language) -> tuple[Action, ...]:
    """What the reader of a message of this kind can do about the alert as it is now."""
    if kind is NotificationKind.RECOVERY or not alert.status.is_active:
        return ()
    labels, actions = words_of(language).LABELS, []
    if alert.status is AlertStatus.OPEN:
        actions.append(Action("acknowledge", labels["acknowledge"]))
    if alert.kind.is_of_monitor:
        actions.append(Action("silence", labels["silence"]))
    return tuple(actions)


def _facts(alert: Alert, notification: Notification, language: Language, zone: tzinfo | None) -> tuple[Fact, ...]:
    labels = words_of(language).LABELS
    return (
        Fact(labels["cause"], cause_of(alert, language, zone)),
        Fact(labels["since"], time_text(alert.failed_at, zone)),
        *(Fact(labels["detail"], each) for each in details(alert, notification, language)),
    )
