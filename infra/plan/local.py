"""Your own machine, as ``make run`` uses it: what it does there, and the price of a small one that is rented."""

from collections.abc import Mapping

from functions.check_monitors.due_checks import CLAIM_SECONDS
from infra.plan import model
from infra.plan.delay import delay
from infra.plan.load import AGENT, HOURS, MONTH_SECONDS, Load
from infra.plan.measured import Measured
from infra.plan.model import Line, Plan, Price, Term
from infra.table import rows

PLATFORM = "local"
RUN_SECONDS = 300.0


def plan(load: Load, measured: Measured, prices: Mapping[str, Price], name: str, channels: int) -> Plan:
    """The load on this machine, what the configuration can do there, and what a small machine costs."""
    engine = "sqlite" if load.settings.database_path else "postgresql"
    periods = {row.name: row.every_seconds(load.settings) for row in rows() if row.name != AGENT}
    scheduled = {name: MONTH_SECONDS / seconds for name, seconds in periods.items() if seconds}
    # The agent goes on claiming, so that each monitor is checked at its own time.
    made = model.calls(load, measured, engine, scheduled, claims=MONTH_SECONDS / CLAIM_SECONDS)
    # It runs without end, so nothing starts again.
    made = [model.Calls(call.function, call.times, call.cost, 0.0, call.start) for call in made]
    if refusals := model.too_slow(load, made, 1.0, RUN_SECONDS):
        return Plan(PLATFORM, name, load, refusals=refusals)
    rows_a_day, bytes_a_day = model.rows_and_bytes_a_day(load, measured, engine, channels)
    seconds = sum(call.times * call.cost.cpu_ms / 1000 for call in made)
    shares = {call.function: 1.0 for call in made}
    late = Term("the schedule is not late: it is the system's own", 0)
    return Plan(
        PLATFORM,
        name,
        load,
        calls=made,
        compute={"CPU-seconds": seconds},
        bill=[Line(HOURS, prices["machine"])],
        rows_a_day=rows_a_day,
        bytes_a_day=bytes_a_day,
        most_bytes=model.bytes_after(load, measured, engine, channels),
        delay=delay(load, made, shares, late, None),
        notes=[
            f"a message that fails at once is tried again within {periods[model.DELIVERY]:g} s",
            f"it keeps {seconds / MONTH_SECONDS:.1%} of a processor busy",
        ],
    )
