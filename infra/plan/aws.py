"""AWS Lambda behind an HTTP API, with EventBridge Scheduler and a queue for what comes between the minutes."""

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.gcp import schedules
from infra.gcp.functions import is_secret
from infra.plan import model
from infra.plan.measured import Measured
from infra.plan.model import AGENT, BACKEND, Calls, Line, Load, Plan, Price, Term
from infra.table import rows
from shared.settings import SettingError

PLATFORM = "aws"
# Where a function has a whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEGABYTES_OF_A_PROCESSOR = 1769.0
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
VARIABLES_BYTES = 4 * 1024
# "60 second precision": https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
LATE_SECONDS = 59.0
# Lambda asks a queue, also an empty one, five times at once for at most 20 s each, all the time:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS, POLL_SECONDS = 5, 20.0
REQUESTS_A_MESSAGE = 3  # to send, receive and delete it
# What CloudWatch adds to a line; and Lambda's own lines for each call: START, END and REPORT.
ENTRY_BYTES = 26.0
CALL_BYTES = 300.0
STORAGE_GB = 20.0
_MINUTE = 60
_EXPECTED = (
    "30 or 60 seconds, or whole minutes that divide an hour, or whole hours that divide a day, "
    "as Amazon's scheduler can keep"
)


@dataclass(frozen=True)
class Stack:
    """What is deployed, as far as it costs something or is a limit."""

    memory_mb: float = 512.0
    timeout_seconds: float = 300.0
    # Whatever the API answers with 5xx, dead letters, and the errors of each function that a schedule calls.
    alarms: float = field(default_factory=lambda: 2.0 + len([row for row in rows() if row.every is not None]))

    def secrets(self, given: Mapping[str, str]) -> float:
        """One for each circle of functions that read the same: all, the store's, those with channels, the agent."""
        has_channel = any(is_secret(name, value) for name, value in given.items() if name not in _OF_OTHERS)
        return 2.0 + has_channel + bool(given.get("HEARTBEAT_URL"))


STACK = Stack()
_OF_OTHERS = {"API_KEY", "DATABASE_URL", "HEARTBEAT_URL"}


def delays_of(load: Load) -> tuple[int, ...]:
    """So many seconds after each strike of a schedule a run begins.

    Raises:
        SettingError: no schedule keeps such an interval.
    """
    agent = next(row for row in rows() if row.name == AGENT)
    with contextlib.suppress(SettingError):
        delays = schedules.beat_of(agent, load.settings).delays
        # The same rule, but for what is shorter than the queue's half a minute.
        if len(delays) <= 2:
            return delays
    raise SettingError("CHECK_INTERVAL_SECONDS", f"{load.interval:g}", _EXPECTED)


def plan(load: Load, measured: Measured, prices: Mapping[str, Price], name: str, channels: int) -> Plan:
    """What it costs and can do there."""
    try:
        delays = delays_of(load)
    except SettingError as refusal:
        return Plan(PLATFORM, name, load, refusals=[str(refusal)])
    made = model.calls(load, measured, "postgresql", model.MONTH_SECONDS / _MINUTE)
    memory = {each.function: STACK.memory_mb for each in made}
    shares = {each.function: STACK.memory_mb / MEGABYTES_OF_A_PROCESSOR for each in made}
    refusals = model.refusals(
        load, made, shares, memory, timeout_seconds=STACK.timeout_seconds, variables_bytes=VARIABLES_BYTES
    )
    if refusals:
        return Plan(PLATFORM, name, load, refusals=refusals)
    compute = _compute(made, shares, memory)
    quantities = {"memory": compute, **_quantities(load, measured, made, delays)}
    rows_a_day, bytes_a_day = model.rows_and_bytes_a_day(load, measured, "postgresql", channels)
    late = Term("EventBridge Scheduler is late: AWS says by up to 59 s", LATE_SECONDS)
    return Plan(
        PLATFORM,
        name,
        load,
        calls=made,
        compute={"GB-seconds": compute},
        bill=[Line(quantity, prices[each]) for each, quantity in quantities.items()],
        database=[Line(quantity, prices[each]) for each, quantity in _database(load, measured, bytes_a_day).items()],
        rows_a_day=rows_a_day,
        bytes_a_day=bytes_a_day,
        delay=model.delay(load, made, shares, late),
        notes=[f"what a channel does not take at once is tried again within {_MINUTE + LATE_SECONDS:g} s"],
    )


def _quantities(load: Load, measured: Measured, made: Sequence[Calls], delays: Sequence[int]) -> dict[str, float]:
    """By price, all but the time of the functions."""
    calls = {each.function: each.times for each in made}
    own = sum(each.times * (each.cost.log_bytes + each.cost.log_lines * ENTRY_BYTES) for each in made)
    later = load.runs * (len(delays) - 1) / len(delays)
    polls = POLLERS * model.MONTH_SECONDS / POLL_SECONDS
    secrets = STACK.secrets(load.given)
    by_schedule = load.runs + model.MONTH_SECONDS / _MINUTE
    return {
        "requests": sum(calls.values()),
        "schedules": by_schedule,
        # What begins between the minutes comes through a queue.
        "queue": polls + later * REQUESTS_A_MESSAGE if later else 0.0,
        "gateway": calls[BACKEND] + calls["list_alerts"],
        "secrets": secrets,
        "secret_reads": secrets * sum(each.starts for each in made),
        "logs": (own * load.is_told + sum(calls.values()) * CALL_BYTES) / 1e9,
        "alarms": STACK.alarms,
        "traffic": load.checks * (measured.bytes_of("check", "bytes_sent") + model.HEADER_BYTES) / 1e9,
    }


def _database(load: Load, measured: Measured, bytes_a_day: float) -> dict[str, float]:
    """By price. It is reached by a public address: in a private network the functions would need a NAT gateway."""
    return {
        "database": model.HOURS,
        "storage": max(STORAGE_GB, bytes_a_day * model.DAYS / 1e9),
        "address": model.HOURS,
        "database_traffic": load.checks * measured.bytes_of("database", "bytes_an_event") / 1e9,
    }


def _compute(made: Sequence[Calls], shares: Mapping[str, float], memory: Mapping[str, float]) -> float:
    """GB-seconds, as they are billed: by the millisecond, and the start too."""
    total = 0.0
    for each in made:
        share = shares[each.function]
        seconds = each.times * billed(each.cost.seconds(share)) + each.starts * billed(each.start.seconds(share))
        total += seconds * memory[each.function] / 1024
    return total


def billed(seconds: float) -> float:
    """What is to be paid for so many seconds of an instance."""
    return math.ceil(round(seconds * 1000, 6)) / 1000
