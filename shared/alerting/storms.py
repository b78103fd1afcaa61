"""Decide which messages go to a channel at once, which wait, and which go together as one list. Pure.

The store asks in its claim of a message whether that may go at once, by ``AT_ONCE`` and ``WITHIN_SECONDS``. ``plan``
decides about what may not.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.models.channel import USUAL, Pace

# The first so many notifications within so many seconds go at once, each as a message of its own.
AT_ONCE = 5
WITHIN_SECONDS = 10.0
# The others wait for so long, and then go together.
WAIT_SECONDS = 2.0
# More than anybody watches. It bounds one transaction.
MOST_IN_LIST = 1_000
# Two lists that are ready together do not go in the same second.
LISTS = (Pace(1, 1.0), USUAL)


class Waiting(NamedTuple):
    """A notification that is due. ``listed_with``: the first one of the list that it was sent in before, if any.

    ``is_taken_over``: its sender died, and the channel may have its message.
    """

    id: int
    kind: str
    due_at: datetime
    listed_with: int | None = None
    is_taken_over: bool = False


class Plan(NamedTuple):
    """The notifications that go now, as one message; or the seconds until some do (None: nothing waits)."""

    ids: tuple[int, ...] = ()
    listed_with: int | None = None
    wait_seconds: float | None = None


def at_once(pace: Pace) -> Pace:
    """The pace of messages that go at once. The rest of the channel's pace is left to lists, which take all along."""
    return Pace(max(1, pace.messages * 3 // 4), pace.seconds)


def plan(waiting: Sequence[Waiting], sent: Sequence[datetime], pace: Pace, now: datetime) -> Plan:
    """The next messages to a channel, of those that may not go at once.

    ``waiting``: in the order in which they are due. ``sent``: when senders took up the messages of the last
    seconds, as many as ``pace``, the channel's own, and ``LISTS`` ask for.
    """
    lists: dict[tuple[str, int | None, int | None], list[Waiting]] = {}
    for each in waiting:
        # A copy reads like the first message: what went alone goes alone again. A summary is a list itself.
        is_alone = each.kind == "SUMMARY" or (each.is_taken_over and each.listed_with is None)
        alone = each.id if is_alone else None
        lists.setdefault((each.kind, each.listed_with, alone), []).append(each)
    if not lists:
        return Plan()
    first = min(lists.values(), key=lambda list_: _ready_at(list_, now))
    ready_at = max(_ready_at(first, now), *(_free_at(sent, each, now) for each in (*_spread(sent, pace, now), *LISTS)))
    if ready_at > now:
        return Plan(wait_seconds=(ready_at - now).total_seconds())
    ids = tuple(sorted(each.id for each in first)[:MOST_IN_LIST])
    is_alone = len(ids) == 1
    return Plan(ids, None if is_alone else first[0].listed_with or ids[0])


def _spread(sent: Sequence[datetime], pace: Pace, now: datetime) -> tuple[Pace, ...]:
    """The pace, and in a storm that lasts for longer than it allows: so slowly that a list may go now and then.

    Otherwise everything that is allowed would go in the storm's first seconds, and then nothing for a long time.
    """
    single = at_once(pace)
    left = pace.messages - single.messages
    if not left or pace.seconds <= WITHIN_SECONDS or _free_at(sent, single, now) == now:
        return (pace,)
    return pace, Pace(1, pace.seconds / left)


def _ready_at(list_: Sequence[Waiting], now: datetime) -> datetime:
    """When a list may go. Messages that went as a list before go again as the same list, and have waited already."""
    due_at = [each.due_at for each in list_]
    # A time that lies ahead was decided before the clock was set back.
    if list_[0].listed_with is not None or max(due_at) > now:
        return now
    return min(due_at) + timedelta(seconds=WAIT_SECONDS)


def _free_at(sent: Sequence[datetime], pace: Pace, now: datetime) -> datetime:
    """When one more message keeps the pace."""
    within = sorted(at for at in sent if at > now - timedelta(seconds=pace.seconds))
    if len(within) < pace.messages:
        return now
    return within[-pace.messages] + timedelta(seconds=pace.seconds)
