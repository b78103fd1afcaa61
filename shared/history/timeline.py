"""The history of one monitor, from several sources, in one order; and which checks are worth a line. Pure.

A page of it begins behind a ``Place`` and ends at one, where the next page begins, whatever was added meanwhile.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from operator import itemgetter
from typing import Any, NamedTuple

from shared.history.uptime import withdraw
from shared.models.values import MAX_ID

Row = Mapping[str, Any]
# The text of a place, beginning with a time of the one width.
PLACE = r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)~([0-8])~([0-9]{1,19})$"


class Source(IntEnum):
    """The sources of moments. At the same time, a cause comes before its effect."""

    WINDOW_ENDS = 0
    WINDOW_BEGINS = 1
    CHECK = 2
    STATE_CHANGE = 3
    ALERT_OPENED = 4
    ALERT_ACKNOWLEDGED = 5
    ALERT_RESOLVED = 6
    NOTIFICATION = 7
    ALERT_REOPENED = 8


class Place(NamedTuple):
    """The place of a moment: ``at`` is a time as text, ``id`` that of its row."""

    at: str
    source: Source
    id: int

    def within(self, source: Source) -> tuple[str, int]:
        """The time and the id behind which a source goes on."""
        if source == self.source:
            return self.at, self.id
        return self.at, -1 if source > self.source else MAX_ID

    def __str__(self) -> str:
        return f"{self.at}~{int(self.source)}~{self.id}"


def place_of(text: str) -> Place:
    """The place that ``text`` names. Raises ValueError if it names none."""
    found = re.fullmatch(PLACE, text)
    if found is None or int(found[3]) > MAX_ID:
        raise ValueError("the place of a moment")
    datetime.fromisoformat(found[1])
    return Place(found[1], Source(int(found[2])), int(found[3]))


class Moment(NamedTuple):
    """One thing that happened: a row of its source."""

    place: Place
    row: Row


def worth_a_line(checks: Sequence[Row], before: Row | None, following: Row | None) -> list[Row]:
    """The checks without those that succeeded between two that did too.

    ``before`` and ``following``: the check before the first one and after the last one, if there are any.
    """
    rows = [before, *checks, following]
    return [
        check
        for check, earlier, later in zip(checks, rows, rows[2:], strict=False)
        if not (check["is_success"] and _is_success(earlier) and _is_success(later))
    ]


def _is_success(row: Row | None) -> bool:
    return row is not None and bool(row["is_success"])


def standing(rows: Iterable[Row], before: Row | None = None) -> list[Row]:
    """The changes of state that hold, oldest first, each from the state that held until then.

    A report that was long on its way may show that a monitor was not UNKNOWN, or not in a state that was noticed
    earlier. ``before``: the last change that was noticed of those that come before all of these.
    """
    noticed: list[Row] = []
    for row in sorted(rows if before is None else [before, *rows], key=itemgetter("id")):
        withdraw(noticed, row["at"], itemgetter("at"))
        noticed.append(row)
    if before is None:
        noticed = [{"to_state": noticed[0]["from_state"]}, *noticed] if noticed else []
    pairs = ((former["to_state"], row) for former, row in itertools.pairwise(noticed))
    return [{**row, "from_state": state} for state, row in pairs if row["to_state"] != state]


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
