"""The checks that are due at a location. Each claim moves the location's cursor on, so that none is claimed twice."""

import os
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.models.times import utc
from shared.monitors.due import Due, is_overdue, longest_claim
from shared.settings import is_in_cloud
from shared.settings.secrets import without_password
from shared.store.engines.database import Database, Row, Transaction
from shared.store.tables import agents, configuration, cursors, policies, replay_facts, trials
from shared.store.tables.configuration import Generation
from shared.store.tables.policies import Watched

# A monitor's name, how often it is checked, and how long that may take.
_Target = tuple[str, float, float | None]
# After so long without a claim at a location, a process asks which monitors nobody has checked for long.
GAP_SECONDS = 5.0


class Claim(NamedTuple):
    """The checks that an agent has to do. ``changed``: the monitors whose policies it does not know yet.

    ``is_all``: ``changed`` are all monitors, and the agent forgets every other one. ``trials``: rows of what somebody
    wants tried.
    """

    version: int
    until: datetime
    checks: list[Due]
    changed: list[Row]
    is_all: bool
    trials: list[Row]


class Checks:
    """The checks of one store, as agents claim them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._generation: Generation | None = None
        self._watched: tuple[Generation | None, list[Watched]] = (None, [])
        # Agents' own targets, in the order in which they were registered.
        self._registered: dict[_Target, None] = {}
        # By location: this process's last claim, and in which store.
        self._claimed: dict[str, tuple[float, Generation]] = {}

    def locations(self) -> list[str]:
        """The locations at which agents have ever been. An agent of version 0.1 has its location's name."""
        with self._database.snapshot() as snapshot:
            return sorted({*cursors.locations(snapshot), *(agent.name for agent in agents.every(snapshot))})

    def claim(
        self,
        location: str,
        *,
        now: datetime,
        seconds: float,
        targets: Sequence[str] = (),
        target_interval: float = 30.0,
        target_timeout: float | None = None,
        known: int | None = None,
    ) -> Claim:
        """Claim what falls due at ``location`` until ``seconds`` from now.

        ``targets``: URLs that the agent watches by its own setting, every ``target_interval`` seconds, for at most
        ``target_timeout`` seconds. Nobody else gets them. ``known``: the version of the configuration that it knows;
        None: nothing.
        """
        names = [without_password(target) for target in targets]
        self._register([(name, target_interval, target_timeout) for name in names], now)
        # Whole milliseconds, as the store has them. A check due in the rest of the last one would be given out twice.
        span = _Span(location, now, utc(now + timedelta(seconds=seconds)), frozenset(names))
        with self._database.snapshot() as snapshot:
            generation = configuration.generation(snapshot)
            version = generation.version
            watched = self._all(snapshot, generation)
            # Usually nothing is due in this second, and nothing need be written.
            checks = self._due(snapshot, span, watched, generation)
            is_all = known is None or known > version
            changed = policies.changed_since(snapshot, 0 if is_all else known or 0) if known != version else []
            tried = trials.waiting(snapshot, location, now)
            is_new = self._is_new(snapshot, location)
        self._register_again(generation, now)
        if checks or is_new or tried:
            checks, tried = self._take(span, watched, generation, tried)
        self._claimed[location] = now.timestamp(), generation
        found = sorted((Due(due.monitor.name, due.at) for due in checks), key=lambda due: due.at)
        return Claim(version, span.until, found, changed, is_all, tried)

    def _is_new(self, snapshot: Transaction, location: str) -> bool:
        """Whether nothing was ever claimed there. People are warned of monitors at a location without a cursor."""
        return location not in self._claimed and cursors.get(snapshot, location) is None

    def _take(
        self, span: "_Span", watched: Sequence[Watched], generation: Generation, tried: Sequence[Row]
    ) -> "tuple[list[_Due], list[Row]]":
        """Claim what is due, and lease the trials, so that nobody else does either. All or nothing."""
        # A power cut may undo it. Then some checks are done twice, which harms nobody.
        with self._database.transaction(is_durable=False) as transaction:
            checks = self._due(transaction, span, watched, generation)
            claimed_until = _claimed_until(cursors.get(transaction, span.location), span)
            cursors.save(transaction, span.location, max(claimed_until, span.until))
            for due in checks:
                if due.is_at_once:
                    cursors.take(transaction, span.location, due.monitor.id, span.now)
                    policies.clear_wanted(transaction, due.monitor.id)
            leased = [row for row in tried if trials.lease(transaction, row, span.now)]
        return checks, leased

    def _register(self, targets: "Sequence[_Target]", now: datetime) -> None:
        """Let the agent's own targets be monitors of source 'env'. One of that name in the file stays the file's."""
        new = [target for target in targets if target not in self._registered]
        if new:
            self._put(new, now)
            with self._lock:
                self._registered |= dict.fromkeys(new)

    def _register_again(self, generation: Generation, now: datetime) -> None:
        """Register all targets if the store was emptied or replaced since the last claim: an agent says them once."""
        if self._generation is not None and not generation.has_all_of(self._generation):
            self._put(list(self._registered), now)
        self._generation = generation

    def _put(self, targets: "Sequence[_Target]", now: datetime) -> None:
        with self._database.transaction() as transaction:
            for name, interval, timeout in targets:
                known = policies.named(transaction, name)
                policies.put_target(transaction, name, interval, timeout)
                if (row := policies.named(transaction, name)) is not None:
                    replay_facts.add_policy(transaction, row["id"], now)
                    if known is not None and row != known:
                        configuration.count_up(transaction)  # other processes know it as it was
        with self._lock:
            self._watched = (None, [])

    def _all(self, snapshot: Transaction, generation: Generation) -> list[Watched]:
        with self._lock:
            if self._watched[0] != generation:
                self._watched = generation, list(policies.watched(snapshot))
            return self._watched[1]

    def _due(
        self, transaction: Transaction, span: "_Span", watched: Sequence[Watched], generation: Generation
    ) -> "list[_Due]":
        start, end = _claimed_until(cursors.get(transaction, span.location), span).timestamp(), span.until.timestamp()
        here = [monitor for monitor in watched if monitor.is_for(span.location, span.targets)]
        at_once = self._at_once(transaction, span, here, generation)
        found = []
        for monitor in here:
            at = monitor.due(start, end) if start < end else None
            if monitor.id in at_once:
                found.append(_Due(monitor, span.now.timestamp(), is_at_once=True))
            elif at is not None:
                found.append(_Due(monitor, at))
        return found

    def _at_once(
        self, transaction: Transaction, span: "_Span", here: Sequence[Watched], generation: Generation
    ) -> set[int]:
        """The monitors that somebody wants checked now, or that nobody has checked for long."""
        found = set(policies.wanted(transaction))
        at = span.now.timestamp()
        claimed_at, claimed_of = self._claimed.get(span.location, (0.0, None))
        # Reading the times of all monitors costs, and while claims follow each other none is forgotten.
        if claimed_of == generation and 0 <= at - claimed_at < GAP_SECONDS:
            return found
        checked, taken = policies.last_checks(transaction), cursors.taken(transaction, span.location)
        for monitor in here:
            if is_overdue(_seconds(checked.get(monitor.id)), monitor.interval, at) and is_overdue(
                _seconds(taken.get(monitor.id)), monitor.interval, at
            ):
                found.add(monitor.id)
        return found


class _Span(NamedTuple):
    """The claimed checks. ``targets``: the names of the agent's own."""

    location: str
    now: datetime
    until: datetime
    targets: frozenset[str]


class _Due(NamedTuple):
    monitor: Watched
    at: float
    is_at_once: bool = False


def _claimed_until(cursor: datetime | None, span: _Span) -> datetime:
    """Until when everything is claimed already. A check that fell due since then, however long ago, is made once."""
    # No claim reaches further ahead: such a cursor was written before the clock was set back.
    furthest = span.until + timedelta(seconds=longest_claim(is_in_cloud=is_in_cloud(os.environ)))
    return span.now if cursor is None or cursor > furthest else cursor


def _seconds(time: str | None) -> float | None:
    return datetime.fromisoformat(time).timestamp() if time else None
