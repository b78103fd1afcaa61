"""Cheaper choices: the same load, planned again with one change each."""

import dataclasses
from collections.abc import Iterator

from infra.plan import local
from infra.plan.load import Load
from infra.plan.model import DAY_SECONDS, Plan, Saving
from infra.plan.plans import plan_of
from shared.settings import Settings

# Less is not worth a line.
LEAST_DOLLARS = 0.25
_SLOWER_SECONDS = 60.0
_EVENTS_SECONDS = 7 * DAY_SECONDS


def with_savings(plan: Plan, region: str | None = None) -> Plan:
    """The plan with each change that would make its twelfth month cheaper, the greatest saving first."""
    if plan.refusals or plan.platform == local.PLATFORM:
        return plan
    found = [Saving(change, plan.dollars - plan_of(*other, region).dollars) for change, other in _others(plan)]
    worth = sorted((each for each in found if each.dollars >= LEAST_DOLLARS), key=lambda each: -each.dollars)
    return dataclasses.replace(plan, savings=worth)


def _others(plan: Plan) -> Iterator[tuple[str, tuple[str, Load]]]:
    load = plan.load
    yield (
        "connection: reuse in bonghwa.yaml for each HTTP monitor",
        (plan.platform, dataclasses.replace(load, keeps_all=True)),
    )
    if load.interval < _SLOWER_SECONDS:
        yield f"an interval of {_SLOWER_SECONDS:g} s", (plan.platform, _slower(load))
    yield "LOG_LEVEL=WARNING", (plan.platform, _with(load, LOG_LEVEL="WARNING"))
    if load.settings.retention_events > _EVENTS_SECONDS:
        yield "RETENTION_EVENTS=7d", (plan.platform, _with(load, RETENTION_EVENTS="7d"))
    yield "a small machine with SQLite instead", (local.PLATFORM, load)


def _slower(load: Load) -> Load:
    slower = _with(load, CHECK_INTERVAL_SECONDS=f"{_SLOWER_SECONDS:g}")
    intervals = (max(each.interval, _SLOWER_SECONDS) for each in load.checked)
    pairs = zip(load.checked, intervals, strict=True)
    checked = tuple(each.model_copy(update={"interval": interval}) for each, interval in pairs)
    return dataclasses.replace(slower, checked=checked)


def _with(load: Load, **variables: str) -> Load:
    given = {**load.given, **variables}
    # A load has as many addresses as it counts, which need not be real ones.
    settings = Settings.from_env({name: value for name, value in given.items() if name != "TARGET_URL"})
    return dataclasses.replace(load, settings=settings, given=given)
