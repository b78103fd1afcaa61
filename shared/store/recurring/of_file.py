"""The parts of the file beside its monitors: its drills and summaries are stored here, and all of them compared."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from shared.store.engines.database import Transaction
from shared.store.recurring.schedules import Schedule, put_of_file, schedule_of
from shared.store.tables import configuration, schedules, windows

if TYPE_CHECKING:
    from shared.monitors.windows.drill import Drill
    from shared.monitors.windows.summary import Summary


class Stored(NamedTuple):
    """A part of the file as it is stored. ``name``: None for the page that has none."""

    section: str
    name: str | None
    fields: Mapping[str, Any]


class PartChange(NamedTuple):
    """A part of the file that changes, and in which fields."""

    change: Literal["added", "changed", "removed"]
    section: str
    name: str | None
    fields: list[str]


def stored_parts(transaction: Transaction) -> list[Stored]:
    """The parts of the file that was applied last."""
    return [*_windows(transaction), *_schedules(transaction), *_rest(configuration.body(transaction))]


def compared(before: Sequence[Stored], after: Sequence[Stored]) -> list[PartChange]:
    """The changes from one to the other. Parts of one section that have the same name are the same one."""
    gone = [part for part in before if part not in after]
    found = []
    for part in after:
        if part in before:
            continue
        former = next((each for each in gone if each[:2] == part[:2]), None)
        if former is None:
            found.append(PartChange("added", part.section, part.name, []))
            continue
        gone.remove(former)
        names = dict.fromkeys([*former.fields, *part.fields])
        fields = [name for name in names if former.fields.get(name) != part.fields.get(name)]
        found.append(PartChange("changed", part.section, part.name, fields))
    return found + [PartChange("removed", part.section, part.name, []) for part in gone]


def _windows(transaction: Transaction) -> Iterator[Stored]:
    for row in windows.of_source(transaction, "file"):
        fields = json.loads(row["body"])
        [(target, names)] = json.loads(row["targets"]).items()
        about = ", ".join(names) if isinstance(names, list) else target
        yield Stored("window", fields.get("title") or f"{row['kind']} of {about}", fields)


def _schedules(transaction: Transaction) -> Iterator[Stored]:
    tables: tuple[tuple[str, schedules.Table], ...] = (("drill", "drill_schedules"), ("summary", "summary_schedules"))
    for section, table in tables:
        for row in schedules.every(transaction, table):
            recurrence, fields = schedule_of(row)
            yield Stored(section, recurrence.text, {**fields, "time_zone": recurrence.time_zone})


def _rest(body: Mapping[str, Any]) -> Iterator[Stored]:
    for name, steps in configuration.escalations(body).items():
        yield Stored("escalation", name, {"steps": steps})
    if (page := body.get("status_page")) is not None:
        yield Stored("status_page", None, page)
    for slug, page in (body.get("status_pages") or {}).items():
        yield Stored("status_page", slug, page)


def put_drills(transaction: Transaction, drills: Sequence["Drill"], now: datetime) -> bool:
    """Make these the drills of the file; see ``put_of_file``."""
    schedules = [
        Schedule(each.recurs_as(), {"channels": _names(each.channels), "need_ack_seconds": each.need_ack})
        for each in drills
    ]
    return put_of_file(transaction, "drill_schedules", schedules, now)


def put_summaries(transaction: Transaction, summaries: Sequence["Summary"], now: datetime) -> bool:
    """Make these the summaries of the file; see ``put_of_file``."""
    schedules = [Schedule(each.recurs_as(), {"channels": _names(each.channels)}) for each in summaries]
    return put_of_file(transaction, "summary_schedules", schedules, now)


def _names(channels: Sequence[str] | None) -> list[str] | None:
    return None if channels is None else list(channels)
