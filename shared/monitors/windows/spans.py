"""The spans of a recurring window, by the wall clock of its zone, also on the days that change the clock. Pure.

A time that a night lacks comes an hour later; one that a night has twice counts once.
"""

import functools
import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

_MINUTE = timedelta(minutes=1)
# Every rule that ever begins does so within the 28 years after which the days of the week return.
_YEARS = timedelta(days=28 * 366)
_YEAR = timedelta(days=366)
# No clock is moved by as much.
_DAY = timedelta(days=1)
# The beginning of a rule that says none: a Monday.
_FIRST = datetime(2024, 1, 1)
_TZID = re.compile(r"(?i);TZID=[^:;\n]*")
# Its parameters come in any order.
_DTSTART = re.compile(
    r"(?i)\bDTSTART(?:;VALUE=DATE-TIME)?(?:;TZID=\"?([^:;\"\n]*)\"?)?(?:;VALUE=DATE-TIME)?:\d{8}(?:T\d{6}(Z)?)?"
)
_IN_UTC = re.compile(r"(?i)\b(\d{8}T\d{6})Z")
_STAMP = "%Y%m%dT%H%M%S"


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

    def last_span(self, at: datetime) -> Span | None:
        """The span that began last, not after this time; None if none has begun."""
        began_at = self.last(at)
        return Span(began_at, began_at + timedelta(seconds=self.seconds)) if began_at else None

    def has_an_end(self) -> bool:
        """Whether there is ever a time, within a year of its first span, that no span covers."""
        length = timedelta(seconds=self.seconds)
        if self.rule != "cron":
            return _has_gap(_Rule(self.text, UTC).since(_FIRST), length)
        # Every day that has beginnings has the same. Those of a year would be half a million.
        minute, hour, days = self.text.split(maxsplit=2)
        since_midnight = _Line(f"{minute} {hour} * * *", UTC).since(_FIRST)
        times = list(itertools.takewhile(lambda begin: begin < _FIRST + _DAY, since_midnight))
        if any(begin + length < following for begin, following in itertools.pairwise(times)):
            return True
        return _has_gap(_Line(f"0 0 {days}", UTC).since(_FIRST), length + (times[-1] - times[0]))

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


def _has_gap(begins: Iterable[datetime], length: timedelta) -> bool:
    """Whether a time is in none of the spans that begin within a year of the first."""
    first = ends_at = None
    for begin in begins:
        if ends_at is not None and ends_at < begin:
            return True
        first = first or begin
        if begin > first + _YEAR:
            return False
        ends_at = begin + length
    return True


def occurs(rule: str, text: str) -> bool:
    """Whether the text of a rule is one, and something of it is still to come or was."""
    try:
        begins = _beginnings(rule, text, UTC)
        return begins.after(_FIRST.replace(tzinfo=UTC)) is not None
    except Exception:  # noqa: BLE001  # the libraries raise whatever their parsers stumble over
        return False


class _Running:
    """The beginnings of a cron line such as ``*/15 * * * *``, which comes as time passes, whatever the clock shows."""

    def __init__(self, text: str, zone: tzinfo) -> None:
        from cronsim import CronSim

        self._text, self._zone, self._class = text, zone, CronSim

    def before(self, at: datetime) -> datetime | None:
        """The last beginning that is not after ``at``."""
        # The library counts in whole minutes, and looks for what lies before.
        return self._next(at.replace(second=0, microsecond=0) + _MINUTE, is_reverse=True)

    def after(self, at: datetime) -> datetime | None:
        """The first beginning after ``at``."""
        return self._next(at, is_reverse=False)

    def _next(self, at: datetime, *, is_reverse: bool) -> datetime | None:
        found = next(self._class(self._text, at.astimezone(self._zone), reverse=is_reverse), None)
        return found.astimezone(UTC) if found else None


