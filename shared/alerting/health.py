"""Judge whether an outage that happened now would be notified. Pure; the one home of what "overdue" means.

The package does not export it: only ``GET /`` and the doctor ask, and the other functions start without it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from shared.alerting.agents import SILENT_AFTER_INTERVALS, WATCH_GAP, heard_at
from shared.models import Agent, as_text

# A message that is due goes out with the next run, at most a minute later. After this long, no run is coming.
OVERDUE = timedelta(minutes=3)
DELIVERY = "deliver_notifications"
# Those that run at least once a minute.
SCHEDULES = ("review_alerts", DELIVERY)
# Runs seldom in a cloud, and nobody waits for it.
UPKEEP = "maintain_store"
# This many channels that take nothing are named.
MOST_NAMED = 3
NEVER = datetime.min.replace(tzinfo=UTC)
# From the end of a check until its event is stored.
_ARRIVAL = timedelta(seconds=2)
# Until every process of the local system has started, on a busy machine.
STARTING = timedelta(seconds=45)
# A cloud's scheduler may be late by nearly a minute.
_LATE_SCHEDULER = timedelta(seconds=60)


# Plain classes: a NamedTuple or a dataclass costs the start of GET / half a millisecond each.


class Expected:
    """The agent that this very system runs, which is expected to report although it never has."""

    def __init__(self, name: str, interval_seconds: float) -> None:
        self.name, self.interval_seconds = name, interval_seconds


class WatchedGroup:
    """Monitors that agents check, which have the same ``locations``, ``quorum`` and ``interval_seconds``.

    ``name`` is one of the ``count``; ``checked_at``: when the last of them was checked. ``made_at``: when one whose
    state nobody knows was given its policy, or was last known. ``why``: the reason that the agent could not check it.
    """

    def __init__(
        self,
        name: str,
        interval_seconds: float,
        *,
        count: int = 1,
        locations: Collection[str] | None = None,
        quorum: int | None = None,
        checked_at: datetime | None = None,
        made_at: datetime = NEVER,
        why: str = "",
    ) -> None:
        self.name, self.count, self.interval_seconds = name, count, interval_seconds
        self.locations, self.quorum = None if locations is None else tuple(locations), quorum
        self.checked_at, self.made_at, self.why = checked_at, made_at, why


class Gap:
    """Something that is not watched as people think. ``name`` is one of the ``count`` monitors.

    ``kind``: "nowhere", no agent has ever been at any of the monitor's ``locations``; "never", it was never checked;
    "quorum", it needs more locations than the ``served`` ones; "inconclusive", the agent cannot check it, which is
    ``why`` nobody knows its state.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        count: int,
        *,
        locations: Sequence[str] = (),
        quorum: int = 0,
        served: int = 0,
        why: str = "",
    ) -> None:
        self.kind, self.name, self.count, self.why = kind, name, count, why
        self.locations, self.quorum, self.served = locations, quorum, served

    @property
    def reason(self) -> str:
        """The sentence for ``GET /`` and the doctor."""
        name = self.name if self.count == 1 else f"{self.name} and {self.count - 1} more"
        if self.kind == "nowhere":
            return f"no agent at {' or '.join(self.locations)} has ever reported, so nobody checks {name}"
        if self.kind == "never":
            return f"{name} {'has' if self.count == 1 else 'have'} never been checked"
        if self.kind == "inconclusive":
            return f"{name} cannot be checked: {self.why.removeprefix('not checked: ')}"
        return (
            f"{name} can have no outage: the quorum is {self.quorum}, and agents are at {self.served} of the locations"
        )


