"""The judge of the kill tests finds every breach: each row breaks a history that kept the contract, in one way."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.models import Attempt, AttemptStatus, Event, as_text
from shared.store import Store
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.support.builders import routes
from tests.torture.channel import Life, Receipt
from tests.torture.judgement.verdict import Verdict, judge

pytestmark = pytest.mark.slow

START = datetime(2025, 1, 8, 12, tzinfo=UTC)
LIVES = [
    Life(0, 0.0, START - timedelta(seconds=9), START + timedelta(seconds=2)),
    Life(1, 30.0, START + timedelta(seconds=40)),
]
OUTAGE = Receipt("a", "OUTAGE m · #1", life=0, at=START)
RECOVERY = Receipt("a", "RECOVERY m · #2", life=1, at=START + timedelta(seconds=50))
AGAIN = replace(OUTAGE, life=1, at=START + timedelta(seconds=45))

Receipts = list[Receipt]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An outage that the first life sent, and its recovery, which the second life sent."""
    opened = SqliteDatabase(tmp_path / "store.db")
    migrate(opened, as_text(START))
    store = Store(opened)
    for is_success, seconds in ((False, 0), (True, 50)):
        at = START + timedelta(seconds=seconds)
        event = Event(
            target_url="http://m/", monitor="m", timestamp=at, is_success=is_success, event_id=f"event-{seconds}"
        )
        store.events.add([event], received_at=at, channels=routes("a"))
        owed = store.notifications.claim("a", now=at, leased_until=at + timedelta(seconds=30))
        assert owed
        store.notifications.record(Attempt(owed.notification, AttemptStatus.SENT, at, 5, "took it"), channels={})
    opened.close()
    return tmp_path / "store.db"


def verdict(database: Path, receipts: Receipts, acknowledged: tuple[str, ...] = ()) -> Verdict:
    return judge(f"sqlite:///{database}", {"a": receipts}, LIVES, acknowledged)


def test_a_history_within_the_contract_is_kept(database: Path) -> None:
    found = verdict(database, [OUTAGE, RECOVERY], ("event-0", "event-50"))
    assert found == Verdict(alerts=1, owed=2)
    assert found.is_kept


@pytest.mark.parametrize(
    ("receipts", "broken", "why"),
    [
        ([RECOVERY], "lost", "marked SENT, and no channel has it"),
        ([], "lost", "the same for both"),
        ([RECOVERY, OUTAGE], "out_of_order", "the recovery came first"),
        ([OUTAGE, OUTAGE, RECOVERY], "repeated", "the same life knew of the first copy"),
        ([OUTAGE, AGAIN, RECOVERY], "repeated", "the life before had recorded it as sent"),
        ([OUTAGE, RECOVERY, replace(RECOVERY, text="RECOVERY m · #3")], "repeated", "its number is not owed"),
        ([replace(OUTAGE, is_answered=False, text="OUTAGE n · #1"), OUTAGE, RECOVERY], "repeated", "the copies differ"),
    ],
)
def test_receipts_against_the_contract_are_found(database: Path, receipts: Receipts, broken: str, why: str) -> None:
    found = verdict(database, receipts)
    assert [name for name in ("lost", "repeated", "out_of_order") if getattr(found, name)] == [broken], why


def test_a_list_counts_for_each_of_its_numbers(database: Path) -> None:
    listed = replace(OUTAGE, text="OUTAGE: 2 monitors\nm · connection refused · #1\nn · connection refused · #3")
    found = verdict(database, [listed, RECOVERY])
    assert found.broken == ["a received #3, which is not owed"]
    both = replace(RECOVERY, text="OUTAGE: 2 monitors\nm · x · #1\nm · x · #2")
    assert "before #1" in str(verdict(database, [both]).out_of_order), "one list cannot hold both"


