"""The store of this process, composed of parts: what the functions ask of it, each question in one transaction."""

import functools
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.alerting import WatchPeriod, extend_watch, fall_silent, is_silent
from shared.models import Agent, AlertKind, Cause, Change
from shared.models.channel import Channels
from shared.models.monitor import USUAL_LIMITS, FlappingLimits
from shared.store.asking.alerts import Alerts
from shared.store.engines.database import Database, Transaction
from shared.store.tables import agents, alerts, watches

if TYPE_CHECKING:
    from shared.alerting.health import Health, HealthFacts
    from shared.settings import Settings
    from shared.store.asking.boards import Boards
    from shared.store.asking.history import History
    from shared.store.asking.incidents import Incidents
    from shared.store.asking.monitors import Monitors
    from shared.store.asking.timeline import Timelines
    from shared.store.claims import Checks
    from shared.store.intake.events import Events
    from shared.store.intake.heartbeats import Heartbeats
    from shared.store.intake.runs import Run
    from shared.store.judging.follow_ups import FollowUps
    from shared.store.judging.lapses import Lapses
    from shared.store.judging.maintenance import Maintenance
    from shared.store.judging.windows import Windows
    from shared.store.outbox import Outbox
    from shared.store.recurring.drills import Drills
    from shared.store.recurring.summaries import Summaries
    from shared.store.subscribing import Subscriptions
    from shared.store.upkeep.upkeep import Upkeep
    from shared.store.visiting.visits import Visits

NO_CHECK = Cause.of("no_checks_received")


class Store:
    """Everything that is stored. The methods of its parts raise StoreUnavailable if the database cannot be used."""

    def __init__(self, database: Database, limits: FlappingLimits = USUAL_LIMITS) -> None:
        self.database, self._limits = database, limits
        self.alerts = Alerts(database)
        self.agents = Agents(database)

    @functools.cached_property
    def events(self) -> "Events":
        """Events in."""
        # Imported here, and below: a function asks for few of these parts, and each costs a cold start.
        from shared.store.intake.events import Events

        return Events(self.database, self._limits)

    @functools.cached_property
    def notifications(self) -> "Outbox":
        """The outbox, and how sending went."""
        from shared.store.outbox import Outbox

        return Outbox(self.database)

    @functools.cached_property
    def monitors(self) -> "Monitors":
        """Monitors and their policies."""
        from shared.store.asking.monitors import Monitors

        return Monitors(self.database)

    @functools.cached_property
    def checks(self) -> "Checks":
        """The checks that agents claim."""
        from shared.store.claims import Checks

        return Checks(self.database)

    @functools.cached_property
    def heartbeats(self) -> "Heartbeats":
        """The monitors that are pinged instead of checked."""
        from shared.store.intake.heartbeats import Heartbeats

        return Heartbeats(self.database, self._limits)

    @functools.cached_property
    def windows(self) -> "Windows":
        """Windows of maintenance and silence."""
        from shared.store.judging.windows import Windows

        return Windows(self.database)

    @functools.cached_property
    def maintenance(self) -> "Maintenance":
        """Windows that open and close."""
        from shared.store.judging.maintenance import Maintenance

        return Maintenance(self.database)

    @functools.cached_property
    def lapses(self) -> "Lapses":
        """Monitors that nobody checks any more."""
        from shared.store.judging.lapses import Lapses

        return Lapses(self.database)

    @functools.cached_property
    def history(self) -> "History":
        """How monitors were in the past."""
        from shared.store.asking.history import History

        return History(self.database)

    @functools.cached_property
    def follow_ups(self) -> "FollowUps":
        """Reminders and escalations."""
        from shared.store.judging.follow_ups import FollowUps

        return FollowUps(self.database)

    @functools.cached_property
    def drills(self) -> "Drills":
        """Drills."""
        from shared.store.recurring.drills import Drills

        return Drills(self.database)

    @functools.cached_property
    def summaries(self) -> "Summaries":
        """Summaries."""
        from shared.store.recurring.summaries import Summaries

        return Summaries(self.database)

    @functools.cached_property
    def upkeep(self) -> "Upkeep":
        """Folding and pruning."""
        from shared.store.upkeep.upkeep import Upkeep

        return Upkeep(self.database)

    @functools.cached_property
    def visits(self) -> "Visits":
        """Sign-ins, the overview and trials."""
        from shared.store.visiting.visits import Visits

        return Visits(self.database)

    @functools.cached_property
    def timelines(self) -> "Timelines":
        """The timeline of a monitor."""
        from shared.store.asking.timeline import Timelines

        return Timelines(self.database)

    @functools.cached_property
    def boards(self) -> "Boards":
        """The facts of status pages."""
        from shared.store.asking.boards import Boards

        return Boards(self.database)

    @functools.cached_property
    def incidents(self) -> "Incidents":
        """Incidents on the status pages."""
        from shared.store.asking.incidents import Incidents

        return Incidents(self.database)

    @functools.cached_property
    def subscriptions(self) -> "Subscriptions":
        """Subscribers of status pages, and their mails."""
        from shared.store.subscribing import Subscriptions

        return Subscriptions(self.database)

    def noting_failures(self, function: str, *, now: datetime) -> "Run":
        """For ``with``: a run of a scheduled function that begins at ``now``."""
        from shared.store.intake.runs import Run

        return Run(self.database, function, now=now)

    def note_channels(self, names: Iterable[str], mailing: Iterable[str]) -> None:
        """Note which channels are on, and which can mail people, for functions that get no secrets of channels."""
        from shared.store.tables import configuration

        found = sorted(names), sorted(mailing)
        with self.database.snapshot() as snapshot:
            if (configuration.channels(snapshot), configuration.mailing(snapshot)) == found:
                return  # the usual case
        with self.database.transaction() as transaction:
            configuration.save_channels(transaction, *found)

    def take_lease(self, name: str, holder: str, *, now: datetime, lasts: timedelta) -> bool:
        """Take or keep what only one process at a time may do; False if another holder has it."""
        from shared.store.tables import leases

        with self.database.transaction(is_durable=False) as transaction:
            return leases.take(transaction, name, holder, now=now, leased_until=now + lasts)

    def note_start(self, *, now: datetime) -> None:
        """Note that the local system starts, so that nobody misses what it cannot have done yet."""
        with self.database.transaction() as transaction:
            watches.save(transaction, watches.START, WatchPeriod(now, now))

    def health_facts(self, *, now: datetime) -> "HealthFacts":
        """The facts by which ``alerting.health`` judges whether an outage would be notified now."""
        # Imported here: the other functions start without it.
        from shared.store.health import health_facts

        with self.database.snapshot() as snapshot:
            return health_facts(snapshot, now)

    def judge_health(self, settings: "Settings", *, now: datetime) -> "tuple[Health, HealthFacts]":
        """Whether an outage would be notified now, and by which facts."""
        from shared.store.health import judge

        return judge(facts := self.health_facts(now=now), settings, now), facts

    def time_to_notify(self, *, now: datetime) -> Mapping[str, float | None]:
        """The ``p50`` and ``p95`` of how long first messages took in 30 days, in seconds; None if there was none."""
        from shared.store.tables import delivery_times

        with self.database.snapshot() as snapshot:
            return delivery_times.percentiles(snapshot, now)

    def summary(self) -> dict[str, Any]:
        """The facts of ``GET /``: the newest check's time (text or None) and the counts of what is still open."""
        from shared.store.tables import monitors, owed_notifications

        with self.database.snapshot() as snapshot:
            return {
                "last_check": monitors.newest_check(snapshot),
                "open_alerts": alerts.count_active(snapshot),
                "owed_notifications": owed_notifications.count_owed(snapshot),
            }


