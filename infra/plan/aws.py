"""AWS Lambda, as ``infra/clouds/aws`` deploys it: its template is asked for everything that it decides."""

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from infra.clouds.aws import schedules, stages, template
from infra.clouds.aws.functions import environment, plain_settings, size_of
from infra.clouds.aws.target import groups_of
from infra.clouds.cron import Beat
from infra.plan import model
from infra.plan.measured import Measured
from infra.plan.model import AGENT, BACKEND, DELIVERY, Calls, Line, Load, Plan, Price, Term
from infra.table import agent, rows
from shared.settings import SettingError

PLATFORM = "aws"
# Where a function has a whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEGABYTES_OF_A_PROCESSOR = 1769.0
# Names included: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
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
# What a function refers to instead of saying it, or is given a name for, is about so long.
_REFERENCE = "-" * 60
_ALWAYS_GIVEN = {"API_KEY": "-" * 43, "DATABASE_URL": "postgresql://user:password@host/name"}


def plan(load: Load, measured: Measured, prices: Mapping[str, Price], name: str, channels: int) -> Plan:
    """What it costs and can do there."""
    try:
        beats = {row.name: schedules.beat(row, load.settings) for row in schedules.scheduled()}
        secrets = frozenset(stages.secrets_of({**_ALWAYS_GIVEN, **load.given}))
    except SettingError as refusal:
        return Plan(PLATFORM, name, load, refusals=[str(refusal)])
    made = model.calls(load, measured, "postgresql", model.ticks_a_day(beats[DELIVERY]) * model.DAYS)
    sizes = {row.name: size_of(row) for row in rows()}
    memory = {each.function: float(sizes[each.function].memory_mb) for each in made}
    shares = {function: megabytes / MEGABYTES_OF_A_PROCESSOR for function, megabytes in memory.items()}
    refusals = model.refusals(load, made, shares, memory, sizes[AGENT].timeout_seconds)
    refusals += model.too_many_variables(_told(load), VARIABLES_BYTES)
    if refusals:
        return Plan(PLATFORM, name, load, refusals=refusals)
    compute = _compute(made, shares, memory)
    quantities = {"memory": compute, **_quantities(load, measured, made, beats, secrets)}
    rows_a_day, bytes_a_day = model.rows_and_bytes_a_day(load, measured, "postgresql", channels)
    period = model.DAY_SECONDS / model.ticks_a_day(beats[DELIVERY])
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
        notes=[f"what a channel does not take at once is tried again within {period + LATE_SECONDS:g} s"],
    )


def _quantities(
    load: Load, measured: Measured, made: Sequence[Calls], beats: Mapping[str, Beat], secrets: frozenset[str]
) -> dict[str, float]:
    """By price, all but the time of the functions."""
    calls = {each.function: each.times for each in made}
    own = sum(each.times * (each.cost.log_bytes + each.cost.log_lines * ENTRY_BYTES) for each in made)
    ticks = sum(model.ticks_a_day(beat) * len(beat.delays) for beat in beats.values())
    later = sum(model.ticks_a_day(beat) * (len(beat.delays) - 1) for beat in beats.values()) * model.DAYS
    polls = POLLERS * model.MONTH_SECONDS / POLL_SECONDS
    reads = sum(len(secrets.intersection(groups_of(row))) for row in rows())
    alarms = [each for each in _resources().values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    return {
        "requests": sum(calls.values()),
        "schedules": ticks * model.DAYS,
        # What begins between the minutes comes through a queue.
        "queue": polls + later * REQUESTS_A_MESSAGE if later else 0.0,
        "gateway": calls[BACKEND] + calls["list_alerts"],
        "secrets": float(len(secrets)),
        "secret_reads": reads * model.STARTS_A_DAY * model.DAYS,
        "logs": (own * load.is_told + sum(calls.values()) * CALL_BYTES) / 1e9,
        "alarms": float(len(alarms)),
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


@functools.cache
def _resources() -> dict[str, Any]:
    found: dict[str, Any] = template.document()["Resources"]
    return found


def _told(load: Load) -> dict[str, str]:
    """The agent's variables. What is long or secret stands in a secret, and leaves only its name behind."""
    told = dict(_variables())
    for name in told.keys() & load.given.keys():
        told[name] = "" if stages.is_hidden(name, load.given[name]) else load.given[name]
    return told


@functools.cache
def _variables() -> dict[str, str]:
    """Every variable of the agent, where no setting is given."""
    plain = set(plain_settings())
    return {
        name: value if isinstance(value, str) else "" if name in plain else _REFERENCE
        for name, value in environment(agent()).items()
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
