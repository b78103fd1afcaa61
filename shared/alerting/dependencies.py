"""Messages about a monitor that are held because something that it cannot work without is down. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.alerting.agents import TIMEOUT_SECONDS
from shared.alerting.votes import INTERVAL_SECONDS
from shared.models import Monitor, MonitorState


class Standing(NamedTuple):
    """How an outage stands to what its monitor depends on.

    ``blocked_by``: the parent that is down, or was down last. ``freed_at``: since when no parent is down any more;
    ``freed_failures``: how often the monitor itself had failed in a row by then.
    """

    blocked_by: str | None = None
    freed_at: datetime | None = None
    freed_failures: int = 0


class Judged(NamedTuple):
    """Whether the outage is held back, and how it stands now."""

    is_held: bool
    standing: Standing


def is_down(parent: Monitor) -> bool:
    """Whether a monitor counts as down for those that depend on it."""
    if not parent.is_watched:
        return False
    is_failing_inside = parent.state is MonitorState.MAINTENANCE and parent.consecutive_failures > 0
    return parent.state is MonitorState.DOWN or is_failing_inside


def judge(
    monitor: Monitor, standing: Standing, parents: Sequence[Monitor], *, opened_at: datetime, now: datetime
) -> Judged:
    """Whether the monitor's outage is held back.

    It is while a parent is down. Afterwards the monitor gets as many checks as open an outage, since it may need a
    while to work again. Before, each parent gets the time of one check to show that it is down. ``opened_at``: when
    the outage would have been sent.
    """
    down = next((parent for parent in parents if is_down(parent)), None)
    if down is not None:
        return Judged(True, Standing(down.name))
    if standing.blocked_by is not None:
        return _after_block(monitor, standing, now)
    is_held = any(_is_undecided(parent, monitor) and now < _until(parent, opened_at) for parent in parents)
    return Judged(is_held, standing)


def _after_block(monitor: Monitor, standing: Standing, now: datetime) -> Judged:
    freed_at, freed_failures = standing.freed_at, standing.freed_failures
    if freed_at is None:
        freed_at, freed_failures = now, monitor.consecutive_failures
    failures = monitor.consecutive_failures
    if monitor.failing_since and monitor.failing_since <= freed_at:
        failures -= freed_failures
    if monitor.is_flapping:
        # Its failures come one by one, and its alert would stay open without a word.
        failures = max(failures, _outcomes_since(monitor, freed_at).count("-"))
    return Judged(failures < monitor.failure_threshold, Standing(standing.blocked_by, freed_at, freed_failures))


def _outcomes_since(monitor: Monitor, at: datetime) -> str:
    """The monitor's outcomes since then, if it was checked in time; the newest first."""
    if monitor.last_checked_at is None or monitor.last_checked_at <= at:
        return ""
    interval = timedelta(seconds=monitor.interval_seconds or INTERVAL_SECONDS)
    return monitor.outcomes[::-1][: (monitor.last_checked_at - at) // interval]


def _is_undecided(parent: Monitor, monitor: Monitor) -> bool:
    """Whether the parent's checks do not show yet if it is down too."""
    if not parent.is_watched or parent.last_checked_at is None or parent.state is MonitorState.UNKNOWN:
        return False
    is_unchecked = monitor.failing_since is not None and parent.last_checked_at < monitor.failing_since
    return is_unchecked or parent.state is MonitorState.PENDING


def _until(parent: Monitor, opened_at: datetime) -> datetime:
    seconds = (parent.interval_seconds or INTERVAL_SECONDS) + (parent.timeout_seconds or TIMEOUT_SECONDS)
    return opened_at + timedelta(seconds=seconds)


def parents_of(depends_on: Iterable[str], known: Iterable[Monitor], name: str) -> list[Monitor]:
    """Those of the ``known`` monitors that ``depends_on`` names, each once. A monitor's name wins over a group's.

    ``name``: that of the monitor that depends on them; no monitor is its own parent.
    """
    by_name = {monitor.name: monitor for monitor in known}
    found: dict[str, Monitor] = {}
    for wanted in depends_on:
        if wanted in by_name:
            found[wanted] = by_name[wanted]
        else:
            found |= {each.name: each for each in by_name.values() if each.group_name == wanted}
    found.pop(name, None)
    return list(found.values())


def dependents_of(
    monitor: Monitor,
    groups: Mapping[str, str | None],
    depends_on: Mapping[str, Sequence[str]],
    monitors: Collection[str] = (),
) -> list[str]:
    """The monitors that cannot work without this one, directly or through others, in the order of ``depends_on``.

    ``groups``: the group of each monitor that depends on something; ``depends_on``: what each of those names.
    ``monitors``: those of the groups' names that monitors have too. They mean these monitors.
    """
    found: dict[str, None] = {}
    reached = [(monitor.name, monitor.group_name)]
    while reached:
        name, group = reached.pop()
        group = None if group in monitors else group
        for dependent, wanted in depends_on.items():
            if dependent not in found and dependent != monitor.name and (name in wanted or group in wanted):
                found[dependent] = None
                reached.append((dependent, groups.get(dependent)))
    return [dependent for dependent in depends_on if dependent in found]


def circle_in(groups: Mapping[str, str | None], depends_on: Mapping[str, Collection[str]]) -> list[str]:
    """Names along which monitors depend on each other, from one of them back to it; none if there is no circle.

    ``groups``: the group of each monitor; ``depends_on``: what monitors and groups each names.
    """
    from graphlib import CycleError, TopologicalSorter  # every event loads this module, and few changes need it

    # The first of a pair says whether it is a group.
    arrows: dict[tuple[bool, str], set[tuple[bool, str]]] = {}
    for name, group in groups.items():
        if group:
            arrows.setdefault((True, group), set()).add((False, name))
    for name, wanted in depends_on.items():
        parents = {(each not in groups, each) for each in wanted}
        own = (True, groups.get(name) or "")
        if own in parents:
            # No monitor is its own parent.
            parents = (parents - {own}) | (arrows[own] - {(False, name)})
        arrows[False, name] = parents
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        # graphlib lists each node before the one that depends on it.
        circle = list(reversed(error.args[1]))
        start = next(number for number, (is_group, _) in enumerate(circle) if not is_group)
        return [name for _, name in (*circle[start:-1], *circle[:start], circle[start])]
    return []
