"""A monitor whose parent is down: its outage is held back, said in the parent's message, and never lost."""

import pytest

from shared.messages import compose
from shared.monitors.policy import Policy
from shared.store import DependsInCircle, Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import CHANNELS, move, report, rows, settle

pytestmark = [on_each_engine, pytest.mark.slow]

LOGS = "SELECT kind, status, reason FROM notification_logs WHERE channel = 'a' AND alert_id = :id ORDER BY id"


@pytest.fixture(autouse=True)
def family(store: Store) -> None:
    """A router, a web server behind it, and an API behind that; all work."""
    for name, fields in (
        ("router", {}),
        ("web", {"depends_on": ["router"], "failure_threshold": 2}),
        ("api", {"depends_on": ["web"], "reminder_interval": "60s"}),
    ):
        policy = {"name": name, "url": f"http://{name}/", "interval": "30s", "timeout": "5s", **fields}
        store.monitors.add(Policy.model_validate(policy), now=at(0))
        check(store, 0, name, ok=True)


def check(store: Store, seconds: float, monitor: str, *, ok: bool) -> str | None:
    return report(store, seconds, ok=ok, monitor=monitor, received=seconds).change


def review(store: Store, seconds: float) -> None:
    store.maintenance.review(now=at(seconds), channels=CHANNELS)
    store.follow_ups.review(now=at(seconds), channels=CHANNELS)


def owed(store: Store, subject: str) -> list[tuple[object, ...]]:
    """Kind, status and reason of each message to the channel a about a monitor."""
    return rows(
        store,
        "SELECT n.kind, n.status, n.reason FROM notifications n JOIN alerts ON alerts.id = n.alert_id "
        f"WHERE channel = 'a' AND subject = '{subject}' ORDER BY n.id",
    )


def test_while_the_parent_is_down_nobody_hears_of_the_child(store: Store) -> None:
    check(store, 30, "router", ok=False)
    check(store, 31, "web", ok=False)
    assert check(store, 61, "web", ok=False) == "OPENED"
    review(store, 62)
    assert owed(store, "web") == [("OUTAGE", "HELD", "dependency")]
    assert store.alerts.get(2)[0].suppressed_by == 1
    check(store, 90, "web", ok=True)
    assert owed(store, "web") == [("OUTAGE", "SUPPRESSED", "dependency"), ("RECOVERY", "SUPPRESSED", "dependency")]


@pytest.mark.parametrize("is_by_hand", [False, True])
def test_the_parents_messages_name_who_is_affected_and_who_still_fails(store: Store, is_by_hand: bool) -> None:
    check(store, 30, "router", ok=False)
    alert, [outage, *_] = store.alerts.get(1)
    assert alert.dependents == ("web", "api")
    assert " · affects web, api · " in compose(alert, outage, "en")
    assert " · 함께 영향을 받음: web, api · " in compose(alert, outage, "ko")
    check(store, 31, "api", ok=False)
    move(store, 1, "RESOLVED", 60) if is_by_hand else check(store, 60, "router", ok=True)
    alert, notifications = store.alerts.get(1)
    assert alert.still_failing == ("api",)
    text = compose(alert, next(each for each in notifications if each.kind == "RECOVERY"), "en")
    assert " · still failing: api · " in text
    assert move(store, 1, "OPEN", 61).alert.still_failing == store.alerts.get(1)[0].still_failing == ()


def test_a_child_that_stays_down_is_sent_after_its_threshold(store: Store) -> None:
    check(store, 30, "router", ok=False)
    check(store, 31, "web", ok=False)
    check(store, 61, "web", ok=False)
    check(store, 62, "router", ok=True)
    review(store, 63)
    check(store, 91, "web", ok=False)
    review(store, 92)
    assert owed(store, "web") == [("OUTAGE", "HELD", "dependency")], "one of two"
    check(store, 121, "web", ok=False)
    review(store, 122)
    settle(store, "SENT", 123)  # the router's
    assert owed(store, "web")[0][:2] == ("OUTAGE", "PENDING")
    assert store.alerts.get(2)[0].suppressed_by is None
    check(store, 150, "web", ok=True)
    assert [each[0:2] for each in owed(store, "web")] == [("OUTAGE", "PENDING"), ("RECOVERY", "PENDING")]


def test_a_child_that_fails_first_waits_for_its_parents_check(store: Store) -> None:
    """The parent is checked 25 s later and is down: nobody hears of the child."""
    check(store, 5, "web", ok=False)
    check(store, 6, "web", ok=False)
    assert owed(store, "web") == [("OUTAGE", "HELD", "dependency")]
    check(store, 30, "router", ok=False)
    review(store, 31)
    assert owed(store, "web") == [("OUTAGE", "HELD", "dependency")]
    assert store.alerts.get(1)[0].suppressed_by == 2


