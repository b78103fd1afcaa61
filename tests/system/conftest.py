"""The process that forks the systems to be killed."""

from collections.abc import Iterator

import pytest

from tests.torture.forge import Forge, victim_project


@pytest.fixture(scope="session")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """A process that forks systems."""
    with Forge(victim_project(tmp_path_factory.mktemp("victim") / "project")) as ready:
        yield ready
