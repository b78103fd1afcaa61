"""How everything is, as the overview shows it: each monitor as a line, what is wrong, and who is on it."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from functions.dashboard.visit import Visit
from shared.alerting.health import OVERDUE, Health, HealthFacts
from shared.channels import configured
from shared.history.buckets import floor
from shared.models import Agent, Alert, AlertKind, as_time
from shared.pages.states import ORDER, Shown, shown_state
from shared.store import Bucket, Row

DAY, MONTH = timedelta(hours=24), timedelta(days=30)
HOURS = 24
_SHARED = timedelta(seconds=8)
# The facts of the store that was asked last.
_known: dict[int, tuple[datetime, Mapping[int, Sequence[Bucket]]]] = {}


class Line(NamedTuple):
    """A monitor in a list. ``hours``: how available it was in each of the last 24; ``month``: in 30 days."""

    id: int
    name: str
    group: str
    tags: Sequence[str]
    target: str
    shown: Shown
    since: datetime | None
    checked_at: datetime | None
    last_ms: float | None
    hours: Sequence[Bucket]
    month: Bucket


class Facts(NamedTuple):
    """How everything is. ``checked_by``: the names of the monitors that one agent alone checks, by agent."""

    lines: Sequence[Line]
    alerts: Sequence[Alert]
    messages: Mapping[int, Sequence[Row]]
    notes: Mapping[int, Row]
    attempts: Sequence[Row]
    channels: Sequence[str]
    agents: Sequence[Agent]
    owed: int
    health: Health
    health_facts: HealthFacts
    version: int
    checked_by: Mapping[str, Sequence[str]]

    def count(self, shown: Shown) -> int:
        """How many monitors are in a state."""
        return sum(line.shown == shown for line in self.lines)

    @property
    def worst(self) -> Shown | None:
        """The worst state of any monitor; None if nothing is watched."""
        return min((line.shown for line in self.lines), key=ORDER.index, default=None)

    @property
    def unhandled(self) -> int:
        """How many outages nobody has acknowledged, without those that follow from another one."""
        return sum(
            alert.kind is AlertKind.OUTAGE and alert.status == "OPEN" and alert.suppressed_by is None
            for alert in self.alerts
        )


def facts_of(visit: Visit) -> Facts:
    """How everything is now."""
    channels, at = configured(), visit.at
    now = visit.store.visits.overview.now(list(channels), late=at - OVERDUE)
    past = _past(visit)
    slow = {alert.subject for alert in now.alerts if alert.kind is AlertKind.DEGRADED}
    nothing = [Bucket()] * (HOURS + 1)
    health, health_facts = visit.store.judge_health(visit.settings, now=at)
    return Facts(
        [_line(row, row["name"] in slow, past.get(row["id"], nothing)) for row in now.monitors],
        now.alerts,
        now.messages,
        now.notes,
        now.attempts,
        list(channels),
        now.agents,
        sum(row["owed"] for row in now.owed),
        health,
        health_facts,
        now.version,
        now.checked_by,
    )


def _past(visit: Visit) -> Mapping[int, Sequence[Bucket]]:
    """How available each monitor was: in the month before the last 24 hours, and in each of these.

    It takes most of the time of a page, and hardly changes: several who look share it for some seconds.
    """
    key = hash(visit.settings.database_url)
    known = _known.get(key)
    if known is None or not known[0] <= visit.at < known[0] + _SHARED:
        known = visit.at, visit.store.boards.past(_edges(visit.at), now=visit.at)
        _known.clear()
        _known[key] = known
    return known[1]


def _edges(at: datetime) -> list[datetime]:
    """A month, of which the last 24 hours are buckets of their own."""
    first = floor(at, "hour") - timedelta(hours=HOURS - 1)
    return [at - MONTH, *(first + timedelta(hours=number) for number in range(HOURS)), at + timedelta(milliseconds=1)]


def _line(row: Row, is_slow: bool, past: Sequence[Bucket]) -> Line:
    state = row["state"] if row["is_watched"] else "PAUSED"
    month = Bucket()
    for part in past:
        month = month.plus(part)
    return Line(
        row["id"],
        row["name"],
        row["group_name"] or "",
        tags_of(row),
        row["target_url"],
        shown_state(state, is_slow=is_slow),
        as_time(row["since"]),
        as_time(row["last_checked_at"]),
        row["response_us"] / 1000 if (row["response_us"] or -1) >= 0 else None,
        past[1:],
        month,
    )


def tags_of(row: Row) -> Sequence[str]:
    """The tags of a monitor."""
    return tuple(json.loads(row["tags"])) if row["tags"] else ()
