"""Where ``python -m infra`` is run from."""

import os
from collections.abc import Iterator

import pytest

from shared import ROOT
from tests.infra.command_line import IMPORTED
from tests.support.forking.forks import starts_by_forks


@pytest.fixture(scope="session", autouse=True)
def commands_by_forks() -> Iterator[None]:
    """What runs in the repository itself is a fork: to import a command takes longer than most of them do.

    The process that forks is started by the first test that runs one.
    """
    with starts_by_forks(ROOT, dict(os.environ), IMPORTED):
        yield
