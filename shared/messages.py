"""Composes the messages that people read. Pure: the caller passes the time zone in which times are shown."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from shared.models import Alert, AlertKind, Cause, Notification, NotificationKind
from shared.visible import SELECTORS_OF_SIGNS, UNSEEN
from shared.words import Language, cause_text, words_of

__all__ = [
    "MAX_PART",
    "Language",
    "compose",
    "compose_about_backend",
    "compose_list",
    "compose_short",
    "compose_short_list",
    "compose_test",
    "duration",
    "one_line",
    "said_cause",
    "seconds_text",
    "time_text",
]

# Four parts of this length and three lists of names, in characters of two UTF-16 units each, stay within Telegram's
# 4,096.
MAX_PART = 300
MAX_NAMES = 150
# A list names so many, and is never longer than Telegram's messages, in UTF-16 units.
MAX_NAMED = 20
MAX_LIST = 4_096
# Lines of the shortest length always fit.
LINE_LENGTHS = (200, 120, 80, 60)
# A person's name. What is longer is no name.
MAX_NAME = 64

# Reasons for which an outage ends although nothing is known to work again.
_NOT_RECOVERED = ("paused", "removed")
# What a message says that follows while an outage stays open.
_FOLLOW_UPS = {NotificationKind.REMINDER: "still_down", NotificationKind.ESCALATION: "not_acknowledged"}
# From here on, tenths of a second say nothing.
_WHOLE_SECONDS = 10
_SEPARATOR = " · "
_JOINER = "\u200d"
# Signs that a joiner or a variation selector can belong to.
_SIGN = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23fa\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
# A joiner that does not hold two signs together, as in 👩‍🚒, and a selector without a sign only make two names look
# alike. It is compiled when a text is first composed: that takes some ms, and most cold starts compose none.
_LOOSE = f"(?<!{_SIGN})(?<!{_SIGN}\ufe0f)\u200d|\u200d(?!{_SIGN})|(?<!{_SIGN})[{SELECTORS_OF_SIGNS}](?!\u20e3)"
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


def compose(alert: Alert, notification: Notification, language: Language, zone: tzinfo | None = None) -> str:
    """The text of a message: one line that begins with its kind and ends with the notification's id.

    ``zone`` is the one in which times are shown; None means this machine's own.
    """
    words = words_of(language).MESSAGES
    cause = _cause(alert, language, zone)
    parts = [
        _title(alert, notification.kind, language),
        words["cause"].format(cause=cause),
        words["since"].format(time=_time(alert.failed_at, zone)),
        *_details(alert, notification, language),
    ]
    return _SEPARATOR.join([*parts, f"#{notification.id}"])


def _details(alert: Alert, notification: Notification, language: Language) -> list[str]:
    """What a message says beside its subject, its cause and its time."""
    words, parts = words_of(language).MESSAGES, []
    if notification.kind is NotificationKind.RECOVERY:
        lasted = duration(notification.occurred_at - alert.failed_at, language)
        parts.append(words["lasted"].format(duration=lasted))
        parts += _times_to_notify(alert, notification, language)
    if notification.kind in _FOLLOW_UPS:
        lasted = duration(notification.occurred_at - alert.failed_at, language)
        ordinal = words_of(language).ordinal(notification.number or 1)
        parts.append(words[_FOLLOW_UPS[notification.kind]].format(ordinal=ordinal, duration=lasted))
    parts += _around(alert, notification.kind, language)
    if notification.reason in _NOT_RECOVERED:
        parts.append(words[f"not_watched_{notification.reason}"])
    if notification.is_manual:
        name = one_line(notification.actor or "", MAX_NAME)
        move = "resolved" if notification.kind is NotificationKind.RECOVERY else "reopened"
        parts.append(words[f"{move}_by"].format(name=name) if name else words[f"{move}_by_hand"])
    return parts


def _around(alert: Alert, kind: NotificationKind, language: Language) -> list[str]:
    """Who sees what, and which other monitors it is about."""
    words = words_of(language).MESSAGES
    if kind is NotificationKind.RECOVERY:
        found = {"still_failing": list(alert.still_failing)}
    else:
        why = {seen.location: one_line(seen.error_message or "", MAX_NAMES) for seen in alert.locations}
        failing = [
            f"{place} ({text})" if text not in ("", alert.cause) else place for place, text in why.items() if text
        ]
        working = [seen.location for seen in alert.locations if seen.state == "UP"]
        found = {"failing_from": failing, "working_from": working, "dependents": list(alert.dependents)}
    parts = [words[code].format(names=_names(names, language)) for code, names in found.items() if names]
    return [*parts, words["flaps"]] if kind is NotificationKind.FLAPPING else parts


def _names(names: Sequence[str], language: Language) -> str:
    """As many names as fit, and how many more there are."""
    shown: list[str] = []
    for name in (one_line(each, MAX_NAMES) for each in names):
        if shown and len(", ".join([*shown, name])) > MAX_NAMES:
            break
        shown.append(name)
    text, left = ", ".join(shown), len(names) - len(shown)
    return words_of(language).MESSAGES["more"].format(names=text, count=left) if left else text


def compose_short(alert: Alert, notification: Notification) -> str:
    """What remains of a message that could not be composed: its kind, its subject and its id, in English."""
    return f"{notification.kind} {one_line(alert.subject) or '?'}{_SEPARATOR}#{notification.id}"


def _times_to_notify(alert: Alert, notification: Notification, language: Language) -> list[str]:
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


def compose_list(listed: Sequence[tuple[Alert, Notification]], language: Language, zone: tzinfo | None = None) -> str:
    """One text for several messages of one kind: how many, the first ones with their ids, and which are not named.

    ``zone``: as for ``compose``.
    """
    kind, words = listed[0][1].kind, words_of(language)
    subjects = {alert.subject for alert, _ in listed if alert.kind.is_of_monitor}
    # A monitor can have recovered from two things: then these are not so many monitors.
    head = words.MESSAGES["list_of_monitors" if len(subjects) == len(listed) else "list"]
    named = [
        _SEPARATOR.join(
            [_name(alert, kind, language), _cause(alert, language, zone), *_details(alert, about, language)]
        )
        for alert, about in listed[:MAX_NAMED]
    ]
    ids = [about.id for _, about in listed]
    return _list(head.format(kind=words.KINDS[kind], count=len(ids)), named, ids, words.MESSAGES["list_of_more"])


def compose_short_list(listed: Sequence[tuple[Alert, Notification]]) -> str:
    """What remains of a list that could not be composed, in English."""
    subjects = [one_line(alert.subject) or "?" for alert, _ in listed[:MAX_NAMED]]
    ids = [notification.id for _, notification in listed]
    return _list(f"{listed[0][1].kind}: {len(ids)}", subjects, ids, words_of("en").MESSAGES["list_of_more"])


def _list(head: str, named: Sequence[str], ids: Sequence[int], more: str) -> str:
    """The lines of a list, each cut as far as it takes for all to fit into one message of Telegram's."""
    rest = ids[len(named) :]
    range_ = "–".join(f"#{id_}" for id_ in sorted({*rest[:1], *rest[-1:]}))
    last = [more.format(count=len(rest), ids=range_)] if rest else []
    for longest in LINE_LENGTHS:
        lines = [f"{one_line(line, longest)}{_SEPARATOR}#{id_}" for line, id_ in zip(named, ids, strict=False)]
        text = "\n".join([head, *lines, *last])
        if len(text.encode("utf-16-le")) // 2 <= MAX_LIST:
            break
    return text