class Agents:
    """Agents, and the watch over them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def review(self, *, now: datetime, channels: Channels) -> list[Change]:
        """Open an alert for each agent that has newly fallen silent; its monitors become UNKNOWN.

        To be called at least once a minute: that is how the store knows since when somebody watches.
        """
        from shared.store.intake.runs import is_fresh

        with self._database.snapshot() as snapshot:
            saved = watches.get(snapshot, "review_alerts")
            watch = extend_watch(saved, now)
            if is_fresh(saved, watch, now) and not _silent_agents(snapshot, watch, now):
                return []  # the usual case: nothing to write
        from shared.store.changes import open_alert
        from shared.store.judging.by_hand import save_agents_silence

        changes: list[Change] = []
        with self._database.transaction() as transaction:
            watch = _watch_on(transaction, now)
            for agent in _silent_agents(transaction, watch, now):
                save_agents_silence(transaction, fall_silent(agent), now)
                if alerts.active(transaction, AlertKind.AGENT_SILENT, agent.name) is None:
                    opened = open_alert(
                        transaction,
                        AlertKind.AGENT_SILENT,
                        agent.name,
                        cause=NO_CHECK,
                        failed_at=agent.last_seen_at,
                        opened_at=now,
                        channels=channels,
                        now=now,
                    )
                    changes.append(opened)
        return changes


def _watch_on(transaction: Transaction, now: datetime) -> WatchPeriod:
    """Save the watch as it is now. After a gap, every ping that is expected has a new chance."""
    saved = watches.get(transaction, "review_alerts")
    watch = extend_watch(saved, now)
    watches.save(transaction, "review_alerts", watch)
    if saved is None or watch.started_at != saved.started_at:
        from shared.store.intake.heartbeats import expect_after_gap

        expect_after_gap(transaction, saved, now)
    return watch


def _silent_agents(transaction: Transaction, watch: WatchPeriod, now: datetime) -> list[Agent]:
    return [agent for agent in agents.not_silent(transaction) if is_silent(agent, watch, now)]
