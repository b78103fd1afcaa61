"""Everything that the configuration's file says, as ``PUT /config`` brings it."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from functions.manage_monitors.reading import MAX_LINE, MAX_MONITORS, policy_in, wrong
from shared.models.scalars import whole
from shared.monitors.parts import Step
from shared.monitors.policy import Policy
from shared.monitors.windows.drill import Drill
from shared.monitors.windows.summary import Summary
from shared.monitors.windows.window import Window

MAX_WINDOWS = 1_000
MAX_DRILLS = 100
MAX_SUMMARIES = 100
MAX_ESCALATIONS = 1_000
MAX_STEPS = 100


class _FileWindows(BaseModel):
    windows: list[Window]


class _FileDrills(BaseModel):
    drills: list[Drill]


class _FileSummaries(BaseModel):
    summaries: list[Summary]


class _FileEscalations(BaseModel):
    escalations: dict[str, list[Step]]


_Section = TypeVar("_Section", _FileWindows, _FileDrills, _FileSummaries)


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


def recurring_in(body: dict[str, Any]) -> dict[str, Any]:
    """Take the windows, drills and summaries of the file out of it. Raises Problem, or ValidationError."""
    windows = _listed(body, "windows", MAX_WINDOWS, _FileWindows).windows
    drills = _listed(body, "drills", MAX_DRILLS, _FileDrills).drills
    summaries = _listed(body, "summaries", MAX_SUMMARIES, _FileSummaries).summaries
    return {"windows": windows, "drills": drills, "summaries": summaries}


def escalations_in(body: Mapping[str, Any]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """The section ``escalations`` as it is stored; empty without it. Raises Problem, or ValidationError."""
    given = body.get("escalations")
    if given is None:
        return {}
    if not isinstance(given, Mapping) or len(given) > MAX_ESCALATIONS:
        raise wrong("escalations", f"up to {MAX_ESCALATIONS} escalations, by name", given)
    for name, steps in given.items():
        if not isinstance(steps, list) or len(steps) > MAX_STEPS:
            raise wrong(f"escalations.{name}", f"a list of up to {MAX_STEPS} steps", steps)
    checked = _FileEscalations.model_validate({"escalations": given})
    return checked.model_dump(mode="json", exclude_unset=True)


def _listed(body: dict[str, Any], section: str, most: int, model: type[_Section]) -> _Section:
    given = body.pop(section, None) or []
    if not isinstance(given, list) or len(given) > most:
        raise wrong(section, f"a list of up to {most} {section}", given)
    return model.model_validate({section: given})
