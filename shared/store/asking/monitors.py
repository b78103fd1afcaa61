"""Monitors out, and policies in. Each method runs in one transaction."""

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from shared.models import Monitor, as_text, value_of
from shared.store.asking.entries import Entry, entries, entry
from shared.store.engines.database import Database
from shared.store.tables import configuration, handled_updates, monitors, policies
from shared.store.tables.configuration import Generation

if TYPE_CHECKING:
    from shared.models import Change
    from shared.models.channel import Channels
    from shared.monitors.policy import Policy
    from shared.monitors.windows.drill import Drill
    from shared.monitors.windows.summary import Summary
    from shared.monitors.windows.window import Window
    from shared.store.monitors import Plan


class Monitors:
    """The monitors of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, monitor_id: int) -> Entry:
        """One monitor. Raises MonitorNotFound."""
        with self._database.snapshot() as snapshot:
            return entry(snapshot, policies.get(snapshot, monitor_id))

    def page(self, *, limit: int, after: int = 0, tag: str | None = None, **wanted: Any) -> list[Entry]:
        """Monitors in the order of their ids. ``wanted``: columns of the table and the values that they must have."""
        with self._database.snapshot() as snapshot:
            return entries(snapshot, policies.page(snapshot, limit=limit, after=after, tag=tag, **wanted))

    def names(self) -> set[str]:
        """The names of all monitors that are there."""
        with self._database.snapshot() as snapshot:
            return monitors.names_of(snapshot, "monitors")

    def add(self, policy: "Policy", *, now: datetime, once: str | None = None) -> Entry:
        """A new monitor of source 'api'. Raises NameTaken, UnknownName, DependsInCircle.

        ``once``: the name of what asks for it; if that was handled before, the monitor that it made is the answer.
        """
        # Imported here, and below: whoever only reads starts without what ends outages and opens windows.
        from shared.store.monitors import add

        with self._database.transaction() as transaction:
            if once is not None and not handled_updates.note(transaction, once, now):
                made = policies.named(transaction, policy.name)
                if made is not None and made["removed_at"] is None:
                    return entry(transaction, made)
            return entry(transaction, policies.get(transaction, add(transaction, policy, now)))

    def replace(
        self, monitor_id: int, policy: "Policy", *, now: datetime, channels: "Channels", version: int | None = None
    ) -> "tuple[Entry, list[Change]]":
        """Replace a monitor's policy; also the changes that this makes, if it is paused.

        ``version``: that of the policy which the new one is based on; None: whatever is stored is replaced.

        Raises:
            MonitorNotFound: no monitor has this id.
            PolicyChanged: what is stored has another version.
            OwnedElsewhere: its policy is the file's, or TARGET_URL's, or nobody's.
            NameTaken: another one has the new name.
            UnknownName: it depends on something new, or has a new escalation, that there is not.
            DependsInCircle: something that it depends on depends on it.
        """
        from shared.store.monitors import replace

        with self._database.transaction() as transaction:
            changes = replace(transaction, monitor_id, policy, now, channels, version)
            return entry(transaction, policies.get(transaction, monitor_id)), changes

    def change(
        self, monitor_id: int, changed: "Callable[[Policy], Policy]", *, now: datetime, channels: "Channels"
    ) -> "tuple[Entry, list[Change]]":
        """Replace a monitor's policy by what ``changed`` makes of it; nobody else changes it meanwhile.

        Raises as ``replace`` does, and as ``changed`` does.
        """
        from shared.store.monitors import change

        with self._database.transaction() as transaction:
            changes = change(transaction, monitor_id, changed, now, channels)
            return entry(transaction, policies.get(transaction, monitor_id)), changes

    def remove(self, monitor_id: int, *, now: datetime, channels: "Channels") -> "list[Change]":
        """Watch a monitor no more; an outage of it ends with the reason 'removed'. Raises as ``replace`` does.

        One that is only reported can be removed too; it comes back with its next event.
        """
        from shared.store.monitors import remove

        with self._database.transaction() as transaction:
            return remove(transaction, monitor_id, now, channels)

    def dependents(self, monitor_id: int) -> list[str]:
        """The monitors that depend on this one, directly or through others. Raises MonitorNotFound."""
        from shared.store.judging.dependencies import dependents

        with self._database.snapshot() as snapshot:
            return dependents(snapshot, value_of(Monitor, policies.get(snapshot, monitor_id)))

    def lost_parents(self, monitor_id: int) -> list[str]:
        """The names in ``depends_on`` that no monitor and no group has any more. Raises MonitorNotFound."""
        from shared.store.judging.dependencies import lost_parents

        with self._database.snapshot() as snapshot:
            policy = policies.policy_of(policies.get(snapshot, monitor_id))
            return lost_parents(snapshot, policy.depends_on if policy else ())

    def want_check(self, monitor_id: int, *, now: datetime) -> Entry:
        """Let an agent check a monitor with its next claim. Raises MonitorNotFound."""
        with self._database.transaction() as transaction:
            row = policies.get(transaction, monitor_id)
            policies.want(transaction, monitor_id, as_text(now))
            return entry(transaction, row)

    def generation(self) -> Generation:
        """See ``configuration.generation``."""
        with self._database.snapshot() as snapshot:
            return configuration.generation(snapshot)

    def note_problem(self, problem: str | None) -> None:
        """Note what is wrong with the file as it is now; None: nothing. ``GET /`` says it."""
        with self._database.snapshot() as snapshot:
            if configuration.problem(snapshot) == problem:
                return
        with self._database.transaction() as transaction:
            configuration.save_problem(transaction, problem)

    def apply(
        self,
        wanted: "Sequence[Policy]",
        lines: dict[str, int],
        body: dict[str, Any],
        *,
        now: datetime,
        channels: "Channels",
        windows: "Sequence[Window]" = (),
        drills: "Sequence[Drill]" = (),
        summaries: "Sequence[Summary]" = (),
        is_dry_run: bool = False,
    ) -> "Plan":
        """Make what is of source 'file' the monitors ``wanted``, the ``windows``, ``drills`` and ``summaries``.

        All or nothing. A monitor of another source that has the same name becomes the file's. ``body``: the rest of
        the file. ``is_dry_run``: what would change is found by doing it in a transaction that is not committed.

        Raises:
            DependsInCircle: together with the monitors that stay, some depend on each other in a circle.
            EscalationInUse: a monitor that stays has an escalation that goes.
        """
        from shared.store.monitors import apply

        plan = None
        with contextlib.suppress(_DryRun), self._database.transaction() as transaction:
            plan = apply(transaction, wanted, lines, body, windows, drills, summaries, now, channels)
            if is_dry_run:
                raise _DryRun
        return cast("Plan", plan)


class _DryRun(Exception):  # it undoes a transaction that was for show
    pass
