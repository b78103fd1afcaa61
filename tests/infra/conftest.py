"""How ``python -m infra`` is run, and a backend that takes a configuration."""

import os
from collections.abc import Iterator

import pytest

from shared import ROOT
from tests.infra.command_line import IMPORTED
from tests.support.forking.forks import starts_by_forks
from tests.support.running import API_KEY
from tests.support.stand_ins import Configured


@pytest.fixture(scope="session", autouse=True)
def commands_by_forks() -> Iterator[None]:
    """A command that runs in the repository itself is a fork: to import a command takes longer than most of them do.

    The process that forks is started by the first test that runs one.
    """
    with starts_by_forks(ROOT, dict(os.environ), IMPORTED):
        yield


@pytest.fixture
def backend() -> Iterator[Configured]:
    """The system that a configuration is applied to."""
    with Configured(API_KEY) as listening:
        yield listening