def test_it_waits_no_longer_than_one_check_takes(store: Store) -> None:
    check(store, 5, "web", ok=False)
    check(store, 6, "web", ok=False)
    review(store, 40.9)
    assert owed(store, "web") == [("OUTAGE", "HELD", "dependency")]
    review(store, 41)
    assert owed(store, "web") == [("OUTAGE", "PENDING", "dependency")]


def test_a_parent_that_works_releases_the_child_at_once(store: Store) -> None:
    check(store, 5, "web", ok=False)
    check(store, 6, "web", ok=False)
    check(store, 10, "router", ok=True)
    review(store, 10.5)
    assert owed(store, "web") == [("OUTAGE", "PENDING", "dependency")]


def test_a_child_whose_parent_works_is_sent_at_once(store: Store) -> None:
    check(store, 5, "web", ok=False)
    check(store, 10, "router", ok=True)
    check(store, 35, "web", ok=False)
    assert owed(store, "web") == [("OUTAGE", "PENDING", None)]


def test_a_recovery_of_an_outage_that_was_sent_is_sent(store: Store) -> None:
    check(store, 5, "web", ok=False)
    check(store, 10, "router", ok=True)
    check(store, 35, "web", ok=False)
    check(store, 40, "router", ok=False)
    check(store, 65, "web", ok=True)
    assert owed(store, "web")[1] == ("RECOVERY", "PENDING", None)


def test_nobody_is_reminded_of_a_child_while_its_parent_is_down(store: Store) -> None:
    check(store, 30, "web", ok=True)
    check(store, 31, "api", ok=False)
    check(store, 61, "web", ok=True)
    check(store, 62, "web", ok=False)
    check(store, 63, "web", ok=False)
    review(store, 91)
    assert owed(store, "api")[-1] == ("REMINDER", "SUPPRESSED", "dependency")


def test_parent_and_child_in_one_request_are_judged_together(store: Store) -> None:
    """The router's failure is earlier, and counts before the child's, though neither is saved yet."""
    from tests.support.builders import event
    from tests.support.store.steps import add

    add(store, event(31, ok=False, monitor="api"), event(30, ok=False, monitor="web"), received=32)
    add(store, event(32, ok=False, monitor="web"), event(33, ok=False, monitor="api"), received=34)
    assert owed(store, "api") == [("OUTAGE", "HELD", "dependency")]


def test_a_child_goes_on_alone_once_its_parent_is_paused(store: Store) -> None:
    check(store, 30, "router", ok=False)
    check(store, 31, "web", ok=False)
    check(store, 61, "web", ok=False)
    policy = Policy.model_validate({"name": "router", "url": "http://router/", "enabled": False})
    store.monitors.replace(1, policy, now=at(62), channels=CHANNELS)
    review(store, 63)
    for seconds in (91, 121):
        check(store, seconds, "web", ok=False)
    review(store, 122)
    assert owed(store, "web") == [("OUTAGE", "PENDING", "dependency")]


def down(store: Store) -> None:
    """The router is down, and so is the web server behind it, which nobody hears of."""
    check(store, 30, "router", ok=False)
    check(store, 31, "web", ok=False)
    check(store, 61, "web", ok=False)
    assert store.alerts.get(2)[0].suppressed_by == 1


def test_a_monitor_that_depends_on_nothing_any_more_is_sent(store: Store) -> None:
    down(store)
    alone = Policy.model_validate({"name": "web", "url": "http://web/"})
    store.monitors.replace(2, alone, now=at(62), channels=CHANNELS)
    review(store, 63)
    assert owed(store, "web") == [("OUTAGE", "PENDING", "dependency")]
    assert store.alerts.get(2)[0].suppressed_by is None


def test_a_child_that_somebody_reopens_is_sent(store: Store) -> None:
    down(store)
    move(store, 2, "RESOLVED", 62)
    assert store.alerts.get(2)[0].suppressed_by == 1
    assert move(store, 2, "OPEN", 63).alert.suppressed_by is None
    assert owed(store, "web")[-1] == ("OUTAGE", "PENDING", None)
    assert store.alerts.get(2)[0].suppressed_by is None


def test_a_child_that_somebody_takes_back_from_ack_stays_held(store: Store) -> None:
    down(store)
    for to in ("ACK", "OPEN"):
        move(store, 2, to, 62)
    assert owed(store, "web") == [("OUTAGE", "HELD", "dependency")]
    assert store.alerts.get(2)[0].suppressed_by == 1


