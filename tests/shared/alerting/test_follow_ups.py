"""When people are reminded of an outage, and when an escalation goes on: the pure rules, and against a slow model."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.alerting.follow_ups import Progress, Step, escalate, remind
from tests.support.builders import at


@pytest.mark.parametrize(
    ("why", "reminded", "now", "number"),
    [
        ("none before the interval is over", None, 59, None),
        ("the first when it is over", None, 60, 1),
        ("none again within the next one", 60, 119, None),
        ("the second at twice the interval", 60, 120, 2),
        ("one after a long gap, and not ten", 60, 663, 2),
        ("and the next one at its own time", 660, 719, None),
        ("none while a clock that was set back has not come there again", 660, 300, None),
    ],
)
def test_reminders(why: str, reminded: float | None, now: float, number: int | None) -> None:
    before = Progress(at(0), 1 if reminded else 0, at(reminded) if reminded else None)
    after = remind(before, 60, at(now))
    assert (after.reminders if after else None) == number, why


MAIL, ANY = STEPS = (Step("night", 300, ("mail",)), Step("night", 900, ("any",), repeat=600))


@pytest.mark.parametrize(
    ("why", "taken", "now", "due"),
    [
        ("nothing before the first step", (), 299, []),
        ("the first step at its time", (), 300, [0]),
        ("it is taken once", (300,), 899, []),
        ("the second at its time", (300,), 900, [1]),
        ("and again", (300, 900), 1500, [1]),
        ("not before", (300, 900), 1499, []),
        ("both after a gap, in order, once each", (), 9999, [0, 1]),
    ],
)
def test_escalations(why: str, taken: tuple[float, ...], now: float, due: list[int]) -> None:
    before = Progress(at(0), escalated=dict(zip(STEPS, map(at, taken), strict=False)))
    assert escalate(before, STEPS, at(now))[1] == due, why


@pytest.mark.parametrize(
    ("why", "steps", "due"),
    [
        ("a step before them counts for itself", [Step("night", 60, ("ops",)), *STEPS], [0]),
        ("the order says nothing", [ANY, MAIL], []),
        ("a step that was changed is another one", [MAIL._replace(channels=("sms",)), ANY], [0]),
        ("another escalation has steps of its own", [each._replace(escalation="day") for each in STEPS], [0, 1]),
        ("without any, nothing is due", [], []),
    ],
)
def test_steps_that_change_are_neither_skipped_nor_repeated(why: str, steps: list[Step], due: list[int]) -> None:
    before = Progress(at(0), escalated={MAIL: at(300), ANY: at(900)})
    progress, found = escalate(before, steps, at(901))
    assert found == due, why
    assert escalate(progress, STEPS, at(902))[1] == [], "also once they are as they were"


# Whole milliseconds: a time counts no finer than microseconds, and would be another one than its seconds.
@given(st.lists(st.integers(500, 200_000), max_size=60), st.integers(1, 90), st.integers(1, 300), st.integers(1, 90))
def test_each_time_is_due_once_however_often_somebody_reviews(
    pauses_ms: list[int], interval: int, after: int, repeat: int
) -> None:
    progress, ends = Progress(at(0)), [ms / 1000 for ms in itertools.accumulate(pauses_ms)]
    reviews = list(itertools.pairwise([0.0, *ends]))
    reminders, steps = [], []
    for before, seconds in reviews:
        for _ in range(2):
            if (reminded := remind(progress, interval, at(seconds))) is not None:
                progress = reminded
                reminders.append((before, seconds))
            progress, due = escalate(progress, [Step("night", after, ("any",), repeat)], at(seconds))
            steps += [(before, seconds)] * len(due)

    def are_due(first: int, distance: int) -> list[tuple[float, float]]:
        """A review finds something exactly if a time at which it is due lies between the review before and itself."""
        times = range(first, int(ends[-1]) + 2 if ends else 0, distance)
        return [(start, end) for start, end in reviews if any(start < time <= end for time in times)]

    assert reminders == are_due(interval, interval)
    assert steps == are_due(after, repeat)
    assert progress.reminders == len(reminders)
