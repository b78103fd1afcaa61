"""With the settings that were in force, the same outages: whatever happened in between."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from shared.history.replay import Rules, replay
from shared.models import Alert, Monitor, as_text, value_of
from shared.store import Store
from shared.store.asking.pasts import past_of
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from shared.store.tables import alerts, policies
from tests.shared.replay.histories import LIMITS, Life, Step, histories
from tests.support.builders import NOON

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, of which each history gets a copy."""
    path = tmp_path_factory.mktemp("empty") / "bonghwa.db"
    with closing(SqliteDatabase(path)) as database:
        migrate(database, as_text(NOON))
    return path


@contextmanager
def store_like(empty: Path) -> Iterator[Store]:
    with TemporaryDirectory() as folder:
        path = Path(shutil.copy(empty, folder))
        with closing(SqliteDatabase(path)) as database:
            yield Store(database, LIMITS)


def outages(found: list[Alert]) -> list[tuple[object, ...]]:
    return [(each.id, each.failed_at, each.opened_at, each.resolved_at) for each in found]


@settings(max_examples=100)
@given(history=histories)
def test_what_happened_happens_again(empty: Path, history: list[Step]) -> None:
    with store_like(empty) as store:
        Life(store).live(history)
        with store.database.snapshot() as snapshot:
            for row in policies.every_by_name(snapshot).values():
                monitor = value_of(Monitor, dict(row))
                past = past_of(snapshot, monitor, 0)
                again = replay(past.start, past.steps, Rules(limits=LIMITS))
                assert outages(again) == outages(alerts.outages_of(snapshot, monitor.name)), monitor.name
