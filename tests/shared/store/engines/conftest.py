"""Fixtures of the tests of a SQLite file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.store.engines.sqlite.database import SqliteDatabase
from tests.support.store.monitor_names import opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.db"


@pytest.fixture
def sqlite_database(path: Path) -> Iterator[SqliteDatabase]:
    """A database in the file at ``path``."""
    path.parent.mkdir()
    database = opened(path)
    yield database
    database.close()
