"""When a cloud's scheduler, which ticks at most once a minute, calls a scheduled function."""

from dataclasses import dataclass

from infra.table import Row
from shared.settings import SettingError, Settings

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class Beat:
    """When a function is called: so many seconds after each tick of a cron line."""

    cron: str
    delays: tuple[int, ...]


def periods(shortest_seconds: int) -> list[int]:
    """The periods that a scheduler can keep, in seconds, the shortest first."""
    within = [part for part in range(shortest_seconds, _MINUTE) if _MINUTE % part == 0]
    minutes = [_MINUTE * part for part in range(1, 60) if 60 % part == 0]
    hours = [_HOUR * part for part in range(1, 25) if 24 % part == 0]
    return [*within, *minutes, *hours]


def beat_of(row: Row, settings: Settings, shortest_seconds: int, whose: str) -> Beat:
    """When the row's function is called.

    A period from a setting is kept exactly. A period that the table itself states becomes a minute if it is shorter.

    Raises:
        SettingError: the scheduler, ``whose`` names its owner, cannot keep the period.
    """
    seconds = row.every_seconds(settings)
    if seconds is None:
        raise ValueError(f"{row.name} has no schedule")
    if not isinstance(row.every, str):
        seconds = max(row.every_in_cloud or seconds, _MINUTE)
    whole = int(seconds)
    if whole == seconds:
        if shortest_seconds <= whole <= _MINUTE and _MINUTE % whole == 0:
            return Beat("* * * * *", tuple(range(0, _MINUTE, whole)))
        if whole < _HOUR and whole % _MINUTE == 0 and _HOUR % whole == 0:
            return Beat(f"*/{whole // _MINUTE} * * * *", (0,))
        if whole >= _HOUR and whole % _HOUR == 0 and _DAY % whole == 0:
            return Beat("0 0 * * *" if whole == _DAY else f"0 */{whole // _HOUR} * * *", (0,))
    within = [f"{part}" for part in range(shortest_seconds, _MINUTE) if _MINUTE % part == 0]
    expected = f"{', '.join(within)} or {_MINUTE} seconds, or whole minutes that divide an hour, or whole hours that"
    raise SettingError(str(row.every), f"{seconds:g}", f"{expected} divide a day, as {whose} scheduler can keep")
