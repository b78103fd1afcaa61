"""Google Cloud Run, as ``infra/clouds/gcp`` deploys to it; everything that it decides is read from there."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from infra.clouds.cron import Beat
from infra.clouds.function_env import is_hidden
from infra.clouds.gcp import schedules
from infra.clouds.gcp.database import STORAGE_GB
from infra.clouds.gcp.project import OWN_FILE, Place
from infra.clouds.gcp.services import SCHEDULED_KEY, TOGETHER, Service, environment, is_for, later_runs, services
from infra.clouds.settings import refuse_missing_libraries
from infra.plan import model
from infra.plan.delay import delay
from infra.plan.load import AGENT, HOURS, Load
from infra.plan.measured import Measured
from infra.plan.model import DELIVERY, Calls, Line, Plan, Price, Term
from infra.table import agent, rows
from shared.settings import SettingError

PLATFORM = "gcp"
# Including the names: https://cloud.google.com/run/docs/configuring/services/overview-environment-variables
VARIABLES_BYTES = 32 * 1024
# Cloud Run is billed by the tenth of a second.
STEP_SECONDS = 0.1
# Assumed: the bytes that Cloud Logging adds to a line, Cloud Run's own line for a request, and the images that stay.
ENTRY_BYTES = 500.0
REQUEST_BYTES = 1000.0
IMAGES_GB = 0.6
# A later run is a task that is made, and delivered: https://cloud.google.com/tasks/pricing.
OPERATIONS_A_TASK = 2
_GIB = 2**30
_NOWHERE = Place("a-project", "123456789012", "us-central1", "us-central1")
_ALWAYS_SECRET = {"API_KEY", "DATABASE_URL", SCHEDULED_KEY}


def plan(load: Load, measured: Measured, prices: Mapping[str, Price], name: str, channels: int) -> Plan:
    """The cost there, and what the configuration can do."""
    try:
        refuse_missing_libraries(load.given, OWN_FILE)
        beats = {row.name: schedules.beat_of(row, load.settings) for row in rows() if row.every is not None}
    except SettingError as refusal:
        return Plan(PLATFORM, name, load, refusals=[str(refusal)])
    homes = {row.name: service for service in services(TOGETHER) for row in service.rows}
    made = _started_once(model.calls(load, measured, "postgresql", model.runs_a_month(beats)), homes)
    sizes = {call.function: homes[call.function].size for call in made}
    shares = {function: float(size.cpu) for function, size in sizes.items()}
    memory = {function: float(size.memory.removesuffix("Mi")) for function, size in sizes.items()}
    refusals = model.refusals(load, made, shares, memory, sizes[AGENT].timeout_seconds)
    refusals += model.too_many_variables(_agents_variables(load), VARIABLES_BYTES)
    if refusals:
        return Plan(PLATFORM, name, load, refusals=refusals)
    cpu, gib = compute_time(made, shares, memory)
    quantities = {"cpu": cpu, "memory": gib, **_quantities(load, measured, made, beats)}
    rows_a_day, bytes_a_day = model.rows_and_bytes_a_day(load, measured, "postgresql", channels)
    months = (_database(model.bytes_after(load, measured, "postgresql", channels, month)) for month in (1, 12))
    database, in_a_year = ([Line(quantity, prices[name]) for name, quantity in month.items()] for month in months)
    late = Term("Cloud Scheduler may be late: Google does not say by how much, so 0 is counted", 0)
    return Plan(
        PLATFORM,
        name,
        load,
        calls=made,
        compute={"vCPU-seconds": cpu, "GiB-seconds": gib},
        bill=[Line(quantity, prices[name]) for name, quantity in quantities.items()],
        database=database,
        database_in_a_year=in_a_year,
        rows_a_day=rows_a_day,
        bytes_a_day=bytes_a_day,
        most_bytes=model.bytes_after(load, measured, "postgresql", channels),
        delay=delay(load, made, shares, late, load.interval),
        notes=[
            f"a message that a channel does not accept at once is tried again within {_period(beats[DELIVERY]):g} s"
        ],
    )


def _started_once(made: Sequence[Calls], homes: Mapping[str, Service]) -> list[Calls]:
    """The functions of one service start together: only the first of them counts."""
    started = {homes[call.function].name: call.function for call in reversed(made)}
    return [call if started[homes[call.function].name] == call.function else replace(call, starts=0.0) for call in made]


def _quantities(load: Load, measured: Measured, made: Sequence[Calls], beats: Mapping[str, Beat]) -> dict[str, float]:
    """The quantities by price, without the time of the functions."""
    calls = sum(call.times for call in made)
    own = model.log_bytes(load, made, ENTRY_BYTES)
    secrets = _ALWAYS_SECRET | {name for name, value in load.given.items() if is_hidden(name, value)}
    reads = sum(is_for(service, setting) for service in services(TOGETHER) for setting in secrets)
    return {
        "requests": calls,
        "jobs": float(len(beats)),
        "tasks": sum(_operations_a_day(beat) for beat in beats.values()) * model.DAYS,
        "secrets": float(len(secrets)),
        "secret_reads": reads * model.STARTS_A_DAY * model.DAYS,
        "logs": (own + calls * REQUEST_BYTES) / _GIB,
        "traffic": model.bytes_sent(load, measured) / _GIB,
        "images": IMAGES_GB,
    }


def _database(size: float) -> dict[str, float]:
    """The quantities by price, for a database of so many bytes."""
    return {"database": HOURS, "storage": max(STORAGE_GB, size / 1e9)}


def _agents_variables(load: Load) -> dict[str, str]:
    """The agent's variables."""
    service = next(service for service in services(TOGETHER) if agent() in service.rows)
    plain = {name: value for name, value in load.given.items() if not is_hidden(name, value)}
    later = later_runs(schedules.beat_of(agent(), load.settings), "bonghwa-20260108-103000", _NOWHERE)
    return environment(service, _NOWHERE, plain) | later


def compute_time(
    made: Sequence[Calls], shares: Mapping[str, float], memory: Mapping[str, float]
) -> tuple[float, float]:
    """vCPU-seconds and GiB-seconds as they are billed."""
    cpu = gib = 0.0
    for call in made:
        share = shares[call.function]
        seconds = call.times * billed(call.seconds(share)) + call.starts * billed(call.start.seconds(share))
        cpu += seconds * share
        gib += seconds * memory[call.function] / 1024
    return cpu, gib


def billed(seconds: float) -> float:
    """The billed seconds for so many seconds of an instance."""
    return math.ceil(round(seconds / STEP_SECONDS, 6)) * STEP_SECONDS


def _period(beat: Beat) -> float:
    return model.DAY_SECONDS / model.ticks_a_day(beat)


def _operations_a_day(beat: Beat) -> float:
    """The queue's work for the runs between the ticks."""
    return model.ticks_a_day(beat) * sum(delay > 0 for delay in beat.delays) * OPERATIONS_A_TASK
