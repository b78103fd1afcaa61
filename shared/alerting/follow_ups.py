"""Decide when people are reminded of an outage, and when it is escalated, until somebody acknowledges it. Pure.

Everything is due at a fixed distance from the beginning. After a gap, what is overdue is due once, and not once for
each time that was missed.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple


class Step(NamedTuple):
    """A step of an escalation, ``after`` so many seconds, and again every ``repeat`` seconds if that is not None.

    It is what it says, wherever it stands among the others.
    """

    escalation: str
    after: float
    channels: tuple[str, ...]
    repeat: float | None = None


class Progress(NamedTuple):
    """How far the reminders and the escalation of an alert have come since it began at ``began_at``.

    ``reminders``: how many there were; ``reminded_at``: when the last one was due. ``escalated``: when each
    step was due last that was taken, also of an escalation that the monitor has no longer.
    """

    began_at: datetime
    reminders: int = 0
    reminded_at: datetime | None = None
    escalated: Mapping[Step, datetime] = {}


def remind(progress: Progress, interval_seconds: float, now: datetime) -> Progress | None:
    """The progress with one more reminder; None if none is due."""
    first = progress.began_at + timedelta(seconds=interval_seconds)
    due_at = _last_due(first, interval_seconds, now)
    if due_at is None or (progress.reminded_at is not None and due_at <= progress.reminded_at):
        return None
    return progress._replace(reminders=progress.reminders + 1, reminded_at=due_at)


def escalate(progress: Progress, steps: Sequence[Step], now: datetime) -> tuple[Progress, list[int]]:
    """The progress once the steps that are due have been taken, and which those are, in order."""
    taken = dict(progress.escalated)
    due = []
    for number, step in enumerate(steps):
        due_at = _last_due(progress.began_at + timedelta(seconds=step.after), step.repeat, now)
        last = taken.get(step)
        if due_at is not None and (last is None or due_at > last):
            taken[step] = due_at
            due.append(number)
    return progress._replace(escalated=taken), due


def _last_due(first: datetime, repeat_seconds: float | None, now: datetime) -> datetime | None:
    if now < first:
        return None
    if repeat_seconds is None:
        return first
    return first + (now - first) // timedelta(seconds=repeat_seconds) * timedelta(seconds=repeat_seconds)
