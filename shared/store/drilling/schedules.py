"""The drills of the file: one drill for each time at which one is due, however late anybody looks."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.monitors.windows.spans import Recurrence
from shared.store.engines.database import Transaction
from shared.store.tables import drill_schedules

if TYPE_CHECKING:
    from shared.monitors.windows.drill import Drill


class Due(NamedTuple):
    """A drill of the file that begins now. ``channels``: None for all of them."""

    channels: Sequence[str] | None
    need_ack_seconds: float | None


def put_of_file(transaction: Transaction, drills: Sequence["Drill"], now: datetime) -> bool:
    """Make these the drills of the file; whether that changed any.

    One that is new is due next after ``now``. One that did not change stays due if it is.
    """
    wanted = {drill_schedules.body_of(_fields(drill)): drill.recurs_as() for drill in drills}
    stored = {row["body"]: row["id"] for row in drill_schedules.every(transaction)}
    for body in stored.keys() - wanted.keys():
        drill_schedules.remove(transaction, stored[body])
    for body, recurrence in wanted.items():
        if body not in stored:
            drill_schedules.add(transaction, body, _next(recurrence, now))
    return stored.keys() != wanted.keys()


def take_due(transaction: Transaction, now: datetime) -> Due | None:
    """The drill that is due, if one is. It is due again only after ``now``: several missed times make one drill."""
    row = drill_schedules.due(transaction, now)
    if row is None:
        return None
    fields: dict[str, Any] = json.loads(row["body"])
    drill_schedules.put_off(transaction, row["id"], _next(Recurrence(*fields["recurrence"]), now))
    return Due(fields["channels"], fields["need_ack_seconds"])


def _fields(drill: "Drill") -> dict[str, Any]:
    channels = None if drill.channels is None else list(drill.channels)
    return {"recurrence": list(drill.recurs_as()), "channels": channels, "need_ack_seconds": drill.need_ack}


def _next(recurrence: Recurrence, now: datetime) -> datetime | None:
    following = next(iter(recurrence.spans(now)), None)
    return following.starts_at if following else None