def _cause(alert: Alert, language: Language, zone: tzinfo | None) -> str:
    return said_cause(alert.cause_data, alert.cause, language, zone) or words_of(language).MESSAGES["cause_unknown"]


def _name(alert: Alert, kind: NotificationKind, language: Language) -> str:
    name = one_line(alert.subject) or one_line(alert.target_url or "") or "?"
    if kind is NotificationKind.RECOVERY and alert.kind is not AlertKind.OUTAGE:
        # Otherwise nobody could see whether a monitor, a channel or an agent has recovered.
        name = f"{words_of(language).SUBJECTS[alert.kind]} {name}"
    return name


def _title(alert: Alert, kind: NotificationKind, language: Language) -> str:
    words = words_of(language)
    target, name = one_line(alert.target_url or ""), _name(alert, kind, language)
    return f"{words.KINDS[kind]} {name}" if target in ("", name) else f"{words.KINDS[kind]} {name} ({target})"


def said_cause(cause: Cause | None, reported: str | None, language: Language, zone: tzinfo | None = None) -> str:
    """The sentence of a cause in one line, its times shown in the zone; empty if nothing is known."""
    return one_line(cause_text(language, _shown(cause, zone), reported))


def _shown(cause: Cause | None, zone: tzinfo | None) -> Cause | None:
    """The cause as its sentence names it: a parameter whose name ends in ``_at`` is a time, shown in the zone."""
    if cause is None or not any(name.endswith("_at") for name in cause.parameters):
        return cause
    shown = {
        name: _time_in(value, zone) if name.endswith("_at") and isinstance(value, str) else value
        for name, value in cause.parameters.items()
    }
    return cause.model_copy(update={"parameters": shown})


