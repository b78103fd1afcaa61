"""Reports that are judged together come out as if they had come one after the other."""

import random
from pathlib import Path
from typing import Any

import pytest

from shared.models import Event, as_text
from shared.models.channel import Route
from shared.models.monitor import USUAL_LIMITS
from shared.store import Store
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.intake.ingest import Ingested, ingest
from shared.store.intake.reports import MOST_TOGETHER, Report, together
from shared.store.migrate import migrate
from tests.support.builders import NOON, at, event
from tests.support.store.steps import CHANNELS

TABLES = {
    "alerts": "kind, subject, status, cause, failed_at, opened_at, resolved_at",
    "notifications": "kind, channel, status, occurred_at",
    "monitors": "name, state, since, consecutive_failures, consecutive_successes, outcomes, last_checked_at",
    "state_changes": "monitor_id, from_state, to_state, at, reason",
    "agents": "name, last_seen_at, last_checked_at, is_offline",
    "events": "event_id, target_url, timestamp, received_at, is_success",
}


def of_chance(number: int) -> list[Report]:
    """Some reports in a row: late events, repeated ones, failures, several agents, a location that is offline."""
    chance = random.Random(number)  # no secret
    seen: list[Event] = []
    reports = []
    for step in range(12):
        events = [_event(chance, step) for _ in range(chance.randint(1, 6))]
        if seen and chance.random() < 0.3:
            events.append(chance.choice(seen))
        seen += events
        sent_at = at(step * 10 - 600) if chance.random() < 0.2 else None
        reports.append(Report(events, at(step * 10 + 5), CHANNELS, sent_at))
    return reports


def _event(chance: random.Random, step: int) -> Event:
    fields: dict[str, Any] = {
        "monitor": chance.choice(["shop", "blog", "api"]),
        "agent": chance.choice([None, "a", "b"]),
    }
    fields["is_inconclusive"] = fields["agent"] == "b" and chance.random() < 0.3
    return event(step * 10 - chance.randint(0, 25), ok=chance.random() < 0.6, **fields)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(12))
def test_reports_in_one_intake_end_as_one_by_one(tmp_path: Path, number: int) -> None:
    one, both = (_store(tmp_path / f"{name}.db") for name in ("one", "both"))
    reports = of_chance(number)
    alone = []
    for report in reports:
        with one.database.transaction() as transaction:
            alone += ingest(transaction, [report], limits=USUAL_LIMITS)
    with both.database.transaction() as transaction:
        at_once = ingest(transaction, reports, limits=USUAL_LIMITS)
    assert [_meaning(each) for each in at_once] == [_meaning(each) for each in alone]
    assert _stored(both) == _stored(one)
    one.database.close()
    both.database.close()


def test_reports_are_judged_together_while_they_are_few_and_alike() -> None:
    def report(count: int, channels: Any = CHANNELS) -> Report:
        return Report([event(ok=True)] * count, NOON, channels)

    many, other = report(MOST_TOGETHER), report(1, {"a": Route()})
    given = [report(1), report(2), many, other, other, report(1)]
    assert [[len(each.events) for each in some] for some in together(given)] == [[1, 2], [1000], [1, 1], [1]]
    assert not list(together([]))


def _store(path: Path) -> Store:
    database = SqliteDatabase(path)
    migrate(database, as_text(NOON))
    return Store(database)


def _meaning(ingested: list[Ingested]) -> list[tuple[Any, ...]]:
    return [
        (each.event.event_id, each.is_duplicate, each.change, each.reason, each.notification_ids) for each in ingested
    ]


def _stored(store: Store) -> dict[str, list[Any]]:
    with store.database.snapshot() as snapshot:
        return {
            table: snapshot.rows(f"SELECT {columns} FROM {table} ORDER BY 1, 2") for table, columns in TABLES.items()
        }
