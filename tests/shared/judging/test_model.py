"""The rules against a model: random checks, windows, dependencies, locations and restarts, judged a second time.

The model keeps everything that has happened and works each answer out anew from all of it, without a counter.
"""

import itertools
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at, event
from tests.support.store.engines import on_sqlite
from tests.support.store.steps import CHANNELS, add, claim, rows, settle

pytestmark = pytest.mark.slow

INTERVAL, TIMEOUT, PAUSE = 60.0, 50.0, 20.0
PLACES = ("seoul", "tokyo", "paris")


class Plan(NamedTuple):
    """A monitor's policy, as far as it judges."""

    failures: int
    successes: int
    quorum: int | None
    parent: str | None
    tries: int = 1


PLANS = {
    "router": Plan(1, 1, None, None),
    "web": Plan(2, 1, None, "router"),
    "shop": Plan(3, 2, None, None, tries=2),
    "api": Plan(1, 2, 1, "router", tries=4),
    "twin": Plan(2, 1, 2, None),
}


class Check(NamedTuple):
    at: float
    place: str
    ok: bool


@dataclass
class Outage:
    """An outage as the model knows it; ``ended``: None while it is open."""

    opened: float
    failed: float
    ended: float | None = None


@dataclass
class Watched:
    """The history of one monitor. ``kept``: whether each of its checks counts for flapping."""

    plan: Plan
    checks: list[Check] = field(default_factory=list)
    outcomes: list[bool] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    flaps: bool = False
    is_inside: bool = False

    @property
    def open(self) -> Outage | None:
        return self.outages[-1] if self.outages and self.outages[-1].ended is None else None

    def run(self, place: str) -> tuple[bool | None, int, float]:
        """How the last checks of a place went alike: how, how many, and since when."""
        seen = [check for check in self.checks if check.place == place]
        alike: list[Check] = []
        for check in reversed(seen):
            if alike and check.ok is not alike[0].ok:
                break
            alike.append(check)
        return (alike[0].ok, len(alike), alike[-1].at) if alike else (None, 0, 0.0)

    def is_down_at(self, place: str) -> bool:
        """Whether a place has seen enough failures in a row, and not enough successes since."""
        is_down, failures, successes = False, 0, 0
        for check in self.checks:
            if check.place != place:
                continue
            failures, successes = (0, successes + 1) if check.ok else (failures + 1, 0)
            if failures >= self.plan.failures:
                is_down = True
            elif check.ok and successes >= self.plan.successes:
                is_down = False
        return is_down

    def voters(self, now: float) -> list[str]:
        places = {check.place: check.at for check in self.checks}
        silent = 2 * INTERVAL + max(INTERVAL, self.plan.tries * (TIMEOUT + PAUSE) - PAUSE)
        # A single location is always heard.
        return [place for place in places if len(places) == 1 or places[place] >= now - silent]

    def enough(self, votes: list[bool]) -> bool:
        return sum(votes) >= (self.plan.quorum or len(votes) // 2 + 1)

    def is_seen_down(self, now: float, *, to_open: bool) -> bool:
        votes = [self.is_down_at(place) and (not to_open or self.run(place)[0] is False) for place in self.voters(now)]
        return self.enough(votes)

    def failing_since(self, now: float) -> float:
        return min(self.run(place)[2] for place in self.voters(now) if self.run(place)[0] is False)

    def share(self) -> float:
        """How often the last 21 outcomes changed, by the formula of the documents."""
        last = self.outcomes[-21:]
        if len(last) < 10:
            return 0.0
        weights = [0.8 + 0.4 * change / 19 for change in range(20)][-(len(last) - 1) :]
        changes = [before is not after for before, after in itertools.pairwise(last)]
        return sum(weight for weight, has_changed in zip(weights, changes, strict=True) if has_changed) / 20

    def see(self, check: Check, *, is_inside: bool) -> None:
        """One check, in or outside a window of maintenance."""
        self.checks.append(check)
        now, self.is_inside = check.at, is_inside
        was_open = self.open
        is_over = check.ok and not self.is_seen_down(now, to_open=False)
        if is_inside:
            if was_open and is_over:
                was_open.ended, self.flaps = now, False
            return
        failing = [self.run(place)[0] is False for place in self.voters(now)]
        self.outcomes.append(not self.enough(failing))
        opens = was_open is None and self.is_seen_down(now, to_open=True)
        if opens:
            self.outages.append(Outage(now, self.failing_since(now)))
        if self.flaps and was_open:
            if self.share() > 0.25:
                return
            self.flaps = False
        elif self.share() >= 0.5 and (was_open or opens):
            self.flaps = True
            return
        if was_open and is_over:
            was_open.ended = now

    def review(self, now: float, *, is_inside: bool) -> None:
        """The schedule checks whether a window has closed."""
        if self.is_inside and not is_inside and self.checks and self.open is None:
            is_failing = any(self.run(place)[0] is False for place in self.voters(now))
            if is_failing and self.is_seen_down(now, to_open=True):
                self.outages.append(Outage(now, self.failing_since(now)))
        self.is_inside = is_inside


class RulesAndModel(RuleBasedStateMachine):
    """Random histories of five monitors, in the store and in the model."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        with self.store.database.transaction() as transaction:
            for table in ("notification_logs", "notifications", "state_changes", "monitor_locations", "alerts"):
                transaction.rows(f"DELETE FROM {table}")
            for table in ("windows", "raw_events", "monitors", "watches"):
                transaction.rows(f"DELETE FROM {table}")
        self.now = 0.0
        self.windows: list[tuple[str, str | None, float, float]] = []
        self.watched = {name: Watched(plan) for name, plan in PLANS.items()}
        for name, plan in PLANS.items():
            policy = {"name": name, "url": f"http://{name}/", "interval": INTERVAL, "timeout": TIMEOUT}
            policy |= {"failure_threshold": plan.failures, "success_threshold": plan.successes}
            policy |= {"retry_interval": PAUSE, "retries": plan.tries - 1, "quorum": plan.quorum or "majority"}
            policy |= {"depends_on": [plan.parent]} if plan.parent else {}
            self.store.monitors.add(Policy.model_validate(policy), now=at(0))

    def covers(self, kind: str, name: str) -> bool:
        return any(
            each == kind and about in (None, name) and start <= self.now < end
            for each, about, start, end in self.windows
        )

    @rule(
        name=st.sampled_from(sorted(PLANS)),
        places=st.lists(st.sampled_from(PLACES), min_size=1, max_size=3, unique=True),
        oks=st.lists(st.booleans(), min_size=3, max_size=3),
        gap=st.sampled_from([1.0, 10.0, 30.0, 100.0]),
    )
    def checks_arrive(self, name: str, places: list[str], oks: list[bool], gap: float) -> None:
        for place, ok in zip(places, oks, strict=False):
            self.now += gap
            self._arrives(name, place, ok=ok)

    @rule(name=st.sampled_from(sorted(PLANS)), first=st.booleans(), count=st.integers(2, 24))
    def it_goes_up_and_down(self, name: str, first: bool, count: int) -> None:
        for number in range(count):
            self.now += 5
            self._arrives(name, "seoul", ok=first is (number % 2 == 0))

    @rule(name=st.sampled_from(sorted(PLANS)), ok=st.booleans(), count=st.integers(2, 22))
    def it_stays_as_it_is(self, name: str, ok: bool, count: int) -> None:
        for _ in range(count):
            self.now += 5
            self._arrives(name, "seoul", ok=ok)

    def _arrives(self, name: str, place: str, *, ok: bool) -> None:
        add(self.store, event(self.now, ok=ok, monitor=name, location=place), received=self.now)
        self.watched[name].see(Check(self.now, place, ok), is_inside=self.covers("maintenance", name))

    @rule(
        kind=st.sampled_from(["maintenance", "silence"]),
        name=st.sampled_from([None, *sorted(PLANS)]),
        length=st.sampled_from([20.0, 90.0, 400.0]),
    )
    @precondition(lambda self: len(self.windows) < 6)
    def a_window_opens(self, kind: str, name: str | None, length: float) -> None:
        about = {"all": True} if name is None else {"monitors": (name,)}
        window = Window.model_validate({"kind": kind, "duration": length, **about})
        self.store.windows.add(window, now=at(self.now))
        self.windows.append((kind, name, self.now, self.now + length))

    @rule(wait=st.sampled_from([0.0, 1.0, 30.0, 200.0]))
    def the_schedule_looks(self, wait: float) -> None:
        self.now += wait
        self.store.maintenance.review(now=at(self.now), channels=CHANNELS)
        for name, watched in self.watched.items():
            watched.review(self.now, is_inside=self.covers("maintenance", name))
        self._nothing_is_held_without_a_rule()

    @rule()
    def the_store_is_opened_again(self) -> None:
        self.store = Store(self.store.database)

    @rule(channel=st.sampled_from(CHANNELS), count=st.integers(1, 5))
    def messages_are_sent(self, channel: str, count: int) -> None:
        for _ in range(count):
            if claim(self.store, self.now, channel, lease=-1) is None:
                return
            settle(self.store, "SENT", self.now, channel)

    def _nothing_is_held_without_a_rule(self) -> None:
        held = rows(
            self.store,
            "SELECT alerts.subject, n.reason FROM notifications n JOIN alerts ON alerts.id = n.alert_id "
            "WHERE n.status = 'HELD'",
        )
        for name, _ in held:
            assert self.covers("silence", str(name)) or PLANS[str(name)].parent, (name, self.now)

    @invariant()
    def the_outages_agree(self) -> None:
        found = rows(self.store, "SELECT subject, opened_at, failed_at, resolved_at FROM alerts ORDER BY id")
        for name, watched in self.watched.items():
            expected = [
                (_text(each.opened), _text(each.failed), None if each.ended is None else _text(each.ended))
                for each in watched.outages
            ]
            assert [row[1:] for row in found if row[0] == name] == expected, name

    @invariant()
    def each_outage_is_told_or_a_row_says_why_not(self) -> None:
        sql = """SELECT n.id, n.alert_id, n.channel, n.kind, n.status, n.reason, alerts.resolved_at
            FROM notifications n JOIN alerts ON alerts.id = n.alert_id ORDER BY n.id"""
        told: dict[tuple[object, object], list[tuple[object, ...]]] = {}
        for row in rows(self.store, sql):
            told.setdefault((row[1], row[2]), []).append(row)
        logged = set(rows(self.store, "SELECT notification_id, status FROM notification_logs"))
        alerts = rows(self.store, "SELECT id, resolved_at FROM alerts")
        for alert_id, resolved_at in alerts:
            for channel in CHANNELS:
                kinds = [row[3] for row in told[alert_id, channel]]
                assert {"OUTAGE", "FLAPPING"} & set(kinds)
                assert resolved_at is None or kinds[-1] == "RECOVERY"
        for messages in told.values():
            waits = [(row[4], row[5]) == ("HELD", "dependency") for row in messages if row[4] in ("HELD", "PENDING")]
            assert waits == sorted(waits), "a message would be stuck behind one that is held"
            for number, _, _, kind, status, reason, resolved_at in messages:
                if status in ("HELD", "SUPPRESSED"):
                    assert reason, (kind, status)
                    assert (number, status) in logged
                if kind == "RECOVERY" and status == "SUPPRESSED" and reason != "flapping":
                    assert all(row[4] == "SUPPRESSED" for row in messages), "its beginning was never sent"
                assert not (status == "HELD" and resolved_at and kind != "RECOVERY")


def _text(seconds: float) -> str:
    return at(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@on_sqlite
def test_the_rules_agree_with_the_model(store: Store) -> None:
    run_state_machine_as_test(
        type("OnThisStore", (RulesAndModel,), {"store": store}),
        settings=settings(max_examples=12, stateful_step_count=40, derandomize=True),
    )
