"""One request to the backend, and its connection."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.check_monitors.reporting.connection import Unanswered, post
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, RawServers, redirects, resets, says, stays_silent
from tests.support.stand_ins.keep_alive import KeepAliveServer, Request

HEADERS = {"X-API-Key": "the-key", "Content-Type": "application/json"}


@pytest.fixture
def serve() -> Iterator[RawServers]:
    """Servers that say any bytes."""
    servers = RawServers()
    yield servers
    servers.close()


class Keeper(KeepAliveServer):
    """Answers, and then closes each connection whose number is in ``closes``."""

    def __init__(self, *closes: int) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.closes = closes

    def respond(self, request: Request) -> tuple[int, str] | None:
        self.requests.append(request)
        return None if request.number in self.closes else (201, "{}")


@pytest.mark.slow
def test_the_connection_is_kept() -> None:
    with Keeper() as backend:
        assert [post(backend.url, b"{}", HEADERS, 2).status for _ in range(3)] == [201] * 3
    assert {request.number for request in backend.requests} == {1}


def test_a_connection_that_breaks_is_tried_once_more() -> None:
    with Keeper(1) as backend:
        assert post(backend.url, b"[1]", HEADERS, 2).status == 201
    assert [(request.number, request.body) for request in backend.requests] == [(1, b"[1]"), (2, b"[1]")]


@pytest.mark.slow
def test_what_is_late_is_not_tried_again(serve: RawServers) -> None:
    asked: list[bytes] = []

    def hangs(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        stays_silent(3)(connection)

    with pytest.raises(Unanswered, match=r"^no answer within 0\.2 s$") as raised:
        post(f"http://127.0.0.1:{serve(hangs)}/", b"{}", HEADERS, 0.2)
    assert raised.value.is_late
    assert len(asked) == 1


def test_no_response_says_why_without_the_key_or_the_url(serve: RawServers) -> None:
    for handler in (resets, says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), says(b"no HTTP at all")):
        with pytest.raises(Unanswered) as raised:
            post(f"http://user:secret@127.0.0.1:{serve(handler)}/path", b"{}", HEADERS, 2)
        assert str(raised.value)
        assert not any(part in str(raised.value) for part in ("the-key", "secret", "path"))


def test_an_answer_of_any_size_is_read(serve: RawServers) -> None:
    body = b'{"checks": "' + b"x" * 5_000_000 + b'"}'
    port = serve(says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", body))
    answer = post(f"http://127.0.0.1:{port}/", b"{}", HEADERS, 10)
    assert (answer.kind, answer.body) == ("application/json", body)


def test_no_redirect_is_followed(serve: RawServers) -> None:
    to = serve(says(OK))
    assert post(f"http://127.0.0.1:{serve(redirects(f'http://127.0.0.1:{to}/'))}/", b"{}", HEADERS, 2).status == 302


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_private_issuer_is_trusted_if_it_is_named(
    variable: str, serve: RawServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    authority = Authority(tmp_path)
    port = serve(says(OK), authority.context(TODAY - A_DAY, TODAY + A_DAY))
    with pytest.raises(Unanswered, match="certificate"):
        post(f"https://localhost:{port}/", b"{}", HEADERS, 2)
    monkeypatch.setenv(variable, authority.file)
    assert post(f"https://localhost:{port}/", b"{}", HEADERS, 2).status == 200