@pytest.mark.parametrize(
    ("sql", "broken", "why"),
    [
        ("UPDATE notifications SET status = 'PENDING' WHERE id = 2", "lost", "it is still owed"),
        ("UPDATE notifications SET status = 'FAILED' WHERE id = 2", "repeated", "it was sent nevertheless"),
        ("DELETE FROM notification_logs WHERE id = 1", "repeated", "sent, without a row"),
        (
            """INSERT INTO notification_logs (notification_id, alert_id, kind, channel, status, attempted_at,
                 duration_ms) SELECT notification_id, alert_id, kind, channel, status, attempted_at, duration_ms
               FROM notification_logs WHERE id = 1""",
            "repeated",
            "sent, and sent again",
        ),
        ("UPDATE notifications SET channel = 'b' WHERE id = 2", "lost", "it is not owed to the channel"),
        ("UPDATE alerts SET status = 'OPEN'", "repeated", "its monitor recovered"),
        (
            "INSERT INTO old_events (id, event_id, monitor_id, target_url, timestamp, is_success, received_at) "
            "VALUES (9, 'later', 1, 'u', '2025-01-08T13:00:00.000Z', 0, '2025-01-08T13:00:00.000Z')",
            "lost",
            "a second outage has no alert",
        ),
        (
            "DELETE FROM raw_events WHERE id = (SELECT id FROM events WHERE event_id = 'event-0')",
            "lost",
            "acknowledged, but not stored",
        ),
    ],
)
def test_rows_against_the_contract_are_found(database: Path, sql: str, broken: str, why: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(sql)
    connection.close()
    found = verdict(database, [OUTAGE, RECOVERY], ("event-0", "event-50"))
    assert broken in [name for name in ("lost", "repeated", "out_of_order") if getattr(found, name)], why


def change(database: Path, sql: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(sql)
    connection.close()


def died_before_it_recorded(database: Path) -> Receipts:
    change(database, "UPDATE notification_logs SET attempted_at = '2025-01-08T12:00:45.000Z' WHERE id = 1")
    return [OUTAGE, AGAIN, RECOVERY]


def response_was_lost(_database: Path) -> Receipts:
    return [replace(OUTAGE, is_answered=False), OUTAGE, RECOVERY]


def response_came_too_late(database: Path) -> Receipts:
    # The attempt that was cut off comes before the one that was sent.
    change(database, "UPDATE notification_logs SET id = id + 1 WHERE id = 2")
    change(database, "UPDATE notification_logs SET id = id + 1 WHERE id = 1")
    change(
        database,
        """INSERT INTO notification_logs (id, notification_id, alert_id, kind, channel, status, attempted_at,
             duration_ms, answer) SELECT 1, notification_id, alert_id, kind, channel, 'RETRY', attempted_at, 1000,
           'no answer within 1 s' FROM notification_logs WHERE id = 2""",
    )
    return [OUTAGE, OUTAGE, RECOVERY]


@pytest.mark.parametrize(
    ("history", "counts"),
    [
        (died_before_it_recorded, {"copies_of_the_dead": 1}),
        (response_was_lost, {"copies_for_lack_of_an_answer": 1}),
        (response_came_too_late, {"copies_for_lack_of_an_answer": 1}),
    ],
)
def test_a_copy_within_the_contract_is_only_counted(
    database: Path, history: Callable[[Path], Receipts], counts: dict[str, int]
) -> None:
    receipts = history(database)
    assert verdict(database, receipts) == Verdict(alerts=1, owed=2, **counts)  # type: ignore[arg-type]


def test_a_refused_message_is_not_lost_if_the_log_says_so(database: Path) -> None:
    change(database, "UPDATE notifications SET status = 'FAILED' WHERE id = 1")
    change(database, "UPDATE notification_logs SET status = 'FAILED', answer = 'Unauthorized' WHERE id = 1")
    assert verdict(database, [RECOVERY]) == Verdict(alerts=1, owed=2, refused=1)


# --- messages that are edited -----------------------------------------------------------------------------------------

EDIT = """INSERT INTO notifications (id, alert_id, channel, kind, status, occurred_at, created_at, due_at, edits)
    SELECT 3, alert_id, channel, 'UPDATE', 'SENT', occurred_at, created_at, due_at, 1 FROM notifications WHERE id = 2"""
EDITED = """INSERT INTO notification_logs (notification_id, alert_id, kind, channel, status, attempted_at, duration_ms)
    SELECT 3, alert_id, 'UPDATE', channel, 'SENT', attempted_at, duration_ms FROM notification_logs WHERE id = 2"""


def test_an_edit_is_no_message_and_needs_no_receipt(database: Path) -> None:
    change(database, EDIT)
    change(database, EDITED)
    assert verdict(database, [OUTAGE, RECOVERY]).is_kept


@pytest.mark.parametrize(
    ("sql", "broken", "why"),
    [
        ("UPDATE notifications SET status = 'PENDING' WHERE id = 3", "lost", "nobody settled it"),
        ("UPDATE notifications SET status = 'FAILED' WHERE id = 3", "repeated", "its row says something else"),
        ("DELETE FROM notification_logs WHERE notification_id = 3", "repeated", "no row says how it went"),
        ("UPDATE notifications SET edits = 9 WHERE id = 3", "repeated", "there is no such message"),
        ("UPDATE notifications SET channel = 'b' WHERE id = 3", "repeated", "another channel sent it"),
    ],
)
def test_an_edit_against_its_rules_is_found(database: Path, sql: str, broken: str, why: str) -> None:
    for statement in (EDIT, EDITED, sql):
        change(database, statement)
    found = verdict(database, [OUTAGE, RECOVERY])
    assert [name for name in ("lost", "repeated", "out_of_order") if getattr(found, name)] == [broken], why


# --- how messages are read --------------------------------------------------------------------------------------------

FULL = "OUTAGE m (http://m/)\nCause: broken\nSince: 2025-01-08 12:00:00 UTC\nAlso failing: 2 other monitors\n#1"


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("OUTAGE m · #1", (1,)),
        (FULL, (1,)),
        ("OUTAGE: 2 monitors\na · broken · #7\nb · broken · #8", (7, 8)),
        ("OUTAGE m\nCause: no answer to #6\nSince: noon\n#1", (1,)),
        ("OUTAGE m", (0,)),
        ("OUTAGE: 2 monitors\na · broken · #7\nb · broken", (0,)),
    ],
)
def test_a_list_has_an_id_in_each_line_and_a_full_message_one_at_its_end(text: str, ids: tuple[int, ...]) -> None:
    assert Receipt("a", text, life=0).notification_ids == ids


@pytest.mark.parametrize(
    ("was", "then", "may_differ"),
    [
        ("Also failing: 2 other monitors", "Also failing: 1 other monitor", True),
        ("Cause: broken", "Cause: refused", False),
        ("#1", "Note: other\n#1", False),
    ],
)
def test_copies_may_differ_only_in_what_is_around_the_alert(
    database: Path, was: str, then: str, may_differ: bool
) -> None:
    first = replace(OUTAGE, text=FULL, is_answered=False)
    found = verdict(database, [first, replace(OUTAGE, text=FULL.replace(was, then)), RECOVERY])
    assert (found.repeated == []) is may_differ