class HealthFacts:
    """The facts of the store, which was made at ``created_at``. ``started_at``: the local system started last, if ever.

    ``since``: the system has started or awoken then, so that nobody can have reported shortly before. ``alerted``: the
    agents whose silence is an active alert. ``failing``: since when each run of a scheduled function has failed.
    ``overdue``: the number of overdue messages by channel. ``stalled``: since when each channel has taken nothing of
    what is overdue or it was tried with. ``refused``: the channels that permanently rejected a message. ``channels``:
    those that are on; None if nobody knows yet. ``problem``: what is wrong with the configuration's file. ``placed``:
    the monitors with locations or a quorum, in groups; ``never_checked``: those that were never checked, each alone;
    ``unable``: those whose last check the agent could not make; ``claiming``: the locations that have claimed checks.
    """

    def __init__(
        self,
        *,
        started_at: datetime | None = None,
        created_at: datetime = NEVER,
        since: datetime = NEVER,
        agents: tuple[Agent, ...] = (),
        alerted: frozenset[str] = frozenset(),
        last_runs: Mapping[str, datetime],
        failing: Mapping[str, datetime] | None = None,
        overdue: Mapping[str, int],
        stalled: Mapping[str, datetime] | None = None,
        refused: tuple[str, ...] = (),
        channels: Collection[str] | None = None,
        problem: str | None = None,
        placed: Sequence[WatchedGroup] = (),
        never_checked: Sequence[WatchedGroup] = (),
        unable: Sequence[WatchedGroup] = (),
        claiming: Collection[str] = (),
    ) -> None:
        self.started_at, self.created_at, self.since = started_at, created_at, since
        self.agents, self.alerted, self.last_runs, self.failing = agents, alerted, last_runs, failing or {}
        self.overdue, self.refused, self.channels, self.problem = overdue, refused, channels, problem
        self.stalled = stalled or {}
        self.placed, self.never_checked, self.unable = placed, never_checked, unable
        # An agent is named like its location. One of version 0.1 claims nothing.
        self.served = {*claiming, *(agent.name for agent in agents)}


class Health:
    """``reasons``: why an outage might not be notified now. ``is_notified``: whether anybody would be, all the same."""

    def __init__(self, reasons: tuple[str, ...], *, is_notified: bool) -> None:
        self.reasons, self.is_notified = reasons, is_notified


def patience(check_timeout_seconds: float, *, is_in_cloud: bool) -> timedelta:
    """For how long a report may be late that is made right: its check may last until the timeout."""
    return timedelta(seconds=check_timeout_seconds) + _ARRIVAL + (_LATE_SCHEDULER if is_in_cloud else timedelta())


def judge_health(facts: HealthFacts, now: datetime, *, patience: timedelta, expected: Expected | None = None) -> Health:
    """Judge the facts at ``now``."""
    # Our own agent is expected whatever a person has resolved.
    own = expected.name if expected else None
    relevant = [agent for agent in facts.agents if agent.name == own or not is_given_up(agent, facts)]
    silent = [agent for agent in relevant if is_overdue(agent, facts, now, patience)]
    checking = [agent for agent in relevant if agent not in silent]
    is_missing = expected is not None and _is_missing(expected, facts, now, patience)
    is_reviewed = not is_run_overdue("review_alerts", facts, now)
    is_delivered = not facts.overdue or not (DELIVERY in facts.failing or is_run_overdue(DELIVERY, facts, now))
    # A channel that refuses notifies nobody until it accepts a message again.
    dead = {*facts.refused, *_idle(facts, now)}
    is_reached = facts.channels is None or not dead >= set(facts.channels)
    is_checked = bool(checking) or not (silent or is_missing)
    reasons = [f"agent {agent.name} last reported at {as_text(agent.last_seen_at)}" for agent in silent]
    if expected is not None and is_missing:
        reasons.append(f"agent {expected.name} has never reported")
    reasons += [f"the location of agent {agent.name} is offline" for agent in checking if agent.is_offline]
    reasons += _of_schedules(facts, now)
    reasons += [
        f"{counted_messages(count)} to {channel} should have been sent" for channel, count in facts.overdue.items()
    ]
    reasons += [f"{channel} permanently rejected a message" for channel in facts.refused]
    reasons += _of_stalled(facts, now)
    reasons += ["no channel is on"] if facts.channels is not None and not facts.channels else []
    reasons += facts.problem.splitlines() if facts.problem else []
    reasons += [gap.reason for gap in gaps(facts, now, patience)]
    return Health(tuple(reasons), is_notified=(is_checked or is_reviewed) and is_delivered and is_reached)


def counted_messages(count: int) -> str:
    """The number of messages, in the English of ``reasons`` and of the doctor."""
    return "1 message" if count == 1 else f"{count} messages"


def is_overdue(agent: Agent, facts: HealthFacts, now: datetime, patience: timedelta) -> bool:
    """Whether the agent has reported nothing for three intervals, although it could."""
    if agent.name in facts.alerted:
        return True  # its next report ends the alert, and neither a start nor a gap does
    seen_at = heard_at(agent, facts.created_at, now)
    is_late = now - max(seen_at, facts.since) > _tolerated(agent.interval_seconds, patience)
    return is_late and not _is_starting(seen_at, facts, now)


