"""The verdict of a monitor's checks: of one location, or of several, each of which has a vote. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.alerting.agents import known_for
from shared.alerting.situation import Decision, Reason, Situation, outcomes_after
from shared.models import ChangeKind, Event, Monitor, MonitorState
from shared.models.monitor import SEVERAL, MonitorLocation

# How often a location or an agent checks that does not say so.
INTERVAL_SECONDS = 30.0


class Tally(NamedTuple):
    """The verdict of the checks once an event has counted.

    ``counters``: fields of the monitor. ``is_enough``: they say that it is down. ``is_over``: they say that it works
    again. ``is_failing``: some location fails. ``is_known``: some location says something. ``place``, ``voters``: see
    Decision.
    """

    counters: dict[str, Any]
    is_enough: bool
    is_over: bool
    is_failing: bool
    is_known: bool
    place: MonitorLocation | None = None
    voters: tuple[MonitorLocation, ...] = ()

    def decide(self, monitor: Monitor, change: ChangeKind | None, reason: Reason) -> Decision:
        """The decision of a rule that went by this tally."""
        return Decision(monitor, change, reason, place=self.place, voters=self.voters)

    @property
    def state(self) -> MonitorState:
        """The monitor's state if no outage of it is open."""
        if self.is_failing:
            return MonitorState.PENDING
        return MonitorState.UP if self.is_known else MonitorState.UNKNOWN


def tally(situation: Situation, event: Event) -> Tally:
    """Count the event, and return what the checks say then. An inconclusive one says nothing."""
    if situation.place is not None:
        return _of_several(situation, event, situation.place)
    if not event.is_conclusive:
        return Tally({}, is_enough=False, is_over=False, is_failing=False, is_known=False)
    monitor, counted = situation.monitor, _counted(situation.monitor, event, situation.at)
    counted["outcomes"] = outcomes_after(monitor, is_failing=not event.is_success)
    counted["recovering_since"] = _recovering_since(situation, is_recovering=event.is_success)
    return Tally(
        counted,
        is_enough=situation.is_ping_missed or counted["consecutive_failures"] >= monitor.failure_threshold,
        is_over=counted["consecutive_successes"] >= monitor.success_threshold,
        is_failing=not event.is_success,
        is_known=True,
    )


def wants_several(monitor: Monitor) -> bool:
    """Whether the monitor's policy says that one location is not enough to see an outage."""
    return (monitor.quorum or 1) > 1


def is_quorum(monitor: Monitor, voters: Iterable[MonitorLocation]) -> bool:
    """Whether enough of the locations that vote see an outage, so that one opens. One that recovers sees none."""
    return _is_enough(monitor, [_is_down(voter) and voter.consecutive_failures > 0 for voter in voters])


def voters_of(
    monitor: Monitor, places: Iterable[MonitorLocation], at: datetime, seconds: float | None
) -> tuple[MonitorLocation, ...]:
    """The locations that vote: not one that is silent, or offline, or that the monitor does not name.

    ``seconds``: how often a check is expected from each.
    """
    oldest = at - _known_for(monitor, seconds)
    return tuple(
        place
        for place in places
        if place.state is not MonitorState.UNKNOWN
        and place.last_checked_at is not None
        and place.last_checked_at >= oldest
        and _is_named(monitor, place)
    )


def aged(
    monitor: Monitor, places: Sequence[MonitorLocation], at: datetime, seconds: float | None
) -> list[MonitorLocation]:
    """The locations that the monitor names; those that do not vote are UNKNOWN. ``seconds``: see ``voters_of``."""
    voting, shown = voters_of(monitor, places, at, seconds), []
    for place in places:
        if place in voting or place.state is MonitorState.UNKNOWN or place.last_checked_at is None:
            shown.append(place)
        else:
            since = place.last_checked_at + _known_for(monitor, seconds)
            shown.append(place._replace(state=MonitorState.UNKNOWN, since=since))
    return [place for place in shown if _is_named(monitor, place)]


