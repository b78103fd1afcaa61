"""AWS Lambda, as ``infra/clouds/aws`` deploys it; everything that its template decides is read from there."""

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from functions.check_monitors.probes.loop.capacity import kept_at_most
from infra.clouds.aws import schedules, stages, template
from infra.clouds.aws.database.template import STORAGE_GB
from infra.clouds.aws.functions import environment, plain_settings, size_of
from infra.clouds.aws.parameters import Part, parts
from infra.clouds.aws.target import Existing, groups_of
from infra.clouds.cron import Beat
from infra.plan import model
from infra.plan.delay import delay
from infra.plan.load import AGENT, HOURS, MONTH_SECONDS, Load
from infra.plan.measured import Measured
from infra.plan.model import DELIVERY, Calls, Line, Plan, Price, Term
from infra.table import agent, rows
from shared.settings import SettingError

PLATFORM = "aws"
# A function may have so many files and connections open:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
DESCRIPTORS = 1024
# With this memory a function has a whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEGABYTES_OF_A_PROCESSOR = 1769.0
# Including the names: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
VARIABLES_BYTES = 4 * 1024
# "60 second precision": https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
LATE_SECONDS = 59.0
# Lambda always polls a queue, even an empty one, five times in parallel for at most 20 s each:
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS, POLL_SECONDS = 5, 20.0
REQUESTS_A_MESSAGE = 3  # to send, receive and delete it
# The bytes that CloudWatch adds to a line, and Lambda's own lines for each call: START, END and REPORT.
ENTRY_BYTES = 26.0
CALL_BYTES = 300.0
Secrets = Mapping[str, Sequence[Part]]
# About the length of a value that the template only refers to.
_REFERENCE = "-" * 60
_ALWAYS_GIVEN = {"API_KEY": "-" * 43, "DATABASE_URL": "postgresql://user:password@host/name"}


def plan(load: Load, measured: Measured, prices: Mapping[str, Price], name: str, channels: int) -> Plan:
    """The cost there, and what the configuration can do."""
    try:
        beats = {row.name: schedules.beat(row, load.settings) for row in schedules.scheduled()}
        secrets = parts(stages.secrets_of({**_ALWAYS_GIVEN, **load.given}), Existing())
    except SettingError as refusal:
        return Plan(PLATFORM, name, load, refusals=[str(refusal)])
    made = model.calls(load, measured, "postgresql", model.runs_a_month(beats))
    sizes = {row.name: size_of(row) for row in rows()}
    memory = {calls.function: float(sizes[calls.function].memory_mb) for calls in made}
    shares = {function: megabytes / MEGABYTES_OF_A_PROCESSOR for function, megabytes in memory.items()}
    refusals = model.refusals(load, made, shares, memory, sizes[AGENT].timeout_seconds)
    refusals += model.too_many_variables(_agents_variables(load), VARIABLES_BYTES)
    if refusals:
        return Plan(PLATFORM, name, load, refusals=refusals)
    compute = compute_time(made, shares, memory)
    quantities = {"memory": compute, **_quantities(load, measured, made, beats, secrets)}
    rows_a_day, bytes_a_day = model.rows_and_bytes_a_day(load, measured, "postgresql", channels)
    months = [
        _database(load, measured, model.bytes_after(load, measured, "postgresql", channels, month)) for month in (1, 12)
    ]
    database, in_a_year = ([Line(quantity, prices[name]) for name, quantity in month.items()] for month in months)
    period = model.DAY_SECONDS / model.ticks_a_day(beats[DELIVERY])
    late = Term("EventBridge Scheduler may be late: AWS says by up to 59 s", LATE_SECONDS)
    return Plan(
        PLATFORM,
        name,
        load,
        calls=made,
        compute={"GB-seconds": compute},
        bill=[Line(quantity, prices[name]) for name, quantity in quantities.items()],
        database=database,
        database_in_a_year=in_a_year,
        rows_a_day=rows_a_day,
        bytes_a_day=bytes_a_day,
        most_bytes=model.bytes_after(load, measured, "postgresql", channels),
        delay=delay(load, made, shares, late, load.interval),
        notes=[f"a message that fails at once is tried again within {period + LATE_SECONDS:g} s"],
    )


def _quantities(
    load: Load, measured: Measured, made: Sequence[Calls], beats: Mapping[str, Beat], secrets: Secrets
) -> dict[str, float]:
    """The quantities by price, without the time of the functions."""
    calls = {call.function: call.times for call in made}
    own = model.log_bytes(load, made, ENTRY_BYTES)
    ticks = sum(model.ticks_a_day(beat) for beat in beats.values())
    later = sum(model.ticks_a_day(beat) * (len(beat.delays) - 1) for beat in beats.values()) * model.DAYS
    polls = POLLERS * MONTH_SECONDS / POLL_SECONDS
    reads = sum(len(secrets.get(group, ())) for row in rows() for group in groups_of(row))
    alarms = [resource for resource in _resources().values() if resource["Type"] == "AWS::CloudWatch::Alarm"]
    return {
        "requests": sum(calls.values()),
        "schedules": ticks * model.DAYS,
        # Runs between the minutes come through a queue.
        "queue": polls + later * REQUESTS_A_MESSAGE if later else 0.0,
        # The agent calls the functions that it reports to, without the API.
        "gateway": calls["list_alerts"],
        # Parameters themselves cost nothing; each is decrypted at each start.
        "decryptions": reads * model.STARTS_A_DAY * model.DAYS,
        "logs": (own + sum(calls.values()) * CALL_BYTES) / 1e9,
        "alarms": float(len(alarms)),
        "traffic": model.bytes_sent(load, measured, kept_at_most(DESCRIPTORS)) / 1e9,
    }


def _database(load: Load, measured: Measured, size: float) -> dict[str, float]:
    """The quantities by price, for a database of ``size`` bytes. A private address would need a NAT gateway."""
    return {
        "database": HOURS,
        "storage": max(STORAGE_GB, size / 1e9),
        "address": HOURS,
        "database_traffic": load.checks * measured.bytes_of("database", "bytes_an_event") / 1e9,
    }


@functools.cache
def _resources() -> dict[str, Any]:
    found: dict[str, Any] = template.document()["Resources"]
    return found


def _agents_variables(load: Load) -> dict[str, str]:
    """The agent's variables. A long or secret setting is in a secret, and only its name remains."""
    variables = dict(_variables())
    for name in variables.keys() & load.given.keys():
        variables[name] = "" if stages.is_hidden(name, load.given[name]) else load.given[name]
    return variables


@functools.cache
def _variables() -> dict[str, str]:
    """Every variable of the agent, if no setting is given."""
    plain = set(plain_settings())
    return {
        name: value if isinstance(value, str) else "" if name in plain else _REFERENCE
        for name, value in environment(agent()).items()
    }


def compute_time(made: Sequence[Calls], shares: Mapping[str, float], memory: Mapping[str, float]) -> float:
    """GB-seconds as they are billed: by the millisecond, including the start."""
    total = 0.0
    for call in made:
        share = shares[call.function]
        seconds = call.times * billed(call.seconds(share)) + call.starts * billed(call.start.seconds(share))
        total += seconds * memory[call.function] / 1024
    return total


def billed(seconds: float) -> float:
    """The billed seconds for so many seconds of an instance."""
    return math.ceil(round(seconds * 1000, 6)) / 1000
