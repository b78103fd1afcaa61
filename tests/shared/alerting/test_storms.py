"""Messages that go now, wait, or go together: one row a situation."""

from datetime import datetime

import pytest

from shared.alerting.storms import MOST_IN_LIST, Plan, Waiting, at_once, plan
from shared.models.channel import USUAL, Pace
from tests.support.builders import NOON, at

GROUP = Pace(20, 62.0)


def due(*ids: int, kind: str = "OUTAGE", at_seconds: float = 0, with_: int | None = None) -> list[Waiting]:
    return [Waiting(id_, kind, at(at_seconds), with_) for id_ in ids]


def taken_over(id_: int) -> Waiting:
    return Waiting(id_, "OUTAGE", at(-40), is_taken_over=True)


def sent(*seconds: float) -> list[datetime]:
    return [at(each) for each in seconds]


WAITING = [
    ("nothing waits", [], [], USUAL, Plan()),
    ("what has just come due waits for others", due(6), sent(-1), USUAL, Plan(wait_seconds=2)),
    ("it waits for two seconds in all", due(6, 7, at_seconds=-1.5), sent(-1.5), USUAL, Plan(wait_seconds=0.5)),
    ("the first has waited, and takes others along", due(6, at_seconds=-2) + due(7, 8), [], USUAL, Plan((6, 7, 8), 6)),
    ("what is alone is no list", due(6, at_seconds=-2), [], USUAL, Plan((6,))),
    ("a list is of one kind, the longest due first", due(8, kind="RECOVERY", at_seconds=-9) + due(6, 7, at_seconds=-3),
     [], USUAL, Plan((8,))),
    ("ids in their order, whatever is due first", due(9, at_seconds=-3) + due(6, at_seconds=-2), [], USUAL,
     Plan((6, 9), 6)),
    ("two lists do not go in the same second", due(6, at_seconds=-9), sent(-0.25), USUAL, Plan(wait_seconds=0.75)),
    ("ten messages in ten seconds are enough", due(6, at_seconds=-9), sent(*(-3,) * 10), USUAL, Plan(wait_seconds=7)),
    ("and nine are not", due(6, at_seconds=-9), sent(*(-3,) * 9), USUAL, Plan((6,))),
    ("a group has had its twenty in this minute", due(6, at_seconds=-9), sent(*range(-59, -39)), GROUP,
     Plan(wait_seconds=3)),
    ("after fifteen, lists to a group are spread over the minute", due(6, at_seconds=-9), sent(*range(-20, -5)), GROUP,
     Plan(wait_seconds=6.4)),
    ("and not after fourteen", due(6, at_seconds=-9), sent(*range(-20, -6)), GROUP, Plan((6,))),
    ("and one of them was earlier", due(6, at_seconds=-9), sent(*range(-62, -42)), GROUP, Plan((6,))),
    ("a pace of one message has no rest to spread", due(6, at_seconds=-9), sent(-20), Pace(1, 60.0),
     Plan(wait_seconds=40)),
    ("a list that failed goes again as it was, at once", due(6, 7, with_=6) + due(8), [], USUAL, Plan((6, 7), 6)),
    ("also without its first", due(7, 8, with_=6), [], USUAL, Plan((7, 8), 6)),
    ("and keeps the pace", due(6, 7, with_=6), sent(-0.5), USUAL, Plan(wait_seconds=0.5)),
    ("what a dead sender took alone goes alone", [taken_over(6), *due(7, at_seconds=-3)], [], USUAL, Plan((6,))),
    ("a time that lies far ahead holds nothing up", due(6, at_seconds=9999), [], USUAL, Plan((6,))),
    ("nobody watches so many", due(*range(2000), at_seconds=-2), [], USUAL, Plan(tuple(range(MOST_IN_LIST)), 0)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("waiting", "before", "pace", "planned"), [row[1:] for row in WAITING], ids=[r[0] for r in WAITING]
)
def test_each_situation_has_its_plan(waiting: list[Waiting], before: list[datetime], pace: Pace, planned: Plan) -> None:
    assert plan(waiting, before, pace, NOON) == planned


def test_a_quarter_of_the_pace_is_left_to_lists() -> None:
    assert at_once(GROUP) == Pace(15, 62.0)
    assert at_once(Pace(1, 1.0)) == Pace(1, 1.0)
