"""The drills and the summaries of the file."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from shared.store.engines.database import Transaction
from shared.store.recurring.schedules import Schedule, put_of_file

if TYPE_CHECKING:
    from shared.monitors.windows.drill import Drill
    from shared.monitors.windows.summary import Summary


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
