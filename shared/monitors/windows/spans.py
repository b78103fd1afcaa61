"""The spans of a recurring window, by the wall clock of its zone, also on the days that change the clock. Pure.

A time that a night lacks comes an hour later; one that a night has twice counts once.
"""

import functools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

_NONE = timedelta(0)
_MINUTE = timedelta(minutes=1)
# Every rule that ever begins does so within the 28 years after which the days of the week return.
_YEARS = timedelta(days=28 * 366)
# No clock is moved by as much.
_DAY = timedelta(days=1)
# The beginning of a rule that says none: a Monday.
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
        # In the second pass of an hour that comes twice, the first pass is over, also what is later by the wall clock.
        repeated = (local.replace(fold=0).utcoffset() or _NONE) - (local.utcoffset() or _NONE)
        found = self._from(local + repeated + _MINUTE, is_reverse=True)
        return next((begin for begin in found if begin <= at), None)

    def after(self, at: datetime) -> datetime | None:
        """The first beginning after ``at``."""
        found = self._from(at.astimezone(self._zone), is_reverse=False)
        return next((begin for begin in found if begin > at), None)

    def _from(self, local: datetime, *, is_reverse: bool) -> Iterator[datetime]:
        for found in self._class(self._text, local, reverse=is_reverse):
            yield found.astimezone(UTC)


class _Rule:
    def __init__(self, text: str, zone: tzinfo) -> None:
        from dateutil.rrule import rrulestr

        # The wall clock's times are counted without a zone, which is attached afterwards.
        naive = re.sub(r";TZID=[^:;\n]*", "", text, flags=re.IGNORECASE)
        self._rule: Any = rrulestr(naive, dtstart=_FIRST, ignoretz=True, cache=True)
        self._zone = zone

    def before(self, at: datetime) -> datetime | None:
        """The last beginning that is not after ``at``."""
        naive = self._naive(at)
        # On a night that changes the clock, times come in another order than by the wall clock: look a day around.
        passed = self._rule.before(naive - _DAY, inc=True) or naive
        return max((begin for begin in self._between(passed - _DAY, naive + _DAY) if begin <= at), default=None)

    def after(self, at: datetime) -> datetime | None:
        """The first beginning after ``at``."""
        naive = self._naive(at)
        to_come = self._rule.after(naive + _DAY, inc=True) or naive
        return min((begin for begin in self._between(naive - _DAY, to_come + _DAY) if begin > at), default=None)

    def _naive(self, at: datetime) -> datetime:
        return at.astimezone(self._zone).replace(tzinfo=None)

    def _between(self, since: datetime, until: datetime) -> Iterator[datetime]:
        for found in self._rule.between(since, until, inc=True):
            yield found.replace(tzinfo=self._zone).astimezone(UTC)


def _beginnings(rule: str, text: str, zone: tzinfo) -> _Cron | _Rule:
    return _Cron(text, zone) if rule == "cron" else _Rule(text, zone)


class _Spans:
    """The spans of one recurrence. It remembers where it looked last: events come thousands of times in a span."""

    def __init__(self, recurrence: Recurrence) -> None:
        from zoneinfo import ZoneInfo

        self._length = timedelta(seconds=recurrence.seconds)
        self._begins = _beginnings(recurrence.rule, recurrence.text, ZoneInfo(recurrence.time_zone))
        # A finding, and from when to when it is true.
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
