"""An outage of a monitor whose parent is down, or may be: when it is held back, and when it is sent after all."""

from typing import Any, NamedTuple

import pytest

from shared.alerting.dependencies import Standing, circle_in, dependents_of, is_down, judge, parents_of
from shared.models import Monitor, MonitorState
from tests.support.builders import at, monitor

UP, DOWN, PENDING = MonitorState.UP, MonitorState.DOWN, MonitorState.PENDING
UNKNOWN, MAINTENANCE = MonitorState.UNKNOWN, MonitorState.MAINTENANCE


def parent(state: MonitorState, checked: float | None = 0, failures: int = 0, **fields: object) -> Monitor:
    known: dict[str, Any] = {"name": "router", "interval_seconds": 60.0, "timeout_seconds": 5.0}
    return monitor(state, failures, checked=checked, **known | fields)


class Row(NamedTuple):
    """How the parent is, how long after the outage opened; and whether it is held back."""

    why: str
    parent: Monitor
    seconds: float
    is_held: bool


# The monitor has failed since noon - 60 s and opens at noon.
ROWS = [
    Row("the parent is down", parent(DOWN, failures=1), 0, True),
    Row("for as long as it is", parent(DOWN, failures=1), 86_400, True),
    Row("the parent works, and was checked since the first failure", parent(UP), 0, False),
    Row("it has not been checked since: it may be down too", parent(UP, checked=-61), 0, True),
    Row("for the time of one check of it", parent(UP, checked=-61), 64.9, True),
    Row("and no longer", parent(UP, checked=-61), 65, False),
    Row("it fails, and is not down yet", parent(PENDING, failures=1), 0, True),
    Row("that too for the time of one check", parent(PENDING, failures=1), 65, False),
    Row("nobody knows how it is", parent(UNKNOWN, checked=-500), 0, False),
    Row("it was never checked", parent(UNKNOWN, checked=None), 0, False),
    Row("it is paused", parent(DOWN, failures=3, is_watched=False), 0, False),
    Row("it fails under maintenance: it is down, and nobody says so", parent(MAINTENANCE, failures=1), 0, True),
    Row("it works under maintenance", parent(MAINTENANCE), 0, False),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
def test_an_outage_waits_for_what_its_parent_says(row: Row) -> None:
    child = monitor(DOWN, 1, threshold=1)
    found = judge(child, Standing(), [row.parent], opened_at=at(0), now=at(row.seconds))
    assert found.is_held is row.is_held
    assert found.standing.blocked_by == ("router" if is_down(row.parent) else None)


def test_one_parent_of_several_is_enough() -> None:
    parents = [parent(UP, name="a"), parent(DOWN, failures=1, name="b")]
    assert judge(monitor(DOWN, 1), Standing(), parents, opened_at=at(0), now=at(0)) == (True, Standing("b"))


def test_after_the_parents_recovery_the_monitor_has_its_threshold_again() -> None:
    """It failed five times while the parent was down; with a threshold of 3 it is sent at its third failure after."""
    blocked, recovered = Standing("router"), [parent(UP, checked=100)]
    standing = blocked
    held = []
    for failures in (5, 6, 7, 8):
        child = monitor(DOWN, failures, threshold=3)
        found = judge(child, standing, recovered, opened_at=at(0), now=at(100 + failures))
        standing = found.standing
        held.append(found.is_held)
    assert held == [True, True, True, False]
    assert standing == Standing("router", at(105), 5)


def test_failures_that_begin_after_the_recovery_all_count() -> None:
    standing = Standing("router", at(100), 5)
    fresh = monitor(DOWN, 3, threshold=3)._replace(failing_since=at(110))
    assert not judge(fresh, standing, [parent(UP, checked=120)], opened_at=at(0), now=at(130)).is_held


def test_a_parent_that_fails_again_holds_it_again() -> None:
    standing = Standing("router", at(100), 5)
    found = judge(monitor(DOWN, 7, threshold=3), standing, [parent(DOWN, failures=1)], opened_at=at(0), now=at(110))
    assert found == (True, Standing("router"))


def test_a_monitors_name_wins_over_a_groups() -> None:
    known = [monitor(name="Web"), monitor(name="a", group_name="Web"), monitor(name="b", group_name="DB")]
    assert names(parents_of(("Web", "DB"), known, "c")) == ["Web", "b"]
    assert names(parents_of(("DB",), known, "b")) == [], "no monitor is its own parent"


def test_dependents_are_found_through_others_and_through_groups() -> None:
    depends_on = {"switch": ["router"], "web": ["Network"], "api": ["web", "db"], "other": ["db"]}
    groups = {"switch": "Network", "web": None, "api": None, "other": None}
    assert dependents_of(monitor(name="router"), groups, depends_on) == ["switch", "web", "api"]
    assert dependents_of(monitor(name="x", group_name="Network"), groups, depends_on) == ["web", "api"]
    assert dependents_of(monitor(name="alone"), groups, depends_on) == []


def test_a_group_named_like_a_monitor_has_no_dependents() -> None:
    depends_on = {"web": ["Network"], "api": ["web"]}
    member = monitor(name="x", group_name="Network")
    assert dependents_of(member, {"web": None, "api": None}, depends_on, {"Network"}) == []
    assert dependents_of(monitor(name="Network"), {"web": None, "api": None}, depends_on, {"Network"}) == ["web", "api"]
    assert dependents_of(member, {"web": None, "api": "web"}, depends_on, {"web"}) == ["web", "api"]


@pytest.mark.parametrize(
    ("depends_on", "way"),
    [
        ({"a": ["b"], "b": ["c"]}, []),
        ({"a": ["b"], "b": ["a"]}, ["a", "b", "a"]),
        # In is the group of a and b, and Out that of c.
        ({"c": ["In"], "b": ["c"]}, ["b", "c", "In", "b"]),
        ({"c": ["In"], "b": ["Out"]}, ["b", "Out", "c", "In", "b"]),
        ({"a": ["In"]}, []),
        ({"a": ["In"], "b": ["In"]}, ["a", "b", "a"]),
        ({"a": ["In"], "b": ["c"], "c": ["a"]}, ["a", "b", "c", "a"]),
        # A monitor's name wins over a group's, and nothing has this one.
        ({"a": ["Web"], "d": ["a"], "Web": ["gone"]}, []),
    ],
)
def test_a_circle_is_found_through_groups(depends_on: dict[str, list[str]], way: list[str]) -> None:
    groups = {"a": "In", "b": "In", "c": "Out", "d": "Web", "Web": None}
    found = circle_in(groups, depends_on)
    assert len(found) == len(way)
    assert set(found) == set(way)
    assert found[:1] == found[-1:]


def names(found: list[Monitor]) -> list[str]:
    return [each.name for each in found]
