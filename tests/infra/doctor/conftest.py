"""Fixtures of the doctor's tests: settings and a store without a fault."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.doctor import examination
from shared.models import as_text, now
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.infra.doctor.bots import Bots
from tests.support.running import API_KEY


@pytest.fixture(autouse=True)
def _versions_in_their_own_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # To search everything that is installed would cost more than all the rest.
    monkeypatch.setattr(examination, "ROOT", tmp_path)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A store that the program made, and that nobody has open."""
    path = tmp_path / "bonghwa.db"
    made = SqliteDatabase(path)
    migrate(made, as_text(now()))
    made.close()
    return path


@pytest.fixture
def environ(tmp_path: Path, database: Path) -> dict[str, str]:
    """Settings without a fault."""
    return {
        "TARGET_URL": "https://shop.example/",
        "CHECK_INTERVAL_SECONDS": "30",
        "API_KEY": API_KEY,
        "DATABASE_URL": f"sqlite:///{database}",
    }


@pytest.fixture
def bots() -> Iterator[Bots]:
    with Bots() as listening:
        yield listening
