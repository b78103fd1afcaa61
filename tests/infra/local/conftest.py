"""What the tests of the local system start from."""

from pathlib import Path

import pytest

from tests.support.running import copy_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which every start is a true one: the start is what these tests are about."""
    return copy_project(tmp_path_factory.mktemp("project"))
