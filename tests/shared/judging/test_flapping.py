"""A monitor that goes up and down: one message, and a row for each that was kept back."""

from shared.messages import compose
from shared.monitors.windows.window import Window
from shared.store import Store
from tests.support.builders import NEVER_FLAPS, at
from tests.support.store.engines import on_each_engine
from tests.support.store.steps import move, report, rows, settle

pytestmark = on_each_engine

KINDS = "SELECT kind, status FROM notifications WHERE channel = 'a' ORDER BY id"


def flap(store: Store, checks: str, start: int = 0) -> None:
    """One check a second, each "+" or "-"."""
    for number, outcome in enumerate(checks):
        report(store, start + number, ok=outcome == "+", received=start + number)


def test_ten_checks_that_alternate_flap(store: Store) -> None:
    flap(store, "+-+-+-+-+-")
    assert rows(store, KINDS)[-3:] == [("OUTAGE", "PENDING"), ("RECOVERY", "PENDING"), ("FLAPPING", "PENDING")]
    alert, [owed, _] = store.alerts.get(5)
    assert alert.status == "OPEN"
    assert "FLAPPING shop (http://shop/)" in compose(alert, owed, "en")
    assert "goes up and down" in compose(alert, owed, "en")
    assert "불안정 shop" in compose(alert, owed, "ko")


def test_what_is_kept_back_has_a_row_and_one_recovery_follows(store: Store) -> None:
    flap(store, "+-+-+-+-+-")
    before = len(rows(store, KINDS))
    flap(store, "+-+-", 10)
    kept = [("RECOVERY", "SUPPRESSED"), ("OUTAGE", "SUPPRESSED")] * 2
    assert rows(store, KINDS)[before:] == kept
    logs = rows(store, "SELECT DISTINCT status, reason FROM notification_logs")
    assert logs == [("SUPPRESSED", "flapping")]
    flap(store, "+" * 21, 14)
    assert rows(store, KINDS)[-1] == ("RECOVERY", "PENDING")
    assert [status for kind, status in rows(store, KINDS)[before + 4 :]] == ["SUPPRESSED", "PENDING"]
    assert rows(store, "SELECT state, is_flapping FROM monitors") == [("UP", 0)]


def test_the_state_stays_down_meanwhile(store: Store) -> None:
    flap(store, "+-+-+-+-+-+-+-")
    last = rows(store, "SELECT from_state, to_state, reason FROM state_changes ORDER BY id")[-1]
    assert last == ("UP", "DOWN", "flapping")
    assert len(rows(store, "SELECT id FROM state_changes")) == 10


def test_a_person_who_resolves_it_ends_the_flapping(store: Store) -> None:
    flap(store, "+-+-+-+-+-")
    move(store, 5, "RESOLVED", 10)
    flap(store, "-", 11)
    assert rows(store, KINDS)[-1] == ("OUTAGE", "PENDING")


def test_a_recovery_waits_in_a_silence_if_the_outage_was_sent(store: Store) -> None:
    """The channel heard of the outage, not that it flaps: it hears of the end."""
    flap(store, "-+-+-+-+-")
    deliver(store, 8)
    store.windows.add(Window(kind="silence", all=True, starts_at=at(9), duration=100), now=at(9))
    flap(store, "+", 9)
    assert rows(store, KINDS)[-2:] == [("OUTAGE", "SENT"), ("FLAPPING", "HELD")]
    flap(store, "+" * 21, 10)
    assert rows(store, KINDS)[-2:] == [("FLAPPING", "SUPPRESSED"), ("RECOVERY", "HELD")]


def test_a_channel_that_heard_nothing_hears_nothing_of_the_end(store: Store) -> None:
    flap(store, "+-+-+-+-+")
    deliver(store, 8)
    store.windows.add(Window(kind="silence", all=True, starts_at=at(9), duration=100), now=at(9))
    flap(store, "-", 9)
    assert rows(store, KINDS)[-1] == ("FLAPPING", "HELD")
    flap(store, "+" * 21, 10)
    assert rows(store, KINDS)[-1] == ("RECOVERY", "SUPPRESSED")


def deliver(store: Store, seconds: float) -> None:
    """Send what is owed to the channel a."""
    for _ in rows(store, "SELECT id FROM notifications WHERE channel = 'a' AND status = 'PENDING'"):
        settle(store, "SENT", seconds)


def test_it_can_be_switched_off(store: Store) -> None:
    flap(Store(store.database, NEVER_FLAPS), "+-" * 12)
    assert {kind for kind, _ in rows(store, KINDS)} == {"OUTAGE", "RECOVERY"}
