"""A year in simulated time: once what is kept is full, the store grows no more."""

import math
import random

import pytest

from shared.models import Event
from shared.store import Retention, Store
from shared.store.migrate import TABLES
from tests.support.builders import at, event, routes
from tests.support.store.past import rollups_of
from tests.support.store.steps import rows

pytestmark = pytest.mark.slow

A_DAY = 86_400.0
RETENTION = Retention(events=7 * A_DAY, rollups=120 * A_DAY, alerts=60 * A_DAY)
# Days between two runs of upkeep. By a multiple of them everything that is kept is full.
STEP, FULL, YEAR = 6, 150, 366


def checks(day: int, dice: random.Random) -> list[Event]:
    """Some days of two monitors, of which one fails twice."""
    return [
        event(
            (day + hours / 24) * A_DAY,
            ok=not (monitor == "a" and hours in (24, 60)),
            monitor=monitor,
            response_time_ms=round(dice.lognormvariate(4, 0.5), 1),
            dns_ms=3.0,
        )
        for hours in range(0, 24 * STEP, 12)
        for monitor in ("a", "b")
    ]


def size(store: Store) -> dict[str, int]:
    """How many rows each table has."""
    return {table: int(str(rows(store, f"SELECT count(*) FROM {table}")[0][0])) for table in TABLES}


def pages(store: Store) -> int:
    """How many pages a SQLite file has; 0 on PostgreSQL."""
    is_sqlite = "sqlite" in type(store.database).__name__.lower()
    return int(str(rows(store, "PRAGMA page_count")[0][0])) if is_sqlite else 0


@pytest.mark.parametrize(
    "new_database",
    ["sqlite", pytest.param("postgresql", marks=[pytest.mark.system, pytest.mark.nightly])],
    indirect=True,
)
def test_the_store_of_a_year_is_no_larger_than_what_is_kept(store: Store) -> None:
    dice = random.Random(1)  # the same in each run
    found: list[tuple[dict[str, int], int]] = []
    for day in range(0, YEAR, STEP):
        store.events.add(checks(day, dice), received_at=at((day + STEP) * A_DAY), channels=routes("a"))
        with store.database.transaction() as transaction:
            transaction.rows("UPDATE notifications SET status = 'SENT' WHERE status = 'PENDING'")
        store.upkeep.run(RETENTION, now=at((day + STEP) * A_DAY + 61), seconds=math.inf, pause=lambda _: None)
        if day >= FULL:
            found.append((size(store), pages(store)))
    first, first_pages = found[0]
    for tables, file_pages in found:
        # A day more or less begins within what is kept.
        assert all(count <= first[table] * 1.1 + 20 for table, count in tables.items())
        assert file_pages <= first_pages * 1.05
    assert first["raw_events"] < 100
    assert first["rollups"] < 20
    assert first["packs"] >= 14
    assert (len(rollups_of(store, "hour")), len(rollups_of(store, "day"))) == (2 * (2 * 90 - 1), 2 * 120)
    assert first["alerts"] > 5