def _time_in(text: str, zone: tzinfo | None) -> str:
    """The time that ``text`` holds, as messages show times; a reporter's own text as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    return _time(at, zone) if at.tzinfo else text


def compose_about_backend(
    *,
    is_reached: bool,
    backend_url: str,
    agent: str,
    since: datetime,
    at: datetime,
    language: Language,
    zone: tzinfo | None = None,
) -> str:
    """An agent's own message: it has not reached the backend ``since`` then, or has reached it again ``at``.

    It ends without an id, because no notification is owed for it. ``zone``: as for ``compose``.
    """
    words = words_of(language).MESSAGES
    parts = [
        words["backend_reached" if is_reached else "backend_unreachable"].format(backend=one_line(backend_url)),
        words["agent"].format(agent=one_line(agent)),
        words["since"].format(time=_time(since, zone)),
    ]
    if is_reached:
        parts.append(words["lasted"].format(duration=duration(at - since, language)))
    return _SEPARATOR.join(parts)


def compose_test(at: datetime, language: Language, zone: tzinfo | None = None) -> str:
    """The message with which somebody tests a channel. ``zone``: as for ``compose``."""
    return _SEPARATOR.join([words_of(language).MESSAGES["test"], _time(at, zone)])


def one_line(text: str, longest: int = MAX_PART) -> str:
    """``text`` with visible characters only, in one line, cut to ``longest`` characters.

    Every character that Unicode calls control, format (marks that turn the direction of text, characters without
    width, tags), separator, private, surrogate or unassigned becomes a space, and so does every other that cannot be
    seen. Otherwise the text of a target or an operator could leave its place in the line, give orders to a terminal, or
    look like another.
    """
    text = re.sub(f"{_LOOSE}|[{UNSEEN}]", " ", text)
    text = "".join(c if c.isprintable() or c == _JOINER else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def duration(length: timedelta, language: Language) -> str:
    """A duration in its two largest units: ``2 h 5 min``, ``45 s``; ``2시간 5분``, ``45초``."""
    units = words_of(language).UNITS
    seconds = max(0, round(length.total_seconds()))
    parts = []
    for name, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(units[name].format(count=count))
    return " ".join(parts[:2]) or units["seconds"].format(count=0)


def seconds_text(seconds: float, language: Language) -> str:
    """A short duration with its tenths, a longer one as ``duration`` says it: ``0.4 s``, ``41 s``, ``2 min 5 s``."""
    if seconds >= _WHOLE_SECONDS:
        return duration(timedelta(seconds=seconds), language)
    # What took no tenth took some time all the same.
    tenths = round(max(seconds, 0.1), 1) if seconds > 0 else 0
    return words_of(language).UNITS["seconds"].format(count=f"{tenths:g}")


def time_text(at: datetime, zone: tzinfo | None = None) -> str:
    """A time as messages show it: ``2025-01-08 10:30:00 UTC``. ``zone``: as for ``compose``."""
    return _time(at, zone)


def _time(at: datetime, zone: tzinfo | None) -> str:
    try:
        shown = at.astimezone(zone)
    except (OverflowError, ValueError, OSError):
        shown = at  # in UTC: the calendar's first and last day have no date in every zone
    # Not strftime: it writes the year 1 as "1".
    return f"{shown.replace(tzinfo=None).isoformat(' ', 'seconds')} {shown.tzname()}"
