"""What happened to one monitor, from several sources, in one order; and which checks are worth a line. Pure.

A page of it begins behind a ``Place`` and ends at one, where the next page begins, whatever was added meanwhile.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple

Row = Mapping[str, Any]
# The text of a place, beginning with a time of the one width.
PLACE = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)~([0-7])~([0-9]{1,19})$"
# The greatest id.
_BEHIND = 2**63 - 1


class Source(IntEnum):
    """Where a moment comes from. At the same time, what causes something comes before it."""

    WINDOW_ENDS = 0
    WINDOW_BEGINS = 1
    CHECK = 2
    STATE_CHANGE = 3
    ALERT_OPENED = 4
    ALERT_ACKNOWLEDGED = 5
    ALERT_RESOLVED = 6
    NOTIFICATION = 7


class Place(NamedTuple):
    """Where a moment stands: ``at`` is a time as text, ``id`` that of its row."""

    at: str
    source: Source
    id: int

    def within(self, source: Source) -> tuple[str, int]:
        """The time and the id behind which a source goes on."""
        if source == self.source:
            return self.at, self.id
        return self.at, -1 if source > self.source else _BEHIND

    def __str__(self) -> str:
        return f"{self.at}~{int(self.source)}~{self.id}"


def place_of(text: str) -> Place:
    """The place that ``text`` names. Raises ValueError if it names none."""
    found = re.fullmatch(PLACE, text)
    if found is None or int(found[3]) > _BEHIND:
        raise ValueError("the place of a moment")
    datetime.fromisoformat(found[1])
    return Place(found[1], Source(int(found[2])), int(found[3]))


class Moment(NamedTuple):
    """One thing that happened: a row of its source."""

    place: Place
    row: Row


class Check(NamedTuple):
    """A check and what counts of it: how many failures, or successes, in a row it is the last of.

    ``is_late``: a newer check had counted before it arrived, so that it counted for nothing.
    """

    row: Row
    failures: int
    successes: int
    is_late: bool


def counted(rows: Sequence[Row], before: Sequence[Row] = ()) -> list[Check]:
    """The checks of ``rows``, which are in the order of their times. ``before``: some that came before them."""
    found: list[Check] = []
    failures = successes = 0
    everything = [*before, *rows]
    for row, is_late in zip(everything, _late(everything), strict=True):
        if is_late:
            found.append(Check(row, 0, 0, is_late=True))
            continue
        if row["is_success"]:
            failures, successes = 0, successes + 1
        elif not row["is_inconclusive"]:
            failures, successes = failures + 1, 0
        found.append(Check(row, failures, successes, is_late=False))
    return found[len(before) :]


def _late(rows: Sequence[Row]) -> list[bool]:
    """For each row whether one with a newer time arrived before it: ids grow with the arrival."""
    late: list[bool] = []
    first_of_newer = first_at_time = _BEHIND
    time = ""
    for row in reversed(rows):
        if row["timestamp"] != time:
            # At equal times the later arrival is the newer.
            first_of_newer, time = min(first_of_newer, first_at_time), row["timestamp"]
        first_at_time = min(first_at_time, row["id"])
        late.append(row["id"] > first_of_newer)
    return late[::-1]


def worth_a_line(checks: Sequence[Check], before: Row | None, following: Row | None) -> list[Check]:
    """The checks without those that succeeded between two that did too.

    ``before`` and ``following``: the check before the first one and after the last one, if there are any.
    """
    rows = [before, *(check.row for check in checks), following]
    return [
        check
        for check, earlier, later in zip(checks, rows, rows[2:], strict=False)
        if not (check.row["is_success"] and _is_success(earlier) and _is_success(later))
    ]


def _is_success(row: Row | None) -> bool:
    return row is not None and bool(row["is_success"])


def page_of(moments: Iterable[Moment], limit: int, horizon: Place | None = None) -> tuple[list[Moment], Place | None]:
    """The first ``limit`` moments in their order, and the place where the next page begins: None after the last one.

    Each source has to give one moment more than ``limit``, if it has as many. ``horizon``: up to here the sources were
    read; what lies behind it is left to the next page.
    """
    ordered = sorted(moments, key=lambda moment: moment.place)
    if horizon is not None:
        ordered = [moment for moment in ordered if moment.place <= horizon]
    if len(ordered) > limit:
        return ordered[:limit], ordered[limit - 1].place
    return ordered, horizon


def reason_of(check: Check, state: str | None, change: Row | None) -> str | None:
    """Why a check changed the monitor's state, or did not. The same words as those of ``state_changes``.

    None if that is not recorded. ``state``: the monitor's state after the check, None before the first change.
    ``change``: the change that the check made, if it made one.
    """
    row = check.row
    if check.is_late:
        return "late"
    if change is not None:
        return str(change["reason"])
    if not row["is_success"] and row["is_inconclusive"]:
        return "inconclusive"
    if state is None:
        return None
    if state in ("MAINTENANCE", "PAUSED"):
        return "maintenance" if state == "MAINTENANCE" else "not_watched"
    if row["is_success"]:
        return "recovering" if state == "DOWN" else "healthy"
    return "still_down" if state == "DOWN" else "below_threshold"
