"""The table ``packs``: a monitor's hours or days that are over, of some days in each row. ``rollups`` has the rest."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from shared.history.buckets import LENGTHS
from shared.history.packing import packed, unpacked
from shared.history.rollup import Key, Rollup
from shared.models import as_text
from shared.store.engines.database import Transaction, in_parts
from shared.store.tables.scope import Scope

_LENGTHS = {"hour": LENGTHS["hour"], "day": LENGTHS["day"]}
# 16 and 128 days. With more of them in a row, the rows take less room, but a question and a late event cost more.
_IN_A_PART = {"hour": 384, "day": 128}
_FIRST = datetime(1, 1, 1, tzinfo=UTC)

_OF_PART = "monitor_id = :monitor_id AND step = :step AND part = :part"
_PUT = """
    INSERT INTO packs (monitor_id, step, part, starts_at, last_at, content)
    VALUES (:monitor_id, :step, :part, :starts_at, :last_at, :content)
    ON CONFLICT (monitor_id, step, part) DO UPDATE
    SET starts_at = excluded.starts_at, last_at = excluded.last_at, content = excluded.content"""


class Part(NamedTuple):
    """The key of a row: a monitor's hours or days within some days, which have a number."""

    monitor_id: int
    step: str
    part: int

    @classmethod
    def of(cls, key: Key) -> "Part":
        """The row that a rollup belongs into."""
        return cls(key.monitor_id, key.step, number_of(key.step, key.starts_at) // _IN_A_PART[key.step])

    @property
    def edges(self) -> tuple[str, str]:
        """When its first hour or day begins, and when its last one ends."""
        first = self.part * _IN_A_PART[self.step]
        return time_of(self.step, first), time_of(self.step, first + _IN_A_PART[self.step])


class Pack(NamedTuple):
    """The content of a row."""

    part: Part
    starts_at: str
    last_at: str
    content: bytes

    @classmethod
    def of(cls, part: Part, rollups: Mapping[int, Rollup]) -> "Pack":
        """The row with these rollups, of which there is one at least, by their numbers."""
        first, last = (time_of(part.step, number) for number in (min(rollups), max(rollups)))
        return cls(part, first, last, packed(rollups))


def number_of(step: str, at: str) -> int:
    """The number of the hour or day at that time."""
    return (datetime.fromisoformat(at) - _FIRST) // _LENGTHS[step]


@functools.lru_cache(maxsize=10_000)
def time_of(step: str, number: int) -> str:
    """When an hour or a day begins."""
    return as_text(_FIRST + number * _LENGTHS[step])


def packed_between(
    transaction: Transaction, scope: Scope | None, step: str, since: str, until: str
) -> Iterator[tuple[Key, Rollup]]:
    """The rollups of hours or days that begin in ``[since, until)``. Without a scope: also of removed monitors."""
    of_scope = f" AND {scope.condition}" if scope else ""
    sql = f"""SELECT monitor_id, content FROM packs
        WHERE step = :step AND starts_at < :until AND last_at >= :since{of_scope}"""  # noqa: S608  # our own text
    rows = transaction.rows(sql, step=step, since=since, until=until, **(scope.parameters if scope else {}))
    wanted = range(_next(step, since), _next(step, until))
    for row in rows:
        for number, rollup in unpacked(row["content"], wanted).items():
            yield Key(row["monitor_id"], step, time_of(step, number)), rollup


def _next(step: str, at: str) -> int:
    """The number of the first hour or day that does not begin before then."""
    return -((_FIRST - datetime.fromisoformat(at)) // _LENGTHS[step])


def get(transaction: Transaction, part: Part) -> dict[int, Rollup]:
    """The rollups of a row, by their numbers; none if there is no such row."""
    row = transaction.row(f"SELECT content FROM packs WHERE {_OF_PART}", **part._asdict())  # noqa: S608  # our own text
    return unpacked(row["content"]) if row else {}


def put(transaction: Transaction, pack: Pack) -> None:
    """Write a row, over the one that is there."""
    transaction.run(_PUT, **pack.part._asdict(), **dict(zip(Pack._fields[1:], pack[1:], strict=True)))


def delete(transaction: Transaction, part: Part) -> None:
    """Delete a row."""
    transaction.run(f"DELETE FROM packs WHERE {_OF_PART}", **part._asdict())  # noqa: S608  # our own text


def oldest(transaction: Transaction, step: str, before: str) -> Part | None:
    """The row with the oldest hour or day, if that began before then."""
    sql = """SELECT monitor_id, step, part FROM packs WHERE step = :step AND starts_at < :before
        ORDER BY starts_at LIMIT 1"""
    row = transaction.row(sql, step=step, before=before)
    return Part(row["monitor_id"], row["step"], row["part"]) if row else None


def count_packed(transaction: Transaction, day: str) -> int:
    """How many rows may have the day that began then: pruning it makes them fewer."""
    sql = "SELECT count(*) AS count FROM packs WHERE step = 'day' AND starts_at <= :day AND last_at >= :day"
    row = transaction.row(sql, day=day)
    return int(row["count"]) if row else 0


def packed_days_of(transaction: Transaction, monitor_ids: Sequence[int]) -> set[str]:
    """When the days began in which these monitors were checked, and perhaps some between those."""
    found: set[str] = set()
    for some, named in in_parts(monitor_ids):
        sql = f"SELECT starts_at, last_at FROM packs WHERE step = 'day' AND monitor_id IN ({some})"  # noqa: S608
        for row in transaction.rows(sql, **named):
            first, last = (number_of("day", row[name]) for name in ("starts_at", "last_at"))
            found |= {time_of("day", number) for number in range(first, last + 1)}
    return found
