"""Fixtures of the local system's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import copy_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which every start is a true one: the start is what these tests are about."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def new_project(forked_project: Path) -> Iterator[Path]:
    """A project that nobody has started yet. Each start in it is a fork."""
    _forget(forked_project)
    yield forked_project
    _forget(forked_project)


def _forget(project: Path) -> None:
    for made in (project / ".env", *project.glob("notifications.db*")):
        made.unlink(missing_ok=True)
    shutil.rmtree(project / "logs", ignore_errors=True)
