"""A machine of one's own, as ``make run`` uses it: what it does there, and no price, which only its owner knows."""

from collections.abc import Mapping

from infra.plan import model
from infra.plan.measured import Measured
from infra.plan.model import AGENT, Load, Plan, Price, Term
from infra.table import rows

PLATFORM = "local"
RUN_SECONDS = 300.0


def plan(load: Load, measured: Measured, prices: Mapping[str, Price], name: str, channels: int) -> Plan:  # noqa: ARG001
    """What it takes, and what it can do there."""
    engine = "sqlite" if load.settings.database_path else "postgresql"
    periods = {row.name: row.every_seconds(load.settings) for row in rows() if row.name != AGENT}
    scheduled = {name: model.MONTH_SECONDS / seconds for name, seconds in periods.items() if seconds}
    made = model.calls(load, measured, engine, scheduled)
    # It runs for good.
    made = [model.Calls(each.function, each.times, each.cost, 0.0, each.start) for each in made]
    if refusals := model.too_slow(load, made, 1.0, RUN_SECONDS):
        return Plan(PLATFORM, name, load, refusals=refusals)
    rows_a_day, bytes_a_day = model.rows_and_bytes_a_day(load, measured, engine, channels)
    seconds = sum(each.times * each.cost.cpu_ms / 1000 for each in made)
    shares = {each.function: 1.0 for each in made}
    late = Term("the schedule is late: it is the system's own, and keeps its beat", 0)
    return Plan(
        PLATFORM,
        name,
        load,
        calls=made,
        compute={"CPU-seconds": seconds},
        rows_a_day=rows_a_day,
        bytes_a_day=bytes_a_day,
        delay=model.delay(load, made, shares, late),
        notes=[
            f"what a channel does not take at once is tried again within {periods[model.DELIVERY]:g} s",
            f"it keeps {seconds / model.MONTH_SECONDS:.1%} of a processor busy",
        ],
    )