def seen_from(
    monitor: Monitor, known: Mapping[str, MonitorLocation], location: str, *, has_outage: bool
) -> tuple[MonitorLocation | None, tuple[MonitorLocation, ...]]:
    """The monitor as ``location`` sees it, and as the others do; nothing if only this one reports it.

    The only one has a vote of its own if the quorum is more than one, since others have to see an outage too.
    ``known``: as each location sees it, by name; empty until a second one reports it. ``has_outage``: one is active.
    """
    if monitor.location in (None, location) and not wants_several(monitor):
        return None, ()  # the usual case
    if monitor.location is None:
        known = {}
    elif monitor.location != SEVERAL:
        known = {monitor.location: _first(monitor, has_outage=has_outage)}
    own = known.get(location) or MonitorLocation(monitor_id=monitor.id, location=location)
    return own, tuple(place for name, place in known.items() if name != location)


def keep(
    known: dict[str, MonitorLocation], before: Monitor, place: MonitorLocation, *, has_outage: bool
) -> list[MonitorLocation]:
    """Keep in ``known`` how a location sees the monitor now, and return what is new there.

    ``before``: the monitor before the location's event. ``has_outage``: one was active then.
    """
    new = [place]
    if before.location not in (None, SEVERAL, place.location) and not known:
        new.insert(0, _first(before, has_outage=has_outage))
    known |= {each.location: each for each in new}
    return new


def seen_alike(monitor: Monitor, locations: Iterable[str], *, has_outage: bool) -> tuple[MonitorLocation, ...]:
    """The monitor as each of these locations sees it, if nothing says which of them sees what."""
    return tuple(_first(monitor._replace(location=location), has_outage=has_outage) for location in locations)


def without_failures(place: MonitorLocation) -> MonitorLocation:
    """A location whose failures count from zero: a person has ended the outage."""
    state = MonitorState.PENDING if place.state is MonitorState.DOWN else place.state
    return place._replace(state=state, consecutive_failures=0, failing_since=None, is_presumed_down=False)


def without_vote(place: MonitorLocation, at: datetime, *, is_given_up: bool) -> MonitorLocation:
    """A location whose agent is silent. ``is_given_up``: a person expects it no more, so it is not presumed DOWN."""
    since = place.since if place.state is MonitorState.UNKNOWN else at
    is_presumed_down = not is_given_up and _counts_as_down(place)
    return place._replace(state=MonitorState.UNKNOWN, since=since, is_presumed_down=is_presumed_down)


def _of_several(situation: Situation, event: Event, before: MonitorLocation) -> Tally:
    monitor, at = situation.monitor, max(situation.at, situation.monitor.last_checked_at or situation.at)
    place = _place_after(before, situation, event)
    places = (place, *situation.others)
    voters = voters_of(monitor, places, at, event.interval_seconds)
    failing = [voter for voter in voters if voter.consecutive_failures]
    # An outage ends because locations recover, and not because one of them is heard no more.
    counted = voters if situation.active is None else (*voters, *_lost(monitor, places, voters))
    goes_on = _is_enough(monitor, [_counts_as_down(each) for each in counted])
    counters: dict[str, Any] = {}
    if event.is_conclusive:
        fails = _is_enough(monitor, [each.consecutive_failures > 0 for each in counted])
        counters = {
            "consecutive_failures": monitor.consecutive_failures + (not event.is_success) if failing else 0,
            "consecutive_successes": 0 if fails else monitor.consecutive_successes + 1,
            "failing_since": min((voter.failing_since or at for voter in failing), default=None),
            "outcomes": outcomes_after(monitor, is_failing=fails),
            "recovering_since": _recovering_since(situation, is_recovering=not fails),
        }
    is_over = event.is_success and not goes_on
    return Tally(counters, is_quorum(monitor, voters), is_over, bool(failing), bool(voters), place, voters)


