"""Dependencies of monitors, in both directions, as the store knows them."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from shared.alerting.dependencies import Judged, Standing, circle_in, dependents_of, is_down, judge, parents_of
from shared.models import Alert, AlertKind, Monitor
from shared.store.engines.database import Transaction
from shared.store.refusals import DependsInCircle, UnknownName
from shared.store.tables import alerts, monitors, standings

if TYPE_CHECKING:
    from shared.monitors.policy import Policy

_DEPENDENTS = """
    SELECT name, group_name, depends_on FROM monitors
    WHERE depends_on IS NOT NULL AND is_watched = 1 ORDER BY id"""


def parents(transaction: Transaction, monitor: Monitor, known: Mapping[str, Monitor] | None = None) -> list[Monitor]:
    """The monitors that this one depends on. ``known``: some as they will be once the transaction has saved them."""
    if not monitor.depends_on:
        return []
    found = monitors.named_or_grouped(transaction, monitor.depends_on)
    named = parents_of(monitor.depends_on, [(known or {}).get(each.name, each) for each in found], monitor.name)
    # If they depend on each other after all, one of them has to be notified.
    return [each for each in named if not _is_held_by(transaction, each, monitor)]


def judge_opening(
    transaction: Transaction, monitor: Monitor, now: datetime, known: Mapping[str, Monitor] | None = None
) -> tuple[Judged, int | None]:
    """Whether an outage that opens now is held back, and the alert because of which it is."""
    judged = judge(monitor, Standing(), parents(transaction, monitor, known), opened_at=now, now=now)
    return judged, _alert_of(transaction, judged.standing.blocked_by)


def judge_again(
    transaction: Transaction, monitor: Monitor, alert: Alert, opened_at: datetime, now: datetime
) -> tuple[Judged, Standing]:
    """Whether an alert is still held back; and how it stood before. ``opened_at``: when it would have been sent."""
    before = standings.of_alert(transaction, alert.id)
    # Only an outage has to show by further failures that it outlives its parent's.
    standing = before if alert.kind is AlertKind.OUTAGE else Standing()
    return judge(monitor, standing, parents(transaction, monitor), opened_at=opened_at, now=now), before


def is_news(transaction: Transaction, alert: Alert, judged: Judged, before: Standing) -> bool:
    """Whether ``save`` would change anything that matters."""
    if not judged.is_held:
        return alert.suppressed_by is not None
    is_parents_alert_new = (
        alert.suppressed_by is None and _alert_of(transaction, judged.standing.blocked_by) is not None
    )
    return judged.standing != before or is_parents_alert_new


def save(transaction: Transaction, alert: Alert, judged: Judged) -> None:
    """Write how an outage stands now."""
    suppressed_by = None
    if judged.is_held:
        # Once the parent works again its alert is no longer active, and was the reason all the same.
        suppressed_by = _alert_of(transaction, judged.standing.blocked_by) or alert.suppressed_by
    standings.save(transaction, alert.id, judged.standing, suppressed_by)


def refuse_wrong_parents(transaction: Transaction, policy: "Policy", kept: Collection[str] = ()) -> None:
    """Raise UnknownName or DependsInCircle if the policy depends on what is not there, or on itself in the end.

    ``kept``: the names that the stored policy has already. They may be gone: otherwise nobody could even pause it.
    """
    if not policy.depends_on:
        return
    found = monitors.named_or_grouped(transaction, policy.depends_on)
    known = {each.name for each in found} | {each.group_name for each in found}
    behind = set(dependents(transaction, Monitor(name=policy.name, target_url="", group_name=policy.group)))
    for name in policy.depends_on:
        if name not in known and name not in kept:
            raise UnknownName("depends_on", name)
        if behind & {each.name for each in parents_of([name], found, policy.name)}:
            raise DependsInCircle(name)


def lost_parents(transaction: Transaction, depends_on: Collection[str]) -> list[str]:
    """Those of the names that no monitor and no group has any more."""
    existing = monitors.existing_names(transaction, depends_on) if depends_on else set()
    return [name for name in depends_on if name not in existing]


def refuse_circle(transaction: Transaction) -> None:
    """Raise DependsInCircle if any monitors depend on each other in a circle."""
    rows = transaction.rows("SELECT name, group_name, depends_on FROM monitors WHERE is_watched = 1")
    depends_on = {row["name"]: json.loads(row["depends_on"]) for row in rows if row["depends_on"]}
    if depends_on and (way := circle_in({row["name"]: row["group_name"] for row in rows}, depends_on)):
        raise DependsInCircle(way[1], way)


def is_blocked(transaction: Transaction, monitor: Monitor, known: Mapping[str, Monitor] | None = None) -> bool:
    """Whether anything is down that the monitor depends on. ``known``: as for ``parents``."""
    return any(is_down(parent) for parent in parents(transaction, monitor, known))


def dependents(transaction: Transaction, monitor: Monitor) -> list[str]:
    """The monitors that depend on this one, directly or through others."""
    rows = transaction.rows(_DEPENDENTS)
    if not rows:
        return []
    wanted = {row["name"]: json.loads(row["depends_on"]) for row in rows}
    groups = {row["name"]: row["group_name"] for row in rows}
    unclear = {each for names in wanted.values() for each in names} & {monitor.group_name, *groups.values()}
    found = monitors.all_named(transaction, unclear)
    return dependents_of(monitor, groups, wanted, {each.name for each in found if each.is_watched})


def ending(transaction: Transaction, alert: Alert, known: Mapping[str, Monitor] | None = None) -> Alert:
    """An alert that ends now, with those of its dependents that still fail. ``known``: as for ``parents``."""
    if not alert.dependents:
        return alert
    named = monitors.all_named(transaction, alert.dependents)
    failing = {each.name for each in named if (known or {}).get(each.name, each).consecutive_failures > 0}
    return alert._replace(still_failing=tuple(name for name in alert.dependents if name in failing))


def reopening(transaction: Transaction, alert: Alert) -> Alert:
    """An alert that a person reopens: everybody is notified of it, whatever held it back before."""
    standings.save(transaction, alert.id, Standing(), None)
    return alert._replace(suppressed_by=None, still_failing=(), still_failing_from=())


def _is_held_by(transaction: Transaction, parent: Monitor, monitor: Monitor) -> bool:
    """Whether the parent's outage is held back because the monitor is down, directly or through others."""
    if not parent.depends_on or not is_down(parent):
        return False  # the usual case
    alert = alerts.active(transaction, AlertKind.OUTAGE, parent.name)
    holder, seen = alert.suppressed_by if alert else None, set[int]()
    while holder is not None and holder not in seen:
        seen.add(holder)
        row = transaction.row("SELECT subject, suppressed_by FROM alerts WHERE id = :id", id=holder)
        if row is not None and row["subject"] == monitor.name:
            return True
        holder = row["suppressed_by"] if row else None
    return False


def _alert_of(transaction: Transaction, monitor: str | None) -> int | None:
    active = alerts.active(transaction, AlertKind.OUTAGE, monitor) if monitor else None
    return active.id if active else None
