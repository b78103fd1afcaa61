"""The rules against the model: random checks, windows, dependencies, locations and restarts, judged a second time."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import at, event
from tests.support.store.engines import on_sqlite
from tests.support.store.model import INTERVAL, PAUSE, PLANS, TIMEOUT, Check, Watched
from tests.support.store.steps import CHANNELS, add, claim, rows, settle

pytestmark = pytest.mark.slow

PLACES = ("seoul", "tokyo", "paris")
# The schedule looks once a minute. A window that has been over for longer ends when it looks.
NOTICED_WITHIN = 120.0


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

    @rule(name=st.sampled_from(sorted(PLANS)), place=st.sampled_from(PLACES), gap=st.sampled_from([1.0, 30.0]))
    def a_place_is_offline(self, name: str, place: str, gap: float) -> None:
        """Nothing says of a single location that it was DOWN while it recovered."""
        if len({check.place for check in self.watched[name].checks} | {place}) > 1:
            self.now += gap
            self._arrives(name, place, ok=None)

    def _arrives(self, name: str, place: str, *, ok: bool | None) -> None:
        reported = event(self.now, ok=bool(ok), monitor=name, location=place, is_inconclusive=ok is None)
        add(self.store, reported, received=self.now)
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
            ends = [end for kind, about, _, end in self.windows if kind == "maintenance" and about in (None, name)]
            ended = max((end for end in ends if self.now - NOTICED_WITHIN < end <= self.now), default=self.now)
            watched.review(self.now, is_inside=self.covers("maintenance", name), ended=ended)
        self._nothing_is_held_without_a_rule()

    @rule()
    def the_store_is_opened_again(self) -> None:
        self.store = Store(self.store.database)

    @rule(channel=st.sampled_from(sorted(CHANNELS)), count=st.integers(1, 5))
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