def test_a_monitors_name_wins_over_a_groups(store: Store) -> None:
    """The monitor db, and x in a group db: c depends on the monitor, and x may depend on c."""
    for name, fields in (("db", {}), ("x", {"group": "db"}), ("c", {"depends_on": ["db"]})):
        store.monitors.add(Policy.model_validate({"name": name, "url": "http://db/", **fields}), now=at(0))
    check(store, 1, "x", ok=False)
    assert store.alerts.get(1)[0].dependents == ()
    check(store, 2, "db", ok=False)
    assert store.alerts.get(2)[0].dependents == ("c",)
    x = store.monitors.page(limit=9, name="x")[0]
    assert x.policy is not None
    written = x.policy.model_copy(update={"depends_on": ("c",)})
    assert store.monitors.replace(x.row["id"], written, now=at(3), channels=CHANNELS)[0].policy == written


def net(*, gateway: str | None = None) -> list[Policy]:
    """A file with a web server, which depends on all of Net unless it has a ``gateway`` of its own."""
    fields = {"url": "http://web/", "interval": "3s", "timeout": "1s"}
    web = {"name": "web2", "depends_on": ["gw" if gateway else "Net"], **fields}
    return [Policy.model_validate(each) for each in ({"name": "gw", "group": "Net", **fields}, web)]


def apply(store: Store, policies: list[Policy]) -> None:
    store.monitors.apply(policies, {}, {}, now=at(0), channels=CHANNELS)


PROBE = Policy.model_validate({"name": "probe", "group": "Net", "depends_on": ["web2"], "url": "http://probe/"})


def test_a_file_closes_no_circle_through_a_monitor_of_the_api(store: Store) -> None:
    apply(store, net(gateway="gw"))
    store.monitors.add(PROBE, now=at(0))
    with pytest.raises(DependsInCircle, match=r"(web2|probe) → .* → (web2|probe)") as raised:
        apply(store, net())
    assert {"web2", "Net", "probe"} >= {raised.value.name}
    assert store.monitors.page(limit=9, name="web2")[0].policy == net(gateway="gw")[1], "nothing of it is applied"


def test_one_of_those_in_a_stored_circle_is_notified(store: Store) -> None:
    """A former version accepted it: each was held back because of the other."""
    apply(store, net(gateway="gw"))
    store.monitors.add(PROBE, now=at(0))
    with store.database.transaction() as transaction:
        transaction.rows("""UPDATE monitors SET depends_on = '["Net"]' WHERE name = 'web2'""")
    for name in ("gw", "web2", "probe"):
        check(store, 0, name, ok=True)
    for seconds in range(3, 30, 3):
        check(store, seconds, "gw", ok=True)
        check(store, seconds, "web2", ok=False)
        check(store, seconds, "probe", ok=False)
        review(store, seconds + 1)
    assert owed(store, "web2") == [("OUTAGE", "PENDING", "dependency")], "it was held at first"
    assert owed(store, "probe") == [("OUTAGE", "HELD", "dependency")]


def test_a_child_that_flaps_is_held_with_its_outage(store: Store) -> None:
    """A FLAPPING message that did not wait would be stuck behind the OUTAGE, and be sent in the end."""
    check(store, 30, "web", ok=False)
    check(store, 31, "web", ok=False)
    policy = {"name": "api", "url": "http://api/", "depends_on": ["web"], "success_threshold": 2}
    store.monitors.replace(3, Policy.model_validate(policy), now=at(32), channels=CHANNELS)
    for number in range(16):
        check(store, 40 + number, "api", ok=number % 2 == 1)
    review(store, 60)
    held = [("OUTAGE", "HELD", "dependency"), ("FLAPPING", "HELD", "dependency")]
    assert [each for each in owed(store, "api") if each[2] != "flapping"] == held
    for number in range(40):
        check(store, 70 + number, "api", ok=True)
    assert {status for _, status, _ in owed(store, "api")} == {"SUPPRESSED"}


@pytest.mark.parametrize("ends_slow", [True, False])
def test_a_child_that_is_slow_is_held_too(store: Store, ends_slow: bool) -> None:
    policy = {"name": "slow", "url": "http://slow/", "depends_on": ["router"], "max_response_time": "100ms"}
    store.monitors.add(Policy.model_validate(policy), now=at(0))
    check(store, 30, "router", ok=False)
    report(store, 31, ok=True, monitor="slow", received=31, response_time_ms=500.0)
    review(store, 32)
    assert owed(store, "slow") == [("DEGRADED", "HELD", "dependency")]
    assert store.alerts.get(2)[0].suppressed_by == 1
    if ends_slow:
        check(store, 60, "router", ok=True)
        review(store, 61)
        assert owed(store, "slow") == [("DEGRADED", "PENDING", "dependency")]
        assert store.alerts.get(2)[0].suppressed_by is None
        settle(store, "SENT", 61)  # the router's outage, and its end
        settle(store, "SENT", 61)
    report(store, 62, ok=True, monitor="slow", received=62, response_time_ms=50.0)
    status = "PENDING" if ends_slow else "SUPPRESSED"
    assert [(kind, found) for kind, found, _ in owed(store, "slow")] == [("DEGRADED", status), ("RECOVERY", status)]
