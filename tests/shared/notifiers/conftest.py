"""Fixtures that the tests of SNS share."""

from collections.abc import Iterator

import pytest

from shared.notifiers.services.sns import connection
from tests.shared.notifiers.sns import Sns
from tests.support.running import AWS


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Sns]:
    """SNS where the environment says. One for all tests, because building a client costs more than using it."""
    with Sns() as listening, pytest.MonkeyPatch.context() as patch:
        for name, value in {**AWS, "AWS_ENDPOINT_URL": listening.url}.items():
            patch.setenv(name, value)
        connection.idle_connections.clear()
        yield listening
        connection.idle_connections.clear()


@pytest.fixture
def topic(stand_in: Sns) -> Sns:
    """SNS, which has had no request yet."""
    stand_in.behaviours, stand_in.requests = [], []
    return stand_in


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """No credentials are known yet."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    connection.session.cache_clear()
    connection.idle_connections.clear()
    yield monkeypatch
    connection.session.cache_clear()
    connection.idle_connections.clear()
