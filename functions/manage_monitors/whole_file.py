"""Everything that the configuration's file says, as ``PUT /config`` brings it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from functions.manage_monitors.reading import MAX_LINE, MAX_MONITORS, policy_in, wrong
from shared.models.scalars import whole
from shared.monitors.policy import Policy
from shared.monitors.windows.drill import Drill
from shared.monitors.windows.window import Window

MAX_WINDOWS = 1_000
MAX_DRILLS = 100


class _FileWindows(BaseModel):
    windows: list[Window]


class _FileDrills(BaseModel):
    drills: list[Drill]


def policies_in(given: Any) -> tuple[list[Policy], dict[str, int]]:
    """The policies of the file, and the lines where they stand. Raises Problem."""
    if not isinstance(given, list) or len(given) > MAX_MONITORS:
        raise wrong("monitors", f"a list of up to {MAX_MONITORS} monitors", given)
    policies, lines = [], {}
    for number, each in enumerate(given):
        if not isinstance(each, Mapping):
            raise wrong(f"monitors.{number}", "an object", each)
        fields = dict(each)
        line = whole(fields.pop("line", 0))
        if type(line) is not int or not 0 <= line <= MAX_LINE:
            raise wrong(f"monitors.{number}.line", "the number of a line", line)
        policy = policy_in(fields, where=("monitors", number))
        if policy.name in lines:
            raise wrong(f"monitors.{number}.name", "a name that no other monitor has", policy.name)
        policies.append(policy)
        lines[policy.name] = line
    return policies, lines


def windows_in(given: Any) -> list[Window]:
    """The windows of the file. Raises Problem, or ValidationError."""
    if not isinstance(given, list) or len(given) > MAX_WINDOWS:
        raise wrong("windows", f"a list of up to {MAX_WINDOWS} windows", given)
    return _FileWindows.model_validate({"windows": given}).windows


def drills_in(given: Any) -> list[Drill]:
    """The drills of the file. Raises Problem, or ValidationError."""
    if not isinstance(given, list) or len(given) > MAX_DRILLS:
        raise wrong("drills", f"a list of up to {MAX_DRILLS} drills", given)
    return _FileDrills.model_validate({"drills": given}).drills