def gaps(facts: HealthFacts, now: datetime, patience: timedelta) -> Iterator[Gap]:
    """The monitors that nobody has checked, or could check, for three intervals, and quorums that cannot be met."""

    def is_late(watched: WatchedGroup, since: datetime) -> bool:
        waited = now - max(since, facts.created_at, facts.since)
        return waited > _tolerated(watched.interval_seconds, patience) and not _is_starting(NEVER, facts, now)

    def is_nowhere(watched: WatchedGroup) -> bool:
        return watched.locations is not None and facts.served.isdisjoint(watched.locations)

    unseen = [watched for watched in facts.never_checked if is_late(watched, watched.made_at)]
    found = [watched for watched in facts.placed if is_nowhere(watched) and watched.checked_at]
    lost = [watched for watched in found if is_late(watched, watched.checked_at or NEVER)]
    lost += [watched for watched in unseen if is_nowhere(watched)]
    for locations in sorted({watched.locations or () for watched in lost}):
        alike = [watched for watched in lost if watched.locations == locations]
        yield Gap("nowhere", alike[0].name, sum(watched.count for watched in alike), locations=locations)
    if never := [watched for watched in unseen if not is_nowhere(watched)]:
        yield Gap("never", never[0].name, len(never))
    # If the agent tries no longer, its silence is the reason.
    tried = [watched for watched in facts.unable if not is_late(watched, watched.checked_at or NEVER)]
    stuck = [watched for watched in tried if is_late(watched, watched.made_at)]
    for why in sorted({watched.why for watched in stuck}):
        alike = [watched for watched in stuck if watched.why == why]
        yield Gap("inconclusive", alike[0].name, len(alike), why=why)
    for watched in facts.placed:
        served = len(facts.served.intersection(watched.locations or facts.served))
        if (watched.quorum or 0) > served > 0 and is_late(watched, NEVER):
            yield Gap("quorum", watched.name, watched.count, quorum=watched.quorum or 0, served=served)


def is_given_up(agent: Agent, facts: HealthFacts) -> bool:
    """Whether a person has resolved the alert about the agent's silence, so that nobody expects it any more."""
    return agent.is_silent and agent.name not in facts.alerted


def stalled(facts: HealthFacts, now: datetime) -> list[str]:
    """The channels that were tried for too long, and took nothing. A message that no run tries is overdue instead."""
    return [channel for channel in _idle(facts, now) if channel not in facts.overdue and channel not in facts.refused]


def is_run_overdue(function: str, facts: HealthFacts, now: datetime) -> bool:
    """Whether a scheduled function has not run lately. A run notes its time once in half a minute."""
    return now - max(facts.last_runs.get(function, facts.created_at), facts.since) > WATCH_GAP


def _idle(facts: HealthFacts, now: datetime) -> list[str]:
    """The channels that have taken nothing for too long. If another message went out lately, one alone is late."""
    # Messages that were owed while the system was stopped go out in a moment.
    return [channel for channel, since in facts.stalled.items() if now - max(since, facts.since) > OVERDUE]


def _of_stalled(facts: HealthFacts, now: datetime) -> Iterator[str]:
    channels = stalled(facts, now)
    for channel in channels[:MOST_NAMED]:
        yield f"{channel} has taken nothing since {as_text(facts.stalled[channel])}"
    if more := len(channels[MOST_NAMED:]):
        yield "1 more channel has taken nothing" if more == 1 else f"{more} more channels have taken nothing"


def _of_schedules(facts: HealthFacts, now: datetime) -> Iterator[str]:
    for function, since in facts.failing.items():
        yield f"{function} has failed since {as_text(since)}; the log says why"
    for function in SCHEDULES:
        if is_run_overdue(function, facts, now):
            last = facts.last_runs.get(function)
            yield f"{function} has never run" if last is None else f"{function} last ran at {as_text(last)}"


def _is_missing(expected: Expected, facts: HealthFacts, now: datetime, patience: timedelta) -> bool:
    is_known = any(agent.name == expected.name for agent in facts.agents)
    waited = now - max(facts.created_at, facts.since)
    is_late = waited > _tolerated(expected.interval_seconds, patience)
    return is_late and not is_known and not _is_starting(NEVER, facts, now)


def _is_starting(seen_at: datetime, facts: HealthFacts, now: datetime) -> bool:
    """Whether the agent has not reported since the local system started, which was just now."""
    return facts.started_at is not None and seen_at < facts.started_at and now - facts.started_at < STARTING


def _tolerated(interval_seconds: float, patience: timedelta) -> timedelta:
    return SILENT_AFTER_INTERVALS * timedelta(seconds=interval_seconds) + patience
