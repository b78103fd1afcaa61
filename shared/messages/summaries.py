"""The message of a summary: how it went for some days."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from shared.messages.parts import MAX_NAME, MAX_NAMES, SEPARATOR
from shared.messages.texts import duration, one_line, percentage, seconds_text, time_text
from shared.models import Alert, Notification
from shared.models.message import Fact, Message
from shared.words import Language, words_of
from shared.words.summaries import summary_words

_WEEK = timedelta(days=7)
# Names in lists are cut to this length, so that all lists together fit into one message of Telegram.
_LONGEST_NAME = 40
# From here on, milliseconds are seconds.
_SECOND = 1_000


def summary_about(alert: Alert, notification: Notification, language: Language) -> Message:
    """The message: the days in its title, a fact in each line."""
    said = json.loads(alert.summary or "{}")
    title = f"{words_of(language).KINDS[notification.kind]} {_days(said, language)}"
    facts = tuple(Fact(summary_words(language)[code], text) for code, text in _facts(said, language))
    lines = [title, *(f"{label}: {value}" for label, value in facts)]
    text = "\n".join(lines)
    return Message(f"{text}{SEPARATOR}#{notification.id}", title, facts, language, notification, alert)


def _facts(said: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    words = summary_words(language)
    if said["uptime"] is None:
        yield "availability", words["unknown"]
    else:
        code = "of_monitor" if said["monitors"] == 1 else "of_monitors"
        yield "availability", words[code].format(share=percentage(said["uptime"]), count=said["monitors"])
    if said["worst"]:
        yield "worst", _listed((name, percentage(share)) for name, share in said["worst"])
    yield "outages", _outages(said, language)
    if said["slowest"]:
        yield "slowest", _listed((name, _time(milliseconds, language)) for name, milliseconds in said["slowest"])
    if said["certificates"]:
        ends = [(name, _day(datetime.fromisoformat(at).date(), language)) for name, at in said["certificates"]]
        yield "certificates", _and_more(_listed(ends), said["many_certificates"] - len(ends), language)
    yield "failed", _failed(said, language)
    yield "drill", _drill(said["drill"], language)


def _outages(said: Mapping[str, Any], language: Language) -> str:
    words = summary_words(language)
    if not said["outages"]:
        return words["none"]
    if said["longest"] is None:
        return str(said["outages"])
    name, seconds = said["longest"]
    lasted = duration(timedelta(seconds=seconds), language)
    return words["longest"].format(count=said["outages"], duration=lasted, name=one_line(name, MAX_NAME))


def _failed(said: Mapping[str, Any], language: Language) -> str:
    words = summary_words(language)
    if not said["failed"]:
        return words["none"]
    channels = _listed((channel, str(count)) for channel, count in said["failed"].items())
    return words["by_channel"].format(count=said["many_failed"], channels=channels)


def _drill(drill: Mapping[str, Any] | None, language: Language) -> str:
    words = summary_words(language)
    if drill is None:
        return words["no_drill"]
    failed = one_line(", ".join(drill["failed"]), MAX_NAMES)
    code = "drill_ok" if drill["ok"] else "drill_bad_on" if failed else "drill_bad"
    text = words[code].format(time=time_text(datetime.fromisoformat(drill["at"])), channels=failed)
    by = one_line(drill["acknowledged_by"] or "", MAX_NAME)
    return words["drill_by"].format(drill=text, name=by) if by else text


def _time(milliseconds: float, language: Language) -> str:
    if milliseconds < _SECOND:
        return summary_words(language)["milliseconds"].format(count=round(milliseconds))
    return seconds_text(milliseconds / _SECOND, language)


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{one_line(name, _LONGEST_NAME)} {text}" for name, text in pairs)


def _and_more(names: str, left: int, language: Language) -> str:
    return words_of(language).MESSAGES["more"].format(names=names, count=left) if left > 0 else names


def _days(said: Mapping[str, Any], language: Language) -> str:
    """The days that it is about: ``22 Nov``, ``last week, 16–22 Nov``, ``29 Nov – 5 Dec``."""
    words, first, last = summary_words(language), date.fromisoformat(said["from"]), date.fromisoformat(said["to"])
    if first == last:
        return _day(first, language)
    if (first.year, first.month) == (last.year, last.month):
        days = words["days"].format(first=first.day, last=last.day, month=_month(first, language))
    else:
        days = words["days_of_months"].format(first=_day(first, language), last=_day(last, language))
    return words["week"].format(days=days) if last - first == _WEEK - timedelta(days=1) else days


def _day(day: date, language: Language) -> str:
    return summary_words(language)["day"].format(day=day.day, month=_month(day, language))


def _month(day: date, language: Language) -> str:
    return summary_words(language)["months"].split()[day.month - 1]
