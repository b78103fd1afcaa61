"""Fixtures of the imports' tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.configuration.imports.kuma import Kuma


@pytest.fixture
def kuma(tmp_path: Path) -> Iterator[Kuma]:
    """An empty database of Uptime Kuma 2.x, in a folder of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    database = Kuma(folder / "kuma.db")
    yield database
    database.close()


@pytest.fixture(params=[1, 2], ids=["1.23", "2.x"])
def kuma_of_each_version(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kuma]:
    folder = tmp_path / "data"
    folder.mkdir()
    database = Kuma(folder / "kuma.db", request.param)
    yield database
    database.close()
