"""How an alert ends by itself, and what an attempt to send or a person changes of one. Pure."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shared.alerting.agents import fall_silent
from shared.models import Agent, Alert, AlertKind, AlertStatus, AttemptStatus, ChangeKind, Monitor, MonitorState

# A person needs two or three. Each end and each reopening is a message on every channel.
MAX_MOVES = 10
MOVES_PERIOD = timedelta(minutes=1)


class IllegalMove(Exception):
    """A person asked for a change of status that an alert does not make."""

    def __init__(self, alert: Alert, to: AlertStatus, why: str) -> None:
        super().__init__(f"alert {alert.id} cannot go from {alert.status} to {to}: {why}")
        self.alert = alert
        self.to = to


class TooManyMoves(Exception):
    """An alert was moved MAX_MOVES times within MOVES_PERIOD. ``retry_after``: the seconds until it can be again."""

    def __init__(self, alert: Alert, retry_after: int) -> None:
        super().__init__(f"alert {alert.id} was moved {MAX_MOVES} times within a minute: try again in {retry_after} s")
        self.retry_after = retry_after


class Moves(NamedTuple):
    """How often people moved an alert, and since when that is counted (None: they never did)."""

    number: int = 0
    since: datetime | None = None


def count_move(alert: Alert, moves: Moves, at: datetime) -> Moves:
    """The moves of an alert with one more. Raises TooManyMoves."""
    # A time that lies ahead is from before the clock was set back.
    if moves.since is None or not moves.since <= at < moves.since + MOVES_PERIOD:
        return Moves(1, at)
    if moves.number >= MAX_MOVES:
        raise TooManyMoves(alert, math.ceil((moves.since + MOVES_PERIOD - at).total_seconds()))
    return moves._replace(number=moves.number + 1)


def move(alert: Alert, to: AlertStatus, *, by: str | None, at: datetime, other_active: Alert | None) -> Alert:
    """The alert as it is after somebody moved it to ``to``; the same value if it is there already.

    ``other_active`` is another alert of the same subject that is OPEN or ACK.

    Raises:
        IllegalMove: RESOLVED goes to OPEN only, and only while no other alert of its subject is active. A summary goes
            nowhere.
    """
    if alert.status is to:
        return alert
    changed: Mapping[str, Any]
    if alert.kind is AlertKind.SUMMARY:
        raise IllegalMove(alert, to, "a summary was over when it was made")
    if to is AlertStatus.RESOLVED:
        changed = {"resolved_at": at, "resolved_by": by}
    elif alert.status is AlertStatus.RESOLVED and to is AlertStatus.ACK:
        raise IllegalMove(alert, to, "reopen it first (OPEN)")
    elif alert.status is AlertStatus.RESOLVED and other_active is not None:
        raise IllegalMove(alert, to, f"alert {other_active.id} of {alert.subject} is {other_active.status}")
    elif to is AlertStatus.ACK:
        changed = {"acknowledged_at": at, "acknowledged_by": by}
    else:
        changed = dict.fromkeys(("acknowledged_at", "acknowledged_by", "resolved_at", "resolved_by"))
    return alert._replace(status=to, **changed)


def has_news(before: Alert, after: Alert) -> bool:
    """Whether people are notified of a move: of an end, and of a reopening, since they were notified of the end."""
    return before.status.is_active is not after.status.is_active


def resolve(alert: Alert, at: datetime) -> Alert:
    """The alert once what it is about has ended by itself."""
    return alert._replace(status=AlertStatus.RESOLVED, resolved_at=at)


def judge_channel(status: AttemptStatus, refused: Alert | None) -> ChangeKind | None:
    """How an attempt to send changes its channel's CHANNEL_REFUSED alert; ``refused`` is the one that is active."""
    if status is AttemptStatus.FAILED and refused is None:
        return ChangeKind.OPENED
    if status is AttemptStatus.SENT and refused is not None:
        return ChangeKind.RESOLVED
    return None


def monitor_after_move(monitor: Monitor, alert: Alert, at: datetime) -> Monitor:
    """The monitor once a person moved its outage. If it still fails after RESOLVED, its failures count from zero.

    In maintenance it stays in MAINTENANCE: its window's end says what it is then.
    """
    if alert.status.is_active or monitor.state is MonitorState.UP:
        return monitor
    changed: dict[str, Any] = {"consecutive_failures": 0, "failing_since": None, "outcomes": "", "is_flapping": False}
    if monitor.state not in (MonitorState.PENDING, MonitorState.MAINTENANCE):
        changed |= {"state": MonitorState.PENDING, "since": at}
    return monitor._replace(**changed)


def agent_after_move(agent: Agent, alert: Alert) -> Agent:
    """The agent once a person moved an alert about it. A reopened alert is true again, so that a next event ends it."""
    if not alert.status.is_active:
        return agent
    return fall_silent(agent) if alert.kind is AlertKind.AGENT_SILENT else agent._replace(is_offline=True)