def _place_after(place: MonitorLocation, situation: Situation, event: Event) -> MonitorLocation:
    """The monitor as the event's location sees it now, by its own thresholds."""
    monitor = situation.monitor
    is_down = _counts_as_down(place)
    changed: dict[str, Any] = {"state": MonitorState.UNKNOWN, "is_presumed_down": is_down}
    if event.is_conclusive:
        changed = {**_counted(place, event, situation.at), "is_presumed_down": False}
        if event.is_success:
            is_down = is_down and changed["consecutive_successes"] < monitor.success_threshold
            changed["state"] = MonitorState.DOWN if is_down else MonitorState.UP
        else:
            is_enough = changed["consecutive_failures"] >= monitor.failure_threshold or situation.is_ping_missed
            changed["state"] = MonitorState.DOWN if is_down or is_enough else MonitorState.PENDING
            changed |= {"cause": event.cause, "error_message": event.error_message}
    if changed["state"] is not place.state:
        changed["since"] = situation.at
    return place._replace(**changed, last_checked_at=situation.at, agent=event.agent)


def _recovering_since(situation: Situation, *, is_recovering: bool) -> datetime | None:
    if not is_recovering or situation.active is None:
        return None
    return situation.monitor.recovering_since or situation.at


def _counted(before: Monitor | MonitorLocation, event: Event, at: datetime) -> dict[str, Any]:
    if event.is_success:
        successes = before.consecutive_successes + 1
        return {"consecutive_failures": 0, "failing_since": None, "consecutive_successes": successes}
    return {
        "consecutive_failures": before.consecutive_failures + 1,
        "failing_since": before.failing_since or at,
        "consecutive_successes": 0,
    }


def _is_down(voter: MonitorLocation) -> bool:
    return voter.state is MonitorState.DOWN


def _counts_as_down(place: MonitorLocation) -> bool:
    return _is_down(place) or place.is_presumed_down


def _lost(
    monitor: Monitor, places: Iterable[MonitorLocation], voters: Iterable[MonitorLocation]
) -> list[MonitorLocation]:
    """The locations that were DOWN when they lost their vote."""
    voting = {voter.location for voter in voters}
    return [
        place
        for place in places
        if place.location not in voting and _is_named(monitor, place) and _counts_as_down(place)
    ]


def _known_for(monitor: Monitor, seconds: float | None) -> timedelta:
    return known_for(monitor.interval_seconds or seconds or INTERVAL_SECONDS, monitor.timeout_seconds)


def _is_named(monitor: Monitor, place: MonitorLocation) -> bool:
    return monitor.locations is None or place.location in monitor.locations


def _is_enough(monitor: Monitor, votes: list[bool]) -> bool:
    """Whether as many say yes as the quorum wants: a number, or more than half of those that vote."""
    return sum(votes) >= (monitor.quorum or len(votes) // 2 + 1)


def _first(monitor: Monitor, *, has_outage: bool) -> MonitorLocation:
    """A monitor as the only location sees it that has reported it so far. ``has_outage``: one is active."""
    state, failures = monitor.state, monitor.consecutive_failures
    # An outage goes on until the location has seen enough successes. One that flaps goes on beyond that.
    is_down = failures >= monitor.failure_threshold or (has_outage and not monitor.is_flapping)
    if state is MonitorState.MAINTENANCE or (state is MonitorState.DOWN and monitor.is_flapping):
        # A location knows nothing of windows and of flapping: it votes as its checks went.
        state = MonitorState.PENDING if failures else MonitorState.UP
        state = MonitorState.DOWN if is_down else state
    return MonitorLocation(
        monitor_id=monitor.id,
        location=monitor.location or "",
        state=state,
        since=monitor.since,
        consecutive_failures=failures,
        consecutive_successes=monitor.consecutive_successes,
        failing_since=monitor.failing_since,
        last_checked_at=monitor.last_checked_at,
        agent=monitor.agent,
        is_presumed_down=state is MonitorState.UNKNOWN and is_down,
    )
