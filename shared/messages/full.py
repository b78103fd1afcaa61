"""Whole messages: the line, and the facts of the full form."""

from collections.abc import Iterator, Sequence

from shared.messages.lines import compose
from shared.messages.lists import compose_list
from shared.messages.parts import MAX_NAME, SEPARATOR, around, by_hand, cause_of, times_to_notify, title_of
from shared.messages.texts import duration, one_line, percentage, time_text
from shared.models import Alert, AlertStatus, Notification, NotificationKind
from shared.models.message import Action, Circumstances, Fact, Message
from shared.words import Language, words_of

# Messages that say for how long the outage has been going on.
_SO_FAR = (NotificationKind.REMINDER, NotificationKind.ESCALATION)


def message_about(
    listed: Sequence[tuple[Alert, Notification]],
    language: Language,
    *,
    circumstances: Circumstances | None = None,
) -> Message:
    """The message about one notification, or the list of several."""
    alert, notification = listed[0]
    if len(listed) > 1:
        text = compose_list(listed, language)
        title, numbers = text.partition("\n")[0], tuple(each.id for _, each in listed)
        return Message(text, title, (), language, notification, alert, is_list=True, numbers=numbers)
    if alert.summary is not None:
        # Imported here: one is sent once a day at most.
        from shared.messages.summaries import summary_about

        return summary_about(alert, notification, language)
    known = circumstances or Circumstances()
    return Message(
        compose(alert, notification, language),
        title_of(alert, notification.kind, language, known.group),
        tuple(_facts(alert, notification, known, language)),
        language,
        notification,
        alert,
        actions=actions_on(alert, notification.kind, language),
        group=one_line(known.group) if known.group else None,
    )


def update_about(
    alert: Alert,
    update: Notification,
    edited: Notification,
    language: Language,
    *,
    circumstances: Circumstances | None = None,
) -> Message:
    """The message that takes the place of what was sent as ``edited``, once the alert has changed.

    It keeps its words and its number, and says beside them who has it, or that it is over.
    """
    message = message_about([(alert, edited)], language, circumstances=circumstances)
    now = standing_of(alert, language)
    if now is None:
        return message._replace(notification=update, edited=edited)
    head = message.text.removesuffix(f"{SEPARATOR}#{edited.id}")
    return message._replace(
        text=SEPARATOR.join([head, now.value, f"#{edited.id}"]),
        # People look for this when they look for the message again.
        facts=(now, *message.facts),
        notification=update,
        edited=edited,
        actions=(),
    )


def standing_of(alert: Alert, language: Language) -> Fact | None:
    """The line of an edited message about the alert; None if it is as it was."""
    # Imported here: few messages are edited.
    from shared.words.acting import acting_words

    words, parts = acting_words(language), []
    if alert.acknowledged_at is not None:
        name = one_line(alert.acknowledged_by or "", MAX_NAME) or words["somebody"]
        parts.append(words["acknowledged"].format(name=name, time=time_text(alert.acknowledged_at)))
    if alert.resolved_at is not None:
        parts.append(words["ended"].format(time=time_text(alert.resolved_at)))
    return Fact(words["status"], SEPARATOR.join(parts)) if parts else None


def actions_on(alert: Alert, kind: NotificationKind, language: Language) -> tuple[Action, ...]:
    """The actions that a message of this kind offers on the alert as it is now."""
    if kind is NotificationKind.RECOVERY or not alert.status.is_active:
        return ()
    labels, actions = words_of(language).LABELS, []
    if alert.status is AlertStatus.OPEN:
        actions.append(Action("acknowledge", labels["acknowledge"]))
    if alert.kind.is_of_monitor:
        actions.append(Action("silence", labels["silence"]))
    return tuple(actions)


def page_label(language: Language) -> str:
    """The words of the link to an alert's page."""
    return words_of(language).LABELS["open"]


def _facts(alert: Alert, notification: Notification, known: Circumstances, language: Language) -> Iterator[Fact]:
    labels, words = words_of(language).LABELS, words_of(language).MESSAGES
    yield Fact(labels["cause"], cause_of(alert, language))
    yield Fact(labels["since"], time_text(alert.failed_at))
    is_over = notification.kind is NotificationKind.RECOVERY
    if is_over or notification.kind in _SO_FAR:
        passed = duration(notification.occurred_at - alert.failed_at, language)
        yield Fact(labels["lasted" if is_over else "so_far"], passed)
    if is_over and alert.acknowledged_at is not None:
        yield _who(alert, language)
    if alert.status.is_active:
        yield from _seen(known, language)
    yield from (Fact(labels[code], names) for code, names in around(alert, notification.kind, language).items())
    if alert.status.is_active:
        yield from _beside(known, language)
    if known.availability is not None:
        yield Fact(labels["availability"], percentage(known.availability))
    if is_over:
        yield from (Fact(labels["notified"], text) for text in times_to_notify(alert, notification, language))
    if notification.kind is NotificationKind.FLAPPING:
        yield Fact(labels["note"], words["flaps"])
    if f"not_watched_{notification.reason}" in words:
        yield Fact(labels["note"], words[f"not_watched_{notification.reason}"])
    if notification.is_manual:
        yield Fact(labels["note"], by_hand(notification, language))


def _who(alert: Alert, language: Language) -> Fact:
    """The person that acknowledged an alert, and when."""
    from shared.words.acting import acting_words

    words = acting_words(language)
    name = one_line(alert.acknowledged_by or "", MAX_NAME) or words["somebody"]
    at = f", {time_text(alert.acknowledged_at)}" if alert.acknowledged_at else ""
    return Fact(words["acknowledged_by"], f"{name}{at}")


def _seen(known: Circumstances, language: Language) -> Iterator[Fact]:
    """How an outage was seen."""
    labels, facts = words_of(language).LABELS, words_of(language).FACTS
    parts = [facts["checks"].format(threshold=known.threshold)] if (known.threshold or 1) > 1 else []
    # A connection that is refused at once says nothing by its time.
    if known.response_time_ms is not None and (known.status_code is not None or known.response_time_ms >= 1):
        code = "after" if known.status_code is None else "status_after"
        parts.append(facts[code].format(status=known.status_code, milliseconds=round(known.response_time_ms)))
    if parts:
        yield Fact(labels["seen"], ", ".join(parts))


def _beside(known: Circumstances, language: Language) -> Iterator[Fact]:
    """When it last worked, and how many other monitors fail too."""
    labels, facts = words_of(language).LABELS, words_of(language).FACTS
    if known.last_success_at is not None:
        yield Fact(labels["last_success"], time_text(known.last_success_at))
    if known.others_failing:
        code = "other" if known.others_failing == 1 else "others"
        yield Fact(labels["others"], facts[code].format(count=known.others_failing))
