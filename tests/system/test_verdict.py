"""The judge of the kill tests finds what it looks for: each row breaks a history that kept the contract, in one way."""

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
from tests.torture.channel import Life, Receipt
from tests.torture.verdict import Verdict, judge

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
    """An outage told in the first life, and its recovery in the second."""
    opened = SqliteDatabase(tmp_path / "store.db")
    migrate(opened, as_text(START))
    store = Store(opened)
    for is_success, seconds in ((False, 0), (True, 50)):
        at = START + timedelta(seconds=seconds)
        event = Event(
            target_url="http://m/", monitor="m", timestamp=at, is_success=is_success, event_id=f"event-{seconds}"
        )
        store.events.add([event], received_at=at, channels=["a"])
        owed = store.notifications.claim("a", now=at, leased_until=at + timedelta(seconds=30))
        assert owed
        store.notifications.record(Attempt(owed.notification, AttemptStatus.SENT, at, 5, "took it"), channels=())
    opened.close()
    return tmp_path / "store.db"


def verdict(database: Path, receipts: Receipts, acknowledged: tuple[str, ...] = ()) -> Verdict:
    return judge(f"sqlite:///{database}", {"a": receipts}, LIVES, acknowledged)


def test_a_history_that_kept_the_contract_is_said_to_have(database: Path) -> None:
    found = verdict(database, [OUTAGE, RECOVERY], ("event-0", "event-50"))
    assert found == Verdict(alerts=1, owed=2)
    assert found.is_kept


@pytest.mark.parametrize(
    ("receipts", "broken", "why"),
    [
        ([RECOVERY], "lost", "said to be sent, and nobody has it"),
        ([], "lost", "the same of both"),
        ([RECOVERY, OUTAGE], "out_of_order", "the recovery came first"),
        ([OUTAGE, OUTAGE, RECOVERY], "repeated", "the same life knew that it was accepted"),
        ([OUTAGE, AGAIN, RECOVERY], "repeated", "the life before had written down that it was sent"),
        ([OUTAGE, RECOVERY, replace(RECOVERY, text="RECOVERY m · #3")], "repeated", "a number that is not owed"),
        ([replace(OUTAGE, is_answered=False, text="OUTAGE n · #1"), OUTAGE, RECOVERY], "repeated", "not the same text"),
    ],
)
def test_what_a_channel_received_against_the_contract_is_found(
    database: Path, receipts: Receipts, broken: str, why: str
) -> None:
    found = verdict(database, receipts)
    assert [name for name in ("lost", "repeated", "out_of_order") if getattr(found, name)] == [broken], why


@pytest.mark.parametrize(
    ("sql", "broken", "why"),
    [
        ("UPDATE notifications SET status = 'PENDING' WHERE id = 2", "lost", "it is still owed"),
        ("UPDATE notifications SET status = 'FAILED' WHERE id = 2", "repeated", "and was sent all the same"),
        ("DELETE FROM notification_logs WHERE id = 1", "repeated", "sent, and no row says so"),
        (
            """INSERT INTO notification_logs (notification_id, alert_id, kind, channel, status, attempted_at,
                 duration_ms) SELECT notification_id, alert_id, kind, channel, status, attempted_at, duration_ms
               FROM notification_logs WHERE id = 1""",
            "repeated",
            "sent, and then sent again",
        ),
        ("UPDATE notifications SET channel = 'b' WHERE id = 2", "lost", "not owed to the channel that there is"),
        ("UPDATE alerts SET status = 'OPEN'", "repeated", "its monitor recovered"),
        (
            "INSERT INTO events (event_id, monitor_id, target_url, timestamp, is_success, received_at) "
            "VALUES ('later', 1, 'u', '2025-01-08T13:00:00.000Z', 0, '2025-01-08T13:00:00.000Z')",
            "lost",
            "a second outage, and no alert of it",
        ),
        ("DELETE FROM events WHERE event_id = 'event-0'", "lost", "acknowledged, and not stored"),
    ],
)
def test_what_a_store_says_against_the_contract_is_found(database: Path, sql: str, broken: str, why: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(sql)
    connection.close()
    found = verdict(database, [OUTAGE, RECOVERY], ("event-0", "event-50"))
    assert broken in [name for name in ("lost", "repeated", "out_of_order") if getattr(found, name)], why


def change(database: Path, sql: str) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(sql)
    connection.close()


def died_before_it_wrote_down(database: Path) -> Receipts:
    change(database, "UPDATE notification_logs SET attempted_at = '2025-01-08T12:00:45.000Z' WHERE id = 1")
    return [OUTAGE, AGAIN, RECOVERY]


def answer_was_cut(_database: Path) -> Receipts:
    return [replace(OUTAGE, is_answered=False), OUTAGE, RECOVERY]


def answer_came_too_late(database: Path) -> Receipts:
    # Before the row that says "sent", in the order of the attempts.
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
        (died_before_it_wrote_down, {"copies_of_the_dead": 1}),
        (answer_was_cut, {"copies_for_lack_of_an_answer": 1}),
        (answer_came_too_late, {"copies_for_lack_of_an_answer": 1}),
    ],
)
def test_a_copy_that_the_contract_allows_is_counted_and_not_held_against_it(
    database: Path, history: Callable[[Path], Receipts], counts: dict[str, int]
) -> None:
    receipts = history(database)
    assert verdict(database, receipts) == Verdict(alerts=1, owed=2, **counts)  # type: ignore[arg-type]


def test_a_message_that_was_refused_is_not_lost_where_the_log_says_so(database: Path) -> None:
    change(database, "UPDATE notifications SET status = 'FAILED' WHERE id = 1")
    change(database, "UPDATE notification_logs SET status = 'FAILED', answer = 'Unauthorized' WHERE id = 1")
    assert verdict(database, [RECOVERY]) == Verdict(alerts=1, owed=2, refused=1)
