"""Whole messages: the line, and the facts of the full form. Pure."""

from collections.abc import Sequence
from datetime import tzinfo

from shared.messages.lines import compose
from shared.messages.lists import compose_list
from shared.messages.parts import MAX_NAME, SEPARATOR, cause_of, details, title_of
from shared.messages.texts import one_line, time_text
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


def update_about(
    alert: Alert, update: Notification, edited: Notification, language: Language, zone: tzinfo | None = None
) -> Message:
    """The message that takes the place of what was sent as ``edited``, once the alert has changed.

    It keeps its words and its number, and says beside them who has it, or that it is over. ``zone``: see ``compose``.
    """
    # Imported here: few messages are edited.
    from shared.words.acting import acting_words

    message = message_about([(alert, edited)], language, zone)
    if not (now := _now(alert, language, zone)):
        return message._replace(notification=update, edited=edited)
    head = message.text.removesuffix(f"{SEPARATOR}#{edited.id}")
    return message._replace(
        text=SEPARATOR.join([head, now, f"#{edited.id}"]),
        facts=(*message.facts, Fact(acting_words(language)["status"], now)),
        notification=update,
        edited=edited,
        actions=(),
    )


def _now(alert: Alert, language: Language, zone: tzinfo | None) -> str:
    """What an edited message says of the alert; empty if it is as it was."""
    from shared.words.acting import acting_words

    words, parts = acting_words(language), []
    if alert.acknowledged_at is not None:
        name = one_line(alert.acknowledged_by or "", MAX_NAME) or words["somebody"]
        parts.append(words["acknowledged"].format(name=name, time=time_text(alert.acknowledged_at, zone)))
    if alert.resolved_at is not None:
        parts.append(words["ended"].format(time=time_text(alert.resolved_at, zone)))
    return SEPARATOR.join(parts)


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
