"""Summaries: when they are due, what they say, and how channels show them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.store.engines.database import Database
from tests.conftest import databases_of_one_store


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """On SQLite alone, unless a test says otherwise: it does if a statement decides, and not our code above both."""
    yield from databases_of_one_store(request, tmp_path)
