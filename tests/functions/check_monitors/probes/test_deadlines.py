"""The timeout is all that a check may take, whatever it consists of."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.checks import check
from tests.support.policies import check_policy
from tests.support.servers.raw_servers import Handler, RawServers, redirects, says, stays_silent

pytestmark = pytest.mark.slow

SECONDS = 2.0
LATER = 1.2  # what a first part takes of them; if the second one had its time anew, both would take 3.2 s
AT_MOST = 2.9
TOKEN = b'HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{"access_token": "t0ken"}'


def later(handler: Handler, seconds: float = LATER) -> Handler:
    def slow(connection: Any) -> None:
        time.sleep(seconds)
        handler(connection)

    return slow


@pytest.fixture
def silent(serve: RawServers) -> str:
    return f"http://127.0.0.1:{serve(stays_silent(30))}/"


@pytest.fixture
def leads_there(serve: RawServers, silent: str) -> str:
    """Redirects to a silent server after most of the time."""
    return f"http://127.0.0.1:{serve(later(redirects(silent)))}/"


def is_in_time(checked: Callable[[], Any]) -> bool:
    began = time.monotonic()
    event = checked()
    assert (event.is_success, event.error_message) == (False, "no answer within 2 s")
    assert SECONDS * 1000 <= (event.response_time_ms or 0) < AT_MOST * 1000
    return SECONDS <= time.monotonic() - began < AT_MOST


def test_a_redirect_has_what_is_left(leads_there: str) -> None:
    assert is_in_time(lambda: check_policy(leads_there, timeout="2s"))


def test_a_redirect_of_a_target_has_what_is_left(leads_there: str) -> None:
    assert is_in_time(lambda: check(leads_there, SECONDS))


def test_a_redirect_through_a_proxy_has_what_is_left(
    serve: RawServers, monkeypatch: pytest.MonkeyPatch, leads_there: str, silent: str
) -> None:
    """The variable makes each redirect a transfer of its own, although nothing goes through this proxy."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert is_in_time(lambda: check_policy(leads_there, timeout="2s"))


def test_a_request_with_a_token_has_what_is_left(serve: RawServers, silent: str) -> None:
    token_url = f"http://127.0.0.1:{serve(later(says(TOKEN), LATER / 2))}/"
    terms = {"token_url": token_url, "client_id": "me", "client_secret": "s"}
    url = f"http://127.0.0.1:{serve(later(redirects(silent), LATER / 2))}/"
    assert is_in_time(lambda: check_policy(url, oauth2=terms, timeout="2s"))