class _ByClock(ABC):
    """The beginnings of a cron line or a rule, at the times that the clock of a zone shows.

    Those are counted without the zone, which is attached afterwards.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    @abstractmethod
    def _last(self, until: datetime) -> datetime | None:
        """The last time until then."""

    @abstractmethod
    def _first(self, since: datetime) -> datetime | None:
        """The first time from then on."""

    @abstractmethod
    def _between(self, since: datetime, until: datetime) -> Iterable[datetime]:
        """The times from one to the other."""

    def before(self, at: datetime) -> datetime | None:
        """The last beginning that is not after ``at``."""
        naive = self._naive(at)
        # On a night that changes the clock, times come in another order than by the wall clock: look a day around.
        passed = self._last(naive - _DAY) or naive
        return max((begin for begin in self._begins(passed - _DAY, naive + _DAY) if begin <= at), default=None)

    def after(self, at: datetime) -> datetime | None:
        """The first beginning after ``at``."""
        naive = self._naive(at)
        to_come = self._first(naive + _DAY) or naive
        return min((begin for begin in self._begins(naive - _DAY, to_come + _DAY) if begin > at), default=None)

    def _naive(self, at: datetime) -> datetime:
        return at.astimezone(self._zone).replace(tzinfo=None)

    def _begins(self, since: datetime, until: datetime) -> Iterator[datetime]:
        for found in self._between(since, until):
            yield found.replace(tzinfo=self._zone).astimezone(UTC)


class _Line(_ByClock):
    def __init__(self, text: str, zone: tzinfo) -> None:
        from cronsim import CronSim

        super().__init__(zone)
        self._text, self._class = text, CronSim

    def _last(self, until: datetime) -> datetime | None:
        # See _Running.
        return next(self._class(self._text, until.replace(second=0, microsecond=0) + _MINUTE, reverse=True), None)

    def _first(self, since: datetime) -> datetime | None:
        return next(self.since(since), None)

    def _between(self, since: datetime, until: datetime) -> Iterable[datetime]:
        return itertools.takewhile(lambda found: found <= until, self.since(since))

    def since(self, since: datetime) -> Iterator[datetime]:
        """The times from then on, by the clock."""
        return iter(self._class(self._text, since - _MINUTE))


class _Rule(_ByClock):
    def __init__(self, text: str, zone: tzinfo) -> None:
        from dateutil.rrule import rrulestr

        super().__init__(_zone_of(text, zone))
        self._rule: Any = rrulestr(_without_zones(text, self._zone), dtstart=_FIRST, ignoretz=True, cache=True)

    def _last(self, until: datetime) -> datetime | None:
        found: datetime | None = self._rule.before(until, inc=True)
        return found

    def _first(self, since: datetime) -> datetime | None:
        found: datetime | None = self._rule.after(since, inc=True)
        return found

    def _between(self, since: datetime, until: datetime) -> Iterable[datetime]:
        found: list[datetime] = self._rule.between(since, until, inc=True)
        return found

    def since(self, since: datetime) -> Iterator[datetime]:
        """The times from then on, by the clock."""
        found: Iterator[datetime] = self._rule.xafter(since, inc=True)
        return found


def _zone_of(text: str, otherwise: tzinfo) -> tzinfo:
    """The zone that a rule's days and times are in: that of its DTSTART, if that has one."""
    from zoneinfo import ZoneInfo

    begin = _DTSTART.search(text)
    if begin and begin[2]:
        return UTC
    try:
        return ZoneInfo(begin[1]) if begin and begin[1] else otherwise
    except (ValueError, OSError, LookupError):
        return otherwise  # calendars also have names of their own, such as those of Windows


def _without_zones(text: str, zone: tzinfo) -> str:
    """A rule whose times in UTC, such as an UNTIL, are those that the clock of its zone shows."""

    def shown(found: re.Match[str]) -> str:
        return datetime.strptime(found[1].upper(), _STAMP).replace(tzinfo=UTC).astimezone(zone).strftime(_STAMP)

    return _IN_UTC.sub(shown, _TZID.sub("", text))


def _beginnings(rule: str, text: str, zone: tzinfo) -> _Running | _ByClock:
    if rule != "cron":
        return _Rule(text, zone)
    minute, hour, *_ = text.split()
    return _Running(text, zone) if "*" in (minute[0], hour[0]) else _Line(text, zone)


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
