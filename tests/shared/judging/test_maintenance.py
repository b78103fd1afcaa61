"""Under maintenance nothing opens, checks go on, and what outlives the window opens at its end."""

from typing import NamedTuple

import pytest

from shared.alerting import Reason, Situation, decide
from shared.alerting.rules.maintenance import end
from shared.models import AlertStatus, ChangeKind, Monitor, MonitorState
from shared.monitors.policy import Policy
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import alert, at, event, monitor
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, move, report, rows
from tests.support.store.watching import history, states

UP, DOWN, PENDING, UNKNOWN = MonitorState.UP, MonitorState.DOWN, MonitorState.PENDING, MonitorState.UNKNOWN
MAINTENANCE, OPEN = MonitorState.MAINTENANCE, AlertStatus.OPEN


# --- the rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "before", "active", "ok", "failures", "change"),
    [
        ("a failure opens nothing, and is counted", monitor(UP), None, False, 1, None),
        ("nor do many", monitor(MAINTENANCE, 7), None, False, 8, None),
        ("a success is counted too", monitor(MAINTENANCE, 7), None, True, 0, None),
        ("an outage that was open before ends as always", monitor(DOWN, 3), OPEN, True, 0, ChangeKind.RESOLVED),
        ("and needs as many successes", monitor(DOWN, 3, success_threshold=2), OPEN, True, 0, None),
        ("it stays open while the monitor fails", monitor(MAINTENANCE, 3), OPEN, False, 4, None),
    ],
)
def test_an_event_under_maintenance(
    why: str, before: Monitor, active: AlertStatus | None, ok: bool, failures: int, change: ChangeKind | None
) -> None:
    situation = Situation(before, alert(active) if active else None, at(0), at(1), is_in_maintenance=True)
    decision = decide(situation, event(ok=ok))
    assert (decision.monitor.state, decision.reason) == (MAINTENANCE, Reason.MAINTENANCE), why
    assert (decision.monitor.consecutive_failures, decision.change) == (failures, change), why


class End(NamedTuple):
    """A monitor at the end of its window, and what it is then."""

    why: str
    before: Monitor
    active: AlertStatus | None
    state: MonitorState
    opens: bool = False
    is_known: bool = True
    is_ping_missed: bool = False


@pytest.mark.parametrize(
    "row",
    [
        End("it works", monitor(MAINTENANCE, consecutive_successes=1), None, UP),
        End("nobody has checked it", monitor(MAINTENANCE, checked=None), None, UNKNOWN, is_known=False),
        End(
            "its last check says nothing", monitor(MAINTENANCE, consecutive_successes=9), None, UNKNOWN, is_known=False
        ),
        End("nor does it after a failure", monitor(MAINTENANCE, 1, threshold=3), None, UNKNOWN, is_known=False),
        End("a person ended its outage, and it fails", monitor(MAINTENANCE), None, PENDING),
        End("it has failed often enough", monitor(MAINTENANCE, 3, threshold=3), None, DOWN, opens=True),
        End("it has not failed often enough yet", monitor(MAINTENANCE, 2, threshold=3), None, PENDING),
        End("a missed ping is enough", monitor(MAINTENANCE, 1, threshold=3), None, DOWN, True, True, True),
        End("its outage from before goes on", monitor(MAINTENANCE, 9), OPEN, DOWN),
        End("its outage waits for more successes", monitor(MAINTENANCE, success_threshold=3), OPEN, DOWN),
    ],
    ids=lambda row: row.why,
)
def test_the_end_of_a_window(row: End) -> None:
    active = alert(row.active) if row.active else None
    decision = end(row.before, active, at(50), is_known=row.is_known, is_ping_missed=row.is_ping_missed)
    assert (decision.monitor.state, decision.monitor.since) == (row.state, at(50))
    assert decision.change == (ChangeKind.OPENED if row.opens else None)


# --- in the store -----------------------------------------------------------------------------------------------------


