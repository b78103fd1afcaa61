"""The exchange with a channel's service: what becomes of its connection."""

import pytest

from shared.notifiers import SendFailed
from shared.notifiers.exchange import post_json
from tests.support.stand_ins.keep_alive import KeepAliveServer, Request


class Numbering(KeepAliveServer):
    """Responds with the number of the connection that the request came by."""

    def respond(self, request: Request) -> tuple[int, str]:
        return 200, str(request.number)


def test_a_proxy_that_is_malformed_costs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with Numbering() as server:

        def send() -> str:
            return post_json(server.url, {}, seconds=30).body.decode()

        assert send() == "1"
        with monkeypatch.context() as wrong:
            wrong.setenv("HTTP_PROXY", "ftp://nobody")
            with pytest.raises(SendFailed, match="PROXY"):
                send()
        assert send() == "1"
