"""The stand-in that the tests lead every service to."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.notifiers.response import Response
from tests.support.stand_ins.service import Service, says


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Every service, wherever it is."""
    from shared.notifiers.exchange import exchange
    from shared.notifiers.services.apprise import bridge

    with Service(says(200, "{}")) as listening:

        def led_here(method: str, url: str, *request: Any, seconds: float) -> Response:
            parts = urlsplit(url)
            here = f"{listening.url}{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
            return exchange(method, here, *request, seconds=seconds)

        monkeypatch.setattr(bridge, "exchange", led_here)
        yield listening
        listening.release()