@on_each_engine
class TestInTheStore:
    """A window from second 10 to second 70, for the monitor ``shop``."""

    @pytest.fixture(autouse=True)
    def _window(self, store: Store) -> None:
        policy = {"name": "shop", "url": "http://shop/", "group": "Web", "failure_threshold": 2}
        store.monitors.add(Policy.model_validate(policy), now=at(0))
        window = Window(kind="maintenance", groups=("Web",), starts_at=at(10), duration=60)
        store.windows.add(window, now=at(0))

    def review(self, store: Store, seconds: float) -> list[str]:
        """The alerts that open at that time."""
        return [change.alert.subject for change in store.maintenance.review(now=at(seconds), channels=CHANNELS)]

    def reported(self, store: Store, *outcomes: tuple[float, bool]) -> None:
        for seconds, ok in outcomes:
            report(store, seconds, ok=ok, received=seconds)

    def test_a_monitor_is_under_maintenance_from_the_beginning_to_the_end(self, store: Store) -> None:
        self.reported(store, (1, True))
        for seconds, state in ((9, "UP"), (10, "MAINTENANCE"), (69, "MAINTENANCE"), (70, "UP")):
            assert self.review(store, seconds) == []
            assert states(store)["shop"] == state
        changes = rows(store, "SELECT from_state, to_state, reason FROM state_changes ORDER BY id")
        assert [tuple(each) for each in changes] == [
            ("UNKNOWN", "UP", "healthy"),
            ("UP", "MAINTENANCE", "maintenance"),
            ("MAINTENANCE", "UP", "maintenance"),
        ]

    def test_an_outage_inside_is_none(self, store: Store) -> None:
        self.reported(store, (1, True), (11, False), (20, False), (30, False), (60, True))
        assert self.review(store, 70) == []
        assert history(store) == []
        assert rows(store, "SELECT count(*) FROM notifications")[0][0] == 0

    def test_an_outage_that_outlives_the_window_opens_at_its_end(self, store: Store) -> None:
        self.reported(store, (1, True), (40, False), (50, False))
        assert self.review(store, 69.9) == []
        assert self.review(store, 70) == ["shop"]
        [opened], owed = [store.alerts.page(limit=9)[0]], store.alerts.get(1)[1]
        assert (opened.failed_at, opened.opened_at, opened.cause) == (at(40), at(70), "connection refused")
        assert [each.channel for each in owed] == list(CHANNELS)
        assert self.review(store, 71) == [], "once"
        self.reported(store, (72, False), (73, True))
        assert history(store) == [("OUTAGE", "shop", "RESOLVED")]

    def test_failures_inside_count_for_the_threshold_behind_it(self, store: Store) -> None:
        self.reported(store, (60, False))
        assert self.review(store, 70) == []
        assert states(store)["shop"] == "PENDING"
        self.reported(store, (75, False))
        assert store.alerts.get(1)[0].failed_at == at(60)

    def test_an_outage_from_before_ends_inside_and_is_told(self, store: Store) -> None:
        self.reported(store, (1, False), (2, False), (20, False), (30, True))
        assert history(store) == [("OUTAGE", "shop", "RESOLVED")]
        assert [each.kind for each in store.alerts.get(1)[1] if each.channel == "a"] == ["OUTAGE", "RECOVERY"]
        assert states(store)["shop"] == "MAINTENANCE"
        assert self.review(store, 70) == []
        assert states(store)["shop"] == "UP"

    def test_an_outage_from_before_goes_on_although_another_location_reports(self, store: Store) -> None:
        policy = {"name": "shop", "url": "http://shop/", "group": "Web", "success_threshold": 2, "quorum": 1}
        store.monitors.replace(1, Policy.model_validate(policy), now=at(0), channels=CHANNELS)
        self.reported(store, (1, False), (2, False), (3, True))
        assert self.review(store, 11) == []
        report(store, 20, ok=True, received=20, location="tokyo")
        assert history(store) == [("OUTAGE", "shop", "OPEN")], "the first location has seen one success of two"

    def test_a_late_event_is_judged_by_its_own_time(self, store: Store) -> None:
        report(store, 20, ok=False, received=80)
        report(store, 30, ok=False, received=80)
        assert history(store) == []

    def test_a_window_that_ends_early_opens_what_it_kept_back(self, store: Store) -> None:
        self.reported(store, (20, False), (30, False))
        store.windows.remove(1, now=at(40), channels=CHANNELS)
        assert self.review(store, 40) == ["shop"]

    def test_a_monitor_that_was_paused_inside_opens_nothing(self, store: Store) -> None:
        self.reported(store, (20, False), (30, False))
        policy = Policy.model_validate({"name": "shop", "url": "http://shop/", "group": "Web", "enabled": False})
        store.monitors.replace(1, policy, now=at(40), channels=CHANNELS)
        assert self.review(store, 70) == []
        assert store.monitors.get(1).state == "PAUSED"

    @pytest.mark.parametrize("checked_at", [5, 40])
    def test_nobody_knows_it_after_an_inconclusive_check(self, store: Store, checked_at: float) -> None:
        """The agent's own location was offline. That says nothing of the monitor, before the window or in it."""
        self.reported(store, (1, True))
        report(store, checked_at, ok=False, received=checked_at, is_inconclusive=True)
        assert self.review(store, 11) == self.review(store, 70) == []
        assert states(store)["shop"] == "UNKNOWN"

    def test_nobody_knows_it_after_a_pause(self, store: Store) -> None:
        self.reported(store, (1, True))
        policy = {"name": "shop", "url": "http://shop/", "group": "Web"}
        for seconds, is_enabled in ((5, False), (6, True)):
            written = Policy.model_validate({**policy, "enabled": is_enabled})
            store.monitors.replace(1, written, now=at(seconds), channels=CHANNELS)
        assert self.review(store, 11) == self.review(store, 70) == []
        assert states(store)["shop"] == "UNKNOWN"

    def test_nobody_knows_it_if_its_checks_have_stopped(self, store: Store) -> None:
        self.reported(store, (1, True))
        window = Window(kind="maintenance", groups=("Web",), starts_at=at(60), duration=3600)
        store.windows.add(window, now=at(60))
        assert self.review(store, 60) == self.review(store, 3660) == []
        assert states(store)["shop"] == "UNKNOWN"

    def test_one_location_that_is_offline_is_not_all(self, store: Store) -> None:
        report(store, 1, ok=True, received=1, location="seoul")
        report(store, 2, ok=True, received=2, location="tokyo")
        report(store, 40, ok=False, received=40, location="seoul", is_inconclusive=True)
        assert self.review(store, 70) == []
        assert states(store)["shop"] == "UP"

    def test_a_move_by_hand_does_not_end_maintenance(self, store: Store) -> None:
        self.reported(store, (1, False), (2, False))
        assert self.review(store, 10) == []
        for seconds, to in ((20, "RESOLVED"), (21, "OPEN"), (22, "RESOLVED")):
            move(store, 1, to, seconds)
            assert states(store)["shop"] == "MAINTENANCE"
        changes = rows(store, "SELECT reason FROM state_changes WHERE reason = 'moved_by_hand'")
        assert changes == []
        assert self.review(store, 70) == [], "its failures count from zero"
        assert states(store)["shop"] == "PENDING", "its last check failed"
