"""The parts of a message: its subject, its cause, and what else is worth saying."""

from collections.abc import Sequence
from datetime import datetime

from shared.messages.texts import duration, one_line, seconds_text, time_text
from shared.models import Alert, AlertKind, Cause, Notification, NotificationKind
from shared.words import Language, cause_text, words_of

MAX_NAMES = 150
# A person's name. Longer text is no name.
MAX_NAME = 64
# Reasons for which an alert ends although nothing is known to work again.
_NOT_RECOVERED = ("channel_gone", "paused", "removed")
# The facts of a message that follows while an outage stays open.
_FOLLOW_UPS = {NotificationKind.REMINDER: "still_down", NotificationKind.ESCALATION: "not_acknowledged"}
SEPARATOR = " · "


def title_of(alert: Alert, kind: NotificationKind, language: Language, group: str | None = None) -> str:
    """The kind's word, the subject in its group, and the target if the subject is not the same."""
    target, name = one_line(alert.target_url or ""), name_of(alert, kind, language)
    beside = "" if target in ("", name) else f" ({target})"
    return f"{words_of(language).KINDS[kind]} {name_of(alert, kind, language, group)}{beside}"


def name_of(alert: Alert, kind: NotificationKind, language: Language, group: str | None = None) -> str:
    """The subject of a message: a monitor, a channel, an agent …; with its group, as ``Web / API``."""
    name = one_line(alert.subject) or one_line(alert.target_url or "") or "?"
    name = f"{one_line(group)} / {name}" if group else name
    if kind is NotificationKind.RECOVERY and alert.kind is not AlertKind.OUTAGE:
        # Otherwise nobody could see whether a monitor, a channel or an agent has recovered.
        name = f"{words_of(language).SUBJECTS[alert.kind]} {name}"
    return name


def cause_of(alert: Alert, language: Language) -> str:
    """The sentence of the alert's cause; the word for an unknown one if there is none."""
    cause = alert.cause_data
    if cause is not None and cause.code == "drill_to_acknowledge" and not alert.status.is_active:
        cause = Cause.of("drill")  # nobody has to do anything any more
    return said_cause(cause, alert.cause, language) or words_of(language).MESSAGES["cause_unknown"]


def said_cause(cause: Cause | None, reported: str | None, language: Language) -> str:
    """The sentence of a cause in one line; empty if nothing is known."""
    return one_line(cause_text(language, _shown(cause), reported))


def _shown(cause: Cause | None) -> Cause | None:
    """The cause as its sentence names it: a parameter whose name ends in ``_at`` is a time."""
    if cause is None or not any(name.endswith("_at") for name in cause.parameters):
        return cause
    shown = {
        name: _time_in(value) if name.endswith("_at") and isinstance(value, str) else value
        for name, value in cause.parameters.items()
    }
    return cause.model_copy(update={"parameters": shown})


def _time_in(text: str) -> str:
    """The time that ``text`` holds, as messages show times; a reporter's own text as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return time_text(at) if at.tzinfo else text


def details(alert: Alert, notification: Notification, language: Language) -> list[str]:
    """The facts of a message beside its subject, its cause and its time."""
    words, parts = words_of(language).MESSAGES, []
    if notification.kind is NotificationKind.RECOVERY:
        lasted = duration(notification.occurred_at - alert.failed_at, language)
        parts.append(words["lasted"].format(duration=lasted))
        parts += times_to_notify(alert, notification, language)
    if notification.kind in _FOLLOW_UPS:
        lasted = duration(notification.occurred_at - alert.failed_at, language)
        ordinal = words_of(language).ordinal(notification.number or 1)
        parts.append(words[_FOLLOW_UPS[notification.kind]].format(ordinal=ordinal, duration=lasted))
    parts += [words[code].format(names=names) for code, names in around(alert, notification.kind, language).items()]
    if notification.kind is NotificationKind.FLAPPING:
        parts.append(words["flaps"])
    if notification.reason in _NOT_RECOVERED:
        parts.append(words[f"not_watched_{notification.reason}"])
    return [*parts, by_hand(notification, language)] if notification.is_manual else parts


def by_hand(notification: Notification, language: Language) -> str:
    """The person that resolved or reopened the alert."""
    words, name = words_of(language).MESSAGES, one_line(notification.actor or "", MAX_NAME)
    move = "resolved" if notification.kind is NotificationKind.RECOVERY else "reopened"
    return words[f"{move}_by"].format(name=name) if name else words[f"{move}_by_hand"]


def times_to_notify(alert: Alert, notification: Notification, language: Language) -> list[str]:
    """How long it took to open the outage, and to send it to this channel, as far as that is known."""
    if alert.kind is not AlertKind.OUTAGE:
        return []
    words, timings = words_of(language).MESSAGES, alert.timings
    delivered = timings.delivered.get(notification.channel)
    known = []
    if timings.opened_seconds is not None:
        detected = seconds_text(timings.confirmed_seconds + timings.opened_seconds, language)
        known.append(words["detected_in"].format(duration=detected))
    if delivered is not None:
        known.append(words["delivered_in"].format(duration=seconds_text(delivered, language)))
    return [words["and_then"].join(known)] if known else []


def around(alert: Alert, kind: NotificationKind, language: Language) -> dict[str, str]:
    """The locations that see it, and other monitors that it is about, by the code of what is said of these names."""
    if kind is NotificationKind.RECOVERY:
        found = {"still_failing_from": list(alert.still_failing_from), "still_failing": list(alert.still_failing)}
    else:
        why = {seen.location: one_line(seen.error_message or "", MAX_NAMES) for seen in alert.locations}
        failing = [
            f"{place} ({text})" if text not in ("", alert.cause) else place for place, text in why.items() if text
        ]
        working = [seen.location for seen in alert.locations if seen.state == "UP"]
        found = {"failing_from": failing, "working_from": working, "dependents": list(alert.dependents)}
    return {code: _names(names, language) for code, names in found.items() if names}


def _names(names: Sequence[str], language: Language) -> str:
    """As many names as fit, and how many more there are."""
    shown: list[str] = []
    for name in (one_line(each, MAX_NAMES) for each in names):
        if shown and len(", ".join([*shown, name])) > MAX_NAMES:
            break
        shown.append(name)
    text, left = ", ".join(shown), len(names) - len(shown)
    return words_of(language).MESSAGES["more"].format(names=text, count=left) if left else text
