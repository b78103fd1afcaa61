"""A month of monitors: what the API says of it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from infra.asking.api import Backend, NotAnswered
from shared.history.buckets import floor
from shared.models import as_text
from shared.store.upkeep.retention import HOURS_SECONDS

_FACTS = ("uptime", "downtime_seconds", "outages", "checks", "failures")


class UnknownGroup(Exception):
    """No monitor is in the group."""

    def __init__(self, group: str) -> None:
        super().__init__(f"there is no group {group!r}")


class Month(NamedTuple):
    """A month by this machine's clock (TZ)."""

    year: int
    number: int

    @property
    def starts_at(self) -> datetime:
        """Its first moment."""
        return datetime(self.year, self.number, 1).astimezone()

    @property
    def ends_at(self) -> datetime:
        """The first moment of the next one."""
        return self.next().starts_at

    def next(self) -> "Month":
        """The following one."""
        return Month(self.year + 1, 1) if self.number == 12 else Month(self.year, self.number + 1)

    def previous(self) -> "Month":
        """The one before."""
        return Month(self.year - 1, 12) if self.number == 1 else Month(self.year, self.number - 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


class Line(NamedTuple):
    """How available one monitor was, or all of them (``name`` is None). ``uptime``: None if nobody knew.

    ``recorded_since``: before then nobody knows how the monitor was; None if nothing was ever recorded, and of all.
    """

    name: str | None
    group: str | None
    uptime: float | None
    downtime_seconds: float
    outages: int
    checks: int
    failures: int
    recorded_since: str | None = None


class Report(NamedTuple):
    """All monitors, or those of one ``group``, in the order of their groups and names, and their ``total``.

    ``is_counted_by_utc_days``: so are checks and failures, since the hours in which the month begins or ends are gone.
    """

    month: Month
    group: str | None
    is_over: bool
    is_counted_by_utc_days: bool
    monitors: list[Line]
    total: Line

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "month": str(self.month),
            "from": self.month.starts_at.isoformat(),
            "to": self.month.ends_at.isoformat(),
            "group": self.group,
            "is_over": self.is_over,
            "is_counted_by_utc_days": self.is_counted_by_utc_days,
            "monitors": [line._asdict() for line in self.monitors],
            "total": {name: getattr(self.total, name) for name in _FACTS},
        }


def read(backend: Backend, month: Month, group: str | None, now: datetime) -> Report:
    """Ask for each monitor's month.

    Raises:
        NotAnswered: the system does not answer.
        UnknownGroup: no monitor is in this group.
    """
    span = {"from": as_text(month.starts_at), "to": as_text(month.ends_at), "step": "whole"}
    try:
        monitors = list(backend.pages("/monitors", "monitors", group=group))
        if group is not None and not monitors:
            raise UnknownGroup(group)
        lines = []
        for monitor in monitors:
            found = backend.get(f"/monitors/{monitor['id']}/history", **span)
            [bucket] = found["history"]
            line = _line(monitor["name"], (monitor["policy"] or {}).get("group"), bucket)
            lines.append(line._replace(recorded_since=found["recorded_since"]))
        whole = next(each for each in backend.get("/history", **span, group=group)["history"] if each["group"] == group)
    except (KeyError, TypeError, ValueError, StopIteration):
        raise NotAnswered("the answer is none of this version: expected Bonghwa's backend there") from None
    lines.sort(key=lambda line: (line.group is None, line.group or "", line.name or ""))
    by_days = any(_is_inside_a_pruned_day(edge, now) for edge in (month.starts_at, month.ends_at))
    return Report(month, group, month.ends_at <= now, by_days, lines, _line(None, group, whole))


def _is_inside_a_pruned_day(at: datetime, now: datetime) -> bool:
    """Whether a day in UTC is cut there whose hours are kept no more."""
    begins_at = floor(at.astimezone(UTC), "day")
    return begins_at < min(at, now - timedelta(seconds=HOURS_SECONDS))


def _line(name: str | None, group: str | None, bucket: Mapping[str, Any]) -> Line:
    return Line(name, group, *(bucket[fact] for fact in _FACTS))
