"""What many tests start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import copy_project
from tests.stand_ins import BotApi, Target


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, for everything that leaves no mark in it but ``.env``."""
    return copy_project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def target() -> Iterator[Target]:
    """A healthy web service."""
    with Target() as healthy:
        yield healthy


@pytest.fixture
def bot_api() -> Iterator[BotApi]:
    """Telegram on a good day."""
    with BotApi() as listening:
        yield listening
