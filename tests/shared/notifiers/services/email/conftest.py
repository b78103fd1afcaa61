"""The mail server of these tests."""

from collections.abc import Iterator

import pytest

from tests.support.stand_ins.smtp import Smtp


@pytest.fixture
def server() -> Iterator[Smtp]:
    """A server that takes everything, without a login or TLS."""
    with Smtp() as listening:
        yield listening
