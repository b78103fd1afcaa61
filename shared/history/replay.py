"""Judge the stored events of a monitor again, by the policies and windows that were in force, or by others. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.alerting import Situation, decide, effective_time, monitor_after_move, resolve
from shared.alerting.rules import maintenance
from shared.alerting.situation import began_at, location_of
from shared.alerting.votes import keep, seen_from, without_failures, without_vote
from shared.history.facts import JUDGING, Fact, What
from shared.models import Alert, AlertKind, AlertStatus, ChangeKind, Event, Monitor, MonitorState, value_of
from shared.models.monitor import SEVERAL, USUAL_LIMITS, FlappingLimits, MonitorLocation
from shared.monitors.windows.planned import Planned
from shared.monitors.windows.spans import Recurrence, Span

MISSED = "no_ping_since"


class Stored(NamedTuple):
    """An event as it was stored: what of it is judged."""

    id: int
    received_at: datetime
    event: Event


class Start(NamedTuple):
    """How a monitor was before its first event.

    ``happened``: its outages, in the order in which they opened. ``places``: as each location saw it, if several did.
    """

    monitor: Monitor
    active: Alert | None
    happened: Sequence[Alert]
    places: Sequence[MonitorLocation] = ()


class Rules(NamedTuple):
    """The rules in place of those that were in force: fields of a monitor, and the limits of flapping."""

    fields: Mapping[str, Any] = {}
    limits: FlappingLimits = USUAL_LIMITS


def replay(start: Start, past: Iterable[Stored | Fact], rules: Rules) -> list[Alert]:
    """The outages of a monitor, in the order in which they open; not the one that was active at the start.

    ``past``: its events, with what else decided on them, in order. An outage that opens as one that happened has its
    id; any other has one below 0.
    """
    judged = _Replay(start, rules)
    for each in past:
        if isinstance(each, Stored):
            judged.take(each)
        else:
            judged.follow(each)
    return list(judged.alerts.values())


class _Replay:
    """One monitor, as its events are judged."""

    def __init__(self, start: Start, rules: Rules) -> None:
        self.alerts: dict[int, Alert] = {}
        self._rules, self._happened = rules, start.happened
        self._unused = list(start.happened)
        self._monitor = start.monitor._replace(**rules.fields)
        self._active = start.active
        self._places = {place.location: place for place in start.places}
        self._windows: dict[int, Planned] = {}
        self._is_ping_missed = False
        self._ended_at: dict[int, datetime] = {}

    def take(self, stored: Stored) -> None:
        """Judge an event."""
        event, monitor = stored.event, self._monitor
        at = effective_time(event, stored.received_at)
        is_missed = event.cause is not None and event.cause.code == MISSED
        has_outage = self._active is not None
        seen = seen_from(monitor, self._places, location_of(event), has_outage=has_outage)
        known = (monitor, self._active, at, stored.received_at, stored.id, is_missed, self._is_covered(at))
        decision = decide(Situation(*known, *seen, limits=self._rules.limits), event)
        self._monitor = decision.monitor
        if decision.monitor.last_event_id == stored.id:
            self._is_ping_missed = is_missed
        if decision.place is not None:
            keep(self._places, monitor, decision.place, has_outage=has_outage)
        if self._active is None and decision.change is ChangeKind.OPENED:
            self._open(decision.monitor.failing_since or at, at)
        elif decision.change is ChangeKind.RESOLVED and decision.message is None:
            self._resolve(at)

    def follow(self, fact: Fact) -> None:
        """Let happen what did beside events."""
        body = fact.body or {}
        if fact.what is What.POLICY:
            self._judge_by(body)
        elif fact.what is What.WINDOW:
            self._plan(fact)
        elif fact.what is What.STATE:
            state = MonitorState(body["state"])
            self._monitor = self._monitor._replace(state=state, since=_time(body["since"]))
        elif fact.what is What.WINDOW_ENDED:
            self._leave_maintenance(fact, body)
        elif fact.what is What.BEGUN_AGAIN:
            self._begin_again(fact, ends=body["ends"])
        elif fact.what is What.MOVED:
            self._move(fact, body["alert"], AlertStatus(body["status"]))
        elif fact.what is What.LOCATION_LOST and (place := self._places.get(body["location"])) is not None:
            self._places[place.location] = without_vote(place, fact.at, is_given_up=body["is_given_up"])

    def _judge_by(self, policy: Mapping[str, Any]) -> None:
        read = value_of(Monitor, {"target_url": "", **policy})
        in_force = {name: getattr(read, name) for name in JUDGING}
        self._monitor = self._monitor._replace(**in_force | dict(self._rules.fields))

    def _plan(self, fact: Fact) -> None:
        number, body = fact.window_id or 0, fact.body
        self._windows.pop(number, None)
        if body is not None and body["kind"] == "maintenance":
            times = [_time(body[name]) for name in ("starts_at", "ends_at") if body[name]]
            recurrence = Recurrence(*json.loads(body["recurrence"])) if body["recurrence"] else None
            once = Span(*times) if times else None
            self._windows[number] = Planned(number, body["kind"], json.loads(body["targets"]), once, recurrence)

    def _is_covered(self, at: datetime) -> bool:
        about = self._monitor.name, self._monitor.group_name, self._monitor.tags or ()
        return any(window.is_about(*about) and window.span_at(at) for window in self._windows.values())

    def _leave_maintenance(self, fact: Fact, body: Mapping[str, Any]) -> None:
        places = list(self._places.values()) if self._monitor.location == SEVERAL else []
        decision = maintenance.end(
            self._monitor,
            self._active,
            _time(body["ended_at"]),
            is_known=body["is_known"],
            is_ping_missed=self._is_ping_missed,
            places=places,
        )
        self._monitor = decision.monitor
        if decision.change is ChangeKind.OPENED:
            self._open(decision.monitor.failing_since or fact.at, fact.at)

    def _begin_again(self, fact: Fact, *, ends: bool) -> None:
        # It keeps when it was checked last, so that an older event is still late.
        kept = ("id", "target_url", "last_checked_at", "last_event_id", *JUDGING)
        self._monitor = Monitor(**{name: getattr(self._monitor, name) for name in kept}, since=fact.at)
        self._places.clear()
        if ends:
            self._resolve(fact.at)

    def _move(self, fact: Fact, alert_id: int, to: AlertStatus) -> None:
        if to is AlertStatus.OPEN:
            self._reopen(alert_id)
        elif self._active is not None:
            ended = resolve(self._active, fact.at)
            moved = monitor_after_move(self._monitor, ended, fact.at)
            if moved is not self._monitor and moved.location == SEVERAL:
                self._places = {name: without_failures(place) for name, place in self._places.items()}
            self._monitor = moved
            self._resolve(fact.at)

    def _reopen(self, alert_id: int) -> None:
        """Open an outage again, or the last one that it is part of."""
        if self._active is not None:
            return
        meant = self.alerts.get(alert_id)
        if meant is None:
            real = next((each for each in self._happened if each.id == alert_id), None)
            among = [each for each in self.alerts.values() if real is not None and overlap(each, real)]
            meant = among[-1] if among else None
        if meant is not None:
            self._ended_at.pop(meant.id, None)
            self._active = meant._replace(status=AlertStatus.OPEN, resolved_at=None)
            self.alerts[meant.id] = self._active

    def _open(self, failing_since: datetime, opened_at: datetime) -> None:
        # It may have failed since a check that is not stored any more.
        real = next((each for each in self._unused if each.opened_at == opened_at), None)
        if real is not None:
            self._unused.remove(real)
        self._active = Alert(
            id=real.id if real else -1 - len(self.alerts),
            kind=AlertKind.OUTAGE,
            subject=self._monitor.name,
            target_url=None,
            status=AlertStatus.OPEN,
            cause=None,
            failed_at=began_at(failing_since, opened_at, max(self._ended_at.values(), default=None)),
            opened_at=opened_at,
        )
        self.alerts[self._active.id] = self._active

    def _resolve(self, at: datetime) -> None:
        if self._active is not None:
            self._ended_at[self._active.id] = at
            if self._active.id in self.alerts:
                self.alerts[self._active.id] = resolve(self._active, at)
        self._active = None


def overlap(one: Alert, other: Alert) -> bool:
    """Whether two outages have some time in common, from their first failing checks on."""
    begins, ends = max(one.failed_at, other.failed_at), [each.resolved_at for each in (one, other) if each.resolved_at]
    return not ends or begins <= min(ends)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
