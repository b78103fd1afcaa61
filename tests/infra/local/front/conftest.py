"""Fixtures of the front's tests: a system that runs, however it was started."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def project(forked_project: Path) -> Path:
    """A copy of the project in which a start is a fork."""
    return forked_project
