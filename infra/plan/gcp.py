"""Google Cloud Run functions, as ``infra/clouds/gcp`` deploys them; everything that it decides is read from there."""

import math
from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from infra.clouds.cron import Beat
from infra.clouds.gcp import schedules
from infra.clouds.gcp.database import STORAGE_GB
from infra.clouds.gcp.functions import SCHEDULED_KEY, SIZES, Size, environment, is_for
from infra.clouds.gcp.project import OWN_FILE, Place
from infra.clouds.settings import refuse_missing_libraries
from infra.plan import model
from infra.plan.load import AGENT, HOURS, Load
from infra.plan.measured import Measured
from infra.plan.model import DELIVERY, Calls, Line, Plan, Price, Term
from infra.table import agent, rows
from shared.settings import SettingError
from shared.settings.secrets import is_secret

PLATFORM = "gcp"
# Including the names: https://cloud.google.com/run/docs/configuring/services/overview-environment-variables
VARIABLES_BYTES = 32 * 1024
# Cloud Run is billed by the tenth of a second.
STEP_SECONDS = 0.1
# Assumed: the bytes that Cloud Logging adds to a line, Cloud Run's own line for a request, and all images together.
ENTRY_BYTES = 500.0
REQUEST_BYTES = 1000.0
IMAGES_GB = 5.0
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
    made = model.calls(load, measured, "postgresql", model.runs_a_month(beats))
    sizes = {call.function: SIZES.get(call.function, Size()) for call in made}
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
        delay=model.delay(load, made, shares, late),
        notes=[
            f"a message that a channel does not accept at once is tried again within {_period(beats[DELIVERY]):g} s"
        ],
    )


def _quantities(load: Load, measured: Measured, made: Sequence[Calls], beats: Mapping[str, Beat]) -> dict[str, float]:
    """The quantities by price, without the time of the functions."""
    calls = sum(call.times for call in made)
    own = model.log_bytes(load, made, ENTRY_BYTES)
    secrets = _ALWAYS_SECRET | {name for name, value in load.given.items() if is_secret(name, value)}
    reads = sum(is_for(row, setting) for row in rows() for setting in secrets)
    return {
        "requests": calls,
        "jobs": float(sum(len(beat.delays) for beat in beats.values())),
        "steps": sum(_steps_a_day(name, beat) for name, beat in beats.items()) * model.DAYS,
        "gateway": model.OWN_CALLS_A_DAY * model.DAYS,
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
    return environment(agent(), _NOWHERE, {name: v for name, v in load.given.items() if not is_secret(name, v)})


def compute_time(
    made: Sequence[Calls], shares: Mapping[str, float], memory: Mapping[str, float]
) -> tuple[float, float]:
    """vCPU-seconds and GiB-seconds as they are billed."""
    cpu = gib = 0.0
    for call in made:
        share = shares[call.function]
        seconds = call.times * billed(call.cost.seconds(share)) + call.starts * billed(call.start.seconds(share))
        cpu += seconds * share
        gib += seconds * memory[call.function] / 1024
    return cpu, gib


def billed(seconds: float) -> float:
    """The billed seconds for so many seconds of an instance."""
    return math.ceil(round(seconds / STEP_SECONDS, 6)) * STEP_SECONDS


def _period(beat: Beat) -> float:
    return model.DAY_SECONDS / model.ticks_a_day(beat)


def _steps_a_day(name: str, beat: Beat) -> float:
    """The steps of the workflow that runs between the ticks, if there is one."""
    row = next(row for row in rows() if row.name == name)
    steps = schedules.definition(row, _NOWHERE, SecretStr(""))["main"]["steps"]
    return model.ticks_a_day(beat) * sum(delay > 0 for delay in beat.delays) * len(steps)
