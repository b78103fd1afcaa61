"""The folder that deployments are run from."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forking.forks import starts_by_forks
from tests.support.running import copy_project

_COMMANDS = ("infra.clouds.aws.__main__", "infra.clouds.gcp.__main__")


@contextlib.contextmanager
def deployed_by_forks(folder: Path) -> Iterator[Path]:
    """A copy of the project whose deployments are forks: to import it takes longer than most of what they do."""
    project = copy_project(folder / "project")
    with starts_by_forks(project, {}, _COMMANDS):
        yield project


@pytest.fixture(scope="session")
def cloud_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy that one deployer uses after the other. A test that changes its code has a copy of its own."""
    with deployed_by_forks(tmp_path_factory.mktemp("clouds")) as project:
        yield project
