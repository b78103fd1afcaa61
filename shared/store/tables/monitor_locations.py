"""The table ``monitor_locations``: a monitor as each location sees it, if several report it."""

from collections.abc import Callable, Iterable

from shared.models import as_json
from shared.models.monitor import SEVERAL, MonitorLocation
from shared.store.engines.database import Transaction

_COLUMNS = tuple(MonitorLocation._fields)
_CHANGED = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])
_SAVE = f"""
    INSERT INTO monitor_locations ({", ".join(_COLUMNS)}) VALUES ({", ".join(f":{name}" for name in _COLUMNS)})
    ON CONFLICT (monitor_id, location) DO UPDATE SET {_CHANGED}"""  # noqa: S608  # our own names
_OF_SEVERAL = f"""
    SELECT monitor_locations.* FROM monitors JOIN monitor_locations ON monitor_id = monitors.id
    WHERE monitors.location = '{SEVERAL}' AND name IN"""  # noqa: S608  # our own name
_OF_AGENT = """
    SELECT * FROM monitor_locations
    WHERE monitor_id IN (SELECT monitor_id FROM monitor_locations WHERE agent = :agent) ORDER BY id"""
_FORGET_FAILURES = """
    UPDATE monitor_locations SET consecutive_failures = 0, failing_since = NULL,
        state = CASE WHEN state = 'DOWN' THEN 'PENDING' ELSE state END, is_presumed_down = 0
    WHERE monitor_id = :id"""


def of_monitors(transaction: Transaction, ids: Iterable[int]) -> list[MonitorLocation]:
    """These monitors as each location sees them, the locations in the order of their first reports."""
    named = {f"id_{number}": monitor_id for number, monitor_id in enumerate(ids)}
    if not named:
        return []
    sql = f"SELECT * FROM monitor_locations WHERE monitor_id IN ({', '.join(f':{name}' for name in named)}) ORDER BY id"  # noqa: S608  # numbers
    return transaction.values(MonitorLocation, sql, **named)


def of_agents_monitors(transaction: Transaction, agent: str) -> list[MonitorLocation]:
    """The monitors that several locations report, one of them by this agent, as each location sees them."""
    return transaction.values(MonitorLocation, _OF_AGENT, agent=agent)


def ask_of_several(transaction: Transaction, names: Iterable[str]) -> Callable[[], list[MonitorLocation]]:
    """Those monitors among ``names`` that several locations report, as each sees them; see ``Transaction.ask``.

    The locations come in the order of their first reports.
    """
    return transaction.ask_values_in(MonitorLocation, _OF_SEVERAL, names, "ORDER BY monitor_locations.id")


def save(transaction: Transaction, places: Iterable[MonitorLocation]) -> None:
    """Write how locations see monitors."""
    transaction.run_each(_SAVE, [{**as_json(place), **_otherwise(place)} for place in places])


def _otherwise(place: MonitorLocation) -> dict[str, str | int | None]:
    """The columns that hold something else than the value as JSON."""
    cause = place.cause.model_dump_json() if place.cause else None
    return {"cause": cause, "is_presumed_down": int(place.is_presumed_down)}


def forget(transaction: Transaction, monitor_id: int) -> None:
    """Let the monitor begin again without locations."""
    transaction.rows("DELETE FROM monitor_locations WHERE monitor_id = :id", id=monitor_id)


def forget_failures(transaction: Transaction, monitor_id: int) -> None:
    """Let the failures at each location count from zero."""
    transaction.rows(_FORGET_FAILURES, id=monitor_id)
