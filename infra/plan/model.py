"""Calculate quantities and a price from a load, the measurements and the prices. Pure.

A month has 730 hours, as in the clouds' own calculators.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.clouds.cron import Beat
from infra.plan.load import AGENT, HOURS, MONTH_SECONDS, Load, named
from infra.plan.measured import Cost, Measured
from shared.models import MAX_EVENTS_PER_REQUEST
from shared.store import Retention

if TYPE_CHECKING:
    from shared.monitors.policy import Policy

# The functions whose calls grow with what is watched, as durations.toml names them.
BACKEND, DELIVERY = "ingest_event", "deliver_notifications"
CLAIMS = "claim_checks"
DAYS = HOURS / 24
DAY_SECONDS = 86_400.0

# Assumptions, for what cannot be measured beforehand; `python -m infra plan` prints them.
OWN_CALLS_A_DAY = 100.0
OUTAGES_A_MONTH = 1.0
STARTS_A_DAY = 24.0
# The bytes of an hour and of a day that is over, with indexes, of a check every 30 s whose phases all vary; where they
# do not, it is two thirds (`python -m tests.benchmarks rollups`). And those of a monitor's day until it is over.
ROLLUP_BYTES = {"sqlite": {"hour": 43.0, "day": 105.0}, "postgresql": {"hour": 70.0, "day": 170.0}}
TODAY_BYTES = 24 * 400.0 + 590.0
# The headers of the eleven packets of a check, as the kernel counts them, and of the three of a check over a connection
# that was kept.
HEADER_BYTES = 580.0
KEPT_HEADER_BYTES = 156.0


@dataclass(frozen=True)
class Price:
    """``dollars`` for ``per`` units; ``free`` units a month cost nothing. ``of``: the date of the price."""

    unit: str
    dollars: float
    per: float
    free: float
    source: str
    of: str


@dataclass(frozen=True)
class Line:
    """One line of a bill."""

    quantity: float
    price: Price

    @property
    def at_list_price(self) -> float:
        """Dollars a month, as if nothing were free."""
        return self.quantity / self.price.per * self.price.dollars

    @property
    def dollars(self) -> float:
        """Dollars a month beyond what is free."""
        return max(0.0, self.quantity - self.price.free) / self.price.per * self.price.dollars


@dataclass(frozen=True)
class Calls:
    """One function's calls and cold starts in a month, and the cost of each."""

    function: str
    times: float
    cost: Cost
    starts: float
    start: Cost

    def seconds(self, share: float) -> float:
        """How long a call takes with this share of a processor.

        Runs of 1, 10, 100, 300 and 1,000 checks took at most 5 % longer than this with a third of a processor, and with
        a quarter, which 1,000 checks use up, 15 %.
        """
        return self.cost.seconds_of_many(share) if self.function == AGENT else self.cost.seconds(share)


@dataclass(frozen=True)
class Term:
    """A part of the worst delay, and its cause."""

    what: str
    seconds: float


@dataclass(frozen=True)
class Saving:
    """A change that costs less, and the dollars a month that it saves."""

    change: str
    dollars: float


@dataclass(frozen=True)
class Plan:
    """The plan of one platform for a load. If ``refusals`` say why it cannot do that, the rest is empty."""

    platform: str
    name: str
    load: Load
    refusals: Sequence[str] = ()
    calls: Sequence[Calls] = ()
    compute: Mapping[str, float] = field(default_factory=dict)
    bill: Sequence[Line] = ()
    # The price of the first month, and of the twelfth, when the history has grown.
    database: Sequence[Line] = ()
    database_in_a_year: Sequence[Line] = ()
    savings: Sequence[Saving] = ()
    rows_a_day: float = 0.0
    bytes_a_day: float = 0.0
    most_bytes: float = 0.0
    delay: Sequence[Term] = ()
    notes: Sequence[str] = ()

    @property
    def seconds(self) -> float:
        """The worst delay from the beginning of an outage to its message."""
        return sum(term.seconds for term in self.delay)

    @property
    def dollars(self) -> float:
        """The price of the twelfth month, with the database."""
        return sum(line.dollars for line in [*self.bill, *self.database_in_a_year])


def calls(
    load: Load, measured: Measured, engine: str, scheduled: Mapping[str, float], claims: float | None = None
) -> list[Calls]:
    """All calls in a month. ``scheduled``: how often each scheduled function but the agent is called.

    ``claims``: how often the agent claims its checks on a machine of one's own, where it also reports as soon as it
    can; in a cloud it does both once in each run.
    """
    run = measured.of(AGENT, load.checks_a_run)
    at_once = math.ceil(round(load.checks_a_run / MAX_EVENTS_PER_REQUEST, 6))
    reports = max(1.0, at_once if claims is None else run.reports)
    kinds = {
        AGENT: (load.runs, run),
        BACKEND: (load.runs * reports, measured.of(f"{BACKEND}.{engine}", load.checks_a_run / reports)),
        CLAIMS: (load.runs if claims is None else claims, measured.of(f"{CLAIMS}.{engine}", load.monitors)),
        **{name: (times, measured.of(f"{name}.{engine}", 0)) for name, times in scheduled.items()},
        "list_alerts": (OWN_CALLS_A_DAY * DAYS, measured.of(f"list_alerts.{engine}")),
    }
    starts = STARTS_A_DAY * DAYS
    return [Calls(name, times, cost, starts, measured.start(name)) for name, (times, cost) in kinds.items()]


