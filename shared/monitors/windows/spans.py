"""The spans of a recurring window, by the wall clock of its zone, also on the days that change the clock. Pure.

A time that a night lacks comes an hour later; one that a night has twice counts once.
"""

import functools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

_MINUTE = timedelta(minutes=1)
# Whatever happens at all happens within the 28 years after which the days of the week return.
_YEARS = timedelta(days=28 * 366)
# Where a rule begins that does not say it: a Monday.
_FIRST = datetime(2024, 1, 1)


class Span(NamedTuple):
    """From ``starts_at`` on, until before ``ends_at``. Both in UTC."""

    starts_at: datetime
    ends_at: datetime

    def covers(self, at: datetime) -> bool:
        """Whether a time lies in it."""
        return self.starts_at <= at < self.ends_at


class Recurrence(NamedTuple):
    """Spans of ``seconds`` that begin as the ``text`` of a ``rule``, ``cron`` or ``rrule``, says in a zone."""

    rule: str
    text: str
    time_zone: str
    seconds: float

    def span_at(self, at: datetime) -> Span | None:
        """The span that covers this time. If several do, that which began last, which also ends last."""
        return _spans(self).at(at)

    def last(self, at: datetime) -> datetime | None:
        """When a span began last, not after this time; None if none has."""
        return _spans(self).before(at)

    def spans(self, since: datetime) -> Iterator[Span]:
        """The spans that end after ``since``, by their beginnings."""
        spans = _spans(self)
        now = spans.at(since)
        if now is not None:
            yield now
        at = since
        while (following := spans.after(at)) is not None:
            yield following
            at = following.starts_at


def occurs(rule: str, text: str) -> bool:
    """Whether the text of a rule is one, and something of it is still to come or was."""
    try:
        begins = _beginnings(rule, text, UTC)
        return begins.after(_FIRST.replace(tzinfo=UTC)) is not None
    except Exception:  # noqa: BLE001  # the libraries raise whatever their parsers stumble over
        return False


class _Cron:
    def __init__(self, text: str, zone: tzinfo) -> None:
        from cronsim import CronSim

        self._text, self._zone, self._class = text, zone, CronSim
        self.after(_FIRST.replace(tzinfo=UTC))  # raises if the text is no cron line

    def before(self, at: datetime) -> datetime | None:
        """The last beginning that is not after ``at``."""
        # The library counts in whole minutes, and looks for what lies before.
        local = at.astimezone(self._zone).replace(second=0, microsecond=0)
        found = self._first(local + _MINUTE, is_reverse=True)
        # Where the clock goes back, an hour comes twice, and only one of the two is the right one.
        return found if found is None or found <= at else self._first(local - timedelta(hours=1), is_reverse=True)

    def after(self, at: datetime) -> datetime | None:
        """The first beginning after ``at``."""
        return self._first(at.astimezone(self._zone), is_reverse=False)

    def _first(self, local: datetime, *, is_reverse: bool) -> datetime | None:
        found: datetime | None = next(self._class(self._text, local, reverse=is_reverse), None)
        return found.astimezone(UTC) if found else None


class _Rule:
    def __init__(self, text: str, zone: tzinfo) -> None:
        from dateutil.rrule import rrulestr

        # The wall clock's times are counted without a zone, which is attached afterwards.
        naive = re.sub(r";TZID=[^:;\n]*", "", text, flags=re.IGNORECASE)
        self._rule: Any = rrulestr(naive, dtstart=_FIRST, ignoretz=True, cache=True)
        self._zone = zone

    def before(self, at: datetime) -> datetime | None:
        """The last beginning that is not after ``at``."""
        return self._in_utc(self._rule.before(self._naive(at), inc=True), is_before=True, at=at)

    def after(self, at: datetime) -> datetime | None:
        """The first beginning after ``at``."""
        return self._in_utc(self._rule.after(self._naive(at)), is_before=False, at=at)

    def _naive(self, at: datetime) -> datetime:
        return at.astimezone(self._zone).replace(tzinfo=None)

    def _in_utc(self, found: datetime | None, *, is_before: bool, at: datetime) -> datetime | None:
        if found is None:
            return None
        utc = found.replace(tzinfo=self._zone).astimezone(UTC)
        # On a night that changes the clock, the order by the wall clock may be another one.
        if is_before and utc > at:
            return self._in_utc(self._rule.before(found), is_before=True, at=at)
        if not is_before and utc <= at:
            return self._in_utc(self._rule.after(found), is_before=False, at=at)
        return utc


def _beginnings(rule: str, text: str, zone: tzinfo) -> _Cron | _Rule:
    return _Cron(text, zone) if rule == "cron" else _Rule(text, zone)


class _Spans:
    """The spans of one recurrence. It remembers where it looked last: events come thousands of times in a span."""

    def __init__(self, recurrence: Recurrence) -> None:
        from zoneinfo import ZoneInfo

        self._length = timedelta(seconds=recurrence.seconds)
        self._begins = _beginnings(recurrence.rule, recurrence.text, ZoneInfo(recurrence.time_zone))
        # What was found, and from when to when it is true.
        self._known: tuple[datetime, datetime, Span | None] | None = None

    def at(self, at: datetime) -> Span | None:
        """The span that covers ``at``."""
        known = self._known
        if known is None or not known[0] <= at < known[1]:
            start, following = self._begins.before(at), self._begins.after(at)
            span = Span(start, start + self._length) if start else None
            known = self._known = (start or at, following or at + _YEARS, span)
        return known[2] if known[2] and known[2].covers(at) else None

    def before(self, at: datetime) -> datetime | None:
        """The last beginning that is not after ``at``."""
        return self._begins.before(at)

    def after(self, at: datetime) -> Span | None:
        """The first span that begins after ``at``."""
        start = self._begins.after(at)
        return Span(start, start + self._length) if start else None


@functools.lru_cache(maxsize=1_000)
def _spans(recurrence: Recurrence) -> _Spans:
    return _Spans(recurrence)
