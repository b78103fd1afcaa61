"""The schedules of the file: each is done once for each time at which it is due, however late anybody looks."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.monitors.windows.spans import Recurrence
from shared.store.engines.database import Row, Transaction
from shared.store.tables import schedules
from shared.store.tables.schedules import Table


class Schedule(NamedTuple):
    """When something is due, and the ``fields`` that it has beside that."""

    recurrence: Recurrence
    fields: Mapping[str, Any]

    def body(self) -> str:
        """How it is stored, and by what it is recognised."""
        return json.dumps({"recurrence": list(self.recurrence), **self.fields}, ensure_ascii=False, sort_keys=True)


def put_of_file(transaction: Transaction, table: Table, wanted: Sequence[Schedule], now: datetime) -> bool:
    """Make these the ones of the file; whether that changed any.

    One that is new is due next after ``now``. One that did not change stays due if it is.
    """
    new = {schedule.body(): schedule.recurrence for schedule in wanted}
    stored = {row["body"]: row["id"] for row in schedules.every(transaction, table)}
    for body in stored.keys() - new.keys():
        schedules.remove(transaction, table, stored[body])
    for body, recurrence in new.items():
        if body not in stored:
            schedules.add(transaction, table, body, _next(recurrence, now))
    return stored.keys() != new.keys()


def schedule_of(row: Row) -> Schedule:
    """The schedule of a row."""
    fields: dict[str, Any] = json.loads(row["body"])
    return Schedule(Recurrence(*fields.pop("recurrence")), fields)


def take(transaction: Transaction, table: Table, row: Row, after: datetime) -> bool:
    """Take one that is due; False if somebody else has.

    It is due again only ``after`` a time, which is now or later: several missed times are one.
    """
    return schedules.put_off(transaction, table, row, _next(schedule_of(row).recurrence, after))


def _next(recurrence: Recurrence, now: datetime) -> datetime | None:
    following = next(iter(recurrence.spans(now)), None)
    return following.starts_at if following else None