def rows_and_bytes_a_day(load: Load, measured: Measured, engine: str, channels: int) -> tuple[float, float]:
    """The database's growth: a row for each check, and for each outage an alert and two messages to each channel.

    Each message is a row, and so is the attempt that delivers it.
    """
    events = load.checks / DAYS
    outages = load.monitors * OUTAGES_A_MONTH / DAYS
    database = f"database.{engine}"
    # It was measured with one channel.
    outage_bytes = measured.bytes_of(database, "outage_bytes") * channels
    event_bytes = measured.bytes_of(f"database.{engine}", "event_bytes")
    rows = events + outages * (1 + 4 * channels)
    return rows, events * event_bytes + outages * outage_bytes


def bytes_after(load: Load, measured: Measured, engine: str, channels: int, months: float = math.inf) -> float:
    """The size of the database after so many months: events, rollups and alerts for as long as each is kept.

    Without ``months`` it is the size at which it stops growing.
    """
    settings, seconds = load.settings, months * MONTH_SECONDS
    kept = Retention(settings.retention_events, settings.retention_rollups, settings.retention_alerts)
    a_second = load.checks / MONTH_SECONDS
    events = min(kept.events, seconds) * a_second * measured.bytes_of(f"database.{engine}", "event_bytes")
    each = ROLLUP_BYTES[engine]
    hours, days = min(kept.hours, seconds) / 3600, min(kept.rollups, seconds) / DAY_SECONDS
    rollups = load.monitors * (TODAY_BYTES + hours * each["hour"] + days * each["day"])
    outages = load.monitors * OUTAGES_A_MONTH * min(kept.alerts, seconds) / MONTH_SECONDS
    return events + rollups + outages * measured.bytes_of(f"database.{engine}", "outage_bytes") * channels


def refusals(
    load: Load,
    made: Sequence[Calls],
    shares: Mapping[str, float],
    megabytes: Mapping[str, float],
    timeout_seconds: float,
) -> list[str]:
    """Why functions with these shares, memory and time cannot do that, if they cannot."""
    return [
        *too_slow(load, made, shares[AGENT], timeout_seconds, load.watched),
        *(
            f"{call.function} needs {call.cost.memory_mb:.0f} MB, but has {megabytes[call.function]:.0f}"
            for call in made
            if call.cost.memory_mb > megabytes[call.function]
        ),
    ]


def too_many_variables(variables: Mapping[str, str], most: int) -> list[str]:
    """Why the agent cannot have so many bytes of variables, names included, if it cannot."""
    length = sum(len(name) + len(value.encode()) for name, value in variables.items())
    if length <= most:
        return []
    longest = max(variables, key=lambda name: len(variables[name]))
    return [
        f"{longest} is {len(variables[longest].encode()):,} bytes long: all variables of a function together have "
        f"{length:,} bytes, but may have {most:,}"
    ]


def log_bytes(load: Load, made: Sequence[Calls], bytes_an_entry: float) -> float:
    """The bytes that the functions log in a month. The platform adds ``bytes_an_entry`` to each line."""
    return sum(
        call.times * (call.cost.log_bytes + call.cost.log_lines * bytes_an_entry)
        for call in made
        if load.is_logged(call.function)
    )


def bytes_sent(load: Load, measured: Measured, most_kept: float = math.inf) -> float:
    """The bytes that the checks of a month send, if the agent keeps so many connections at most."""
    kept = load.kept(most_kept)
    fresh = (load.checks - kept) * (measured.bytes_of("check", "bytes_sent") + HEADER_BYTES)
    return fresh + kept * (measured.bytes_of("check", "bytes_sent_kept") + KEPT_HEADER_BYTES)


def runs_a_month(beats: Mapping[str, Beat]) -> dict[str, float]:
    """How often a cloud's scheduler calls each scheduled function but the agent."""
    return {name: ticks_a_day(beat) * DAYS for name, beat in beats.items() if name != AGENT}


def ticks_a_day(beat: Beat) -> float:
    """How often a cron line ticks in a day."""
    minute, hour, *_ = beat.cron.split()
    return _times(minute, 60) * _times(hour, 24)


def _times(field: str, most: int) -> float:
    if field == "*":
        return float(most)
    return most / int(field.removeprefix("*/")) if field.startswith("*/") else 1.0


def too_slow(
    load: Load, made: Sequence[Calls], share: float, timeout_seconds: float, awaited: "Sequence[Policy]" = ()
) -> list[str]:
    """Why the agent's runs do not fit into their time, if they do not. ``awaited``: the checks whose end it needs."""
    agent = next(call for call in made if call.function == AGENT)
    run = agent.seconds(share)
    slowest = max(awaited, key=lambda policy: policy.longest_check, default=None)
    # The slowest check adds all its tries, each with its whole timeout.
    longest = run + (agent.start.seconds(share) + slowest.longest_check if slowest else 0.0)
    if longest > timeout_seconds:
        of = f" that waits for {named(slowest)} until its timeout" if slowest else ""
        return [f"a run{of} takes {longest:,.0f} s, but may take {timeout_seconds:g} s"]
    if run > load.interval:
        return [f"a run takes {run:.1f} s, but the next one begins after {load.interval:g} s"]
    return []
