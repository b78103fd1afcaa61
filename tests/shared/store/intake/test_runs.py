"""Runs of scheduled functions: when each ran, and since when it fails."""

import pytest

from shared.models import as_text
from shared.store import Store
from tests.support.builders import at
from tests.support.store.engines import on_each_engine_and_pooler
from tests.support.store.steps import rows

pytestmark = on_each_engine_and_pooler


def test_the_first_failure_in_a_row_counts_until_a_run_succeeds(store: Store) -> None:
    def fail(seconds: float) -> None:
        with store.noting_failures("deliver_notifications", now=at(seconds)) as run:
            run.note()
            raise RuntimeError

    for seconds in (0, 60):
        with pytest.raises(RuntimeError):
            fail(seconds)
    assert rows(store, "SELECT id, started_at, seen_at FROM watches ORDER BY id") == [
        (2, as_text(at(0)), as_text(at(60))),
        (6, as_text(at(0)), as_text(at(0))),
    ]
    with store.noting_failures("deliver_notifications", now=at(120)) as run:
        run.note()
    assert rows(store, "SELECT id FROM watches") == [(2,)]


def test_a_function_without_rows_is_refused_before_it_runs(store: Store) -> None:
    with pytest.raises(KeyError):
        store.noting_failures("fold_events", now=at(0))
