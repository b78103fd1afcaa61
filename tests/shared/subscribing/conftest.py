"""A mail server, and the channel that mails through it."""

from collections.abc import Iterator

import pytest

from shared.notifiers import NotifierKind, kind_named
from tests.support.stand_ins.smtp import Smtp


@pytest.fixture
def server() -> Iterator[Smtp]:
    with Smtp() as running:
        yield running


@pytest.fixture
def mail(server: Smtp) -> NotifierKind:
    fields = {"url": server.url, "from": "status@shop.example", "to": ["ops@shop.example"], "starttls": "off"}
    return kind_named("email").configured(fields, {})
