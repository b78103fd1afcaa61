"""Redirects through proxies: each goes the way of its own URL, and is judged before it is requested."""

import os
import re
from collections.abc import Callable
from typing import Any

import pytest

from functions.check_monitors.probes.causes import MAX_REDIRECTS
from tests.support.checks import check
from tests.support.policies import check_policy
from tests.support.servers.raw_servers import OK, Handler, RawServers, redirects, says

METADATA = "http://169.254.169.254/latest/"


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1\t302 Found\r\nLocation: {to}",
        "HTTP/1.1 \t302 Found\r\nLocation: {to}",
        "http/1.1 302 Found\r\nlocation:{to}",
        "HTTP/1.1  307 Found\r\nLocation:\t{to}",
        "HTTP/1.1 302 Found\r\nLocation:\r\n {to}",
        "HTTP/1.0 302\r\nLOCATION: {to}",
    ],
)
@pytest.mark.parametrize("to", [METADATA, "http://metadata/", "http://[64:ff9b:1:a9fe:a9:fe00::]/"])
def test_no_spelling_of_a_redirect_passes_the_filter(
    proxied: Callable[[Handler], list[str]], head: str, to: str
) -> None:
    asked = proxied(says(f"{head.format(to=to)}\r\nContent-Length: 0\r\n\r\n".encode()))
    event = check("http://shop.example/")
    assert not event.is_success
    assert asked == ["http://shop.example/"]


@pytest.mark.parametrize("is_of_the_policy", [False, True])
@pytest.mark.parametrize(
    ("limit", "count", "message"),
    [
        (0, 1, "more than 0 redirects"),
        (2, 2, None),
        (2, 3, "more than 2 redirects"),
        (20, 15, None),
    ],
)
def test_a_policy_limits_redirects_through_a_proxy(
    proxied: Callable[[Handler], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    count: int,
    message: str | None,
    is_of_the_policy: bool,
) -> None:
    def handler(connection: Any) -> None:
        left = int(connection.recv(65536).split(b" ")[1].rpartition(b"/")[2])
        away = f"HTTP/1.1 302 Found\r\nLocation: /{left - 1}\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(away.encode() if left else OK)

    asked = proxied(handler)
    fields: dict[str, Any] = {"proxy": os.environ["http_proxy"]} if is_of_the_policy else {}
    if is_of_the_policy:
        monkeypatch.setenv("no_proxy", "*")
    event = check_policy(f"http://shop.example/{count}", max_redirects=limit, **fields)
    assert event.error_message == message
    assert len(asked) == min(count, limit) + 1


def test_a_redirect_within_a_proxy_is_followed(proxied: Callable[[Handler], list[str]]) -> None:
    def handler(connection: Any) -> None:
        target = connection.recv(65536).split(b" ")[1]
        away = b"HTTP/1.1 302 Found\r\nLocation: /b?c#d\r\nContent-Length: 4\r\n\r\nmove"
        connection.sendall(away if target.endswith(b"/a") else OK)

    asked = proxied(handler)
    event = check("http://shop.example/a")
    assert (event.is_success, event.status_code) == (True, 200)
    assert asked == ["http://shop.example/a", "http://shop.example/b?c"]
    assert event.response_time_ms
    assert event.first_byte_ms


def test_a_cookie_of_a_redirect_comes_back_within_a_proxy(proxied: Callable[[Handler], list[str]]) -> None:
    cookies: list[list[str]] = []

    def handler(connection: Any) -> None:
        head = connection.recv(65536).decode()
        cookies.append(re.findall(r"(?m)^Cookie: (.*)\r$", head))
        to = {"/a": "/b", "/b": "http://other.example/c"}.get(re.findall(r"example(/\S*)", head)[0])
        away = f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nSet-Cookie: seen=1; Path=/\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(away.encode() if to else OK)

    asked = proxied(handler)
    assert [check("http://shop.example/a").status_code for _ in range(2)] == [200, 200]
    assert asked == ["http://shop.example/a", "http://shop.example/b", "http://other.example/c"] * 2
    # Neither another host nor the next check sees it.
    assert cookies == [[], ["seen=1"], []] * 2


def test_a_loop_of_redirects_through_a_proxy_ends(proxied: Callable[[Handler], list[str]]) -> None:
    asked = proxied(redirects("/again"))
    event = check("http://shop.example/")
    assert (event.error_message, event.status_code) == (f"more than {MAX_REDIRECTS} redirects", 302)
    assert len(asked) == MAX_REDIRECTS + 1


@pytest.mark.parametrize("entry", ["127.0.0.0/8", "127.0.0.1:{port}"])
def test_a_redirect_goes_the_way_of_its_own_url(
    serve: RawServers, proxied: Callable[[Handler], list[str]], monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    seen: list[bytes] = []

    def direct(connection: Any) -> None:
        seen.append(connection.recv(65536).split(b" ")[1])
        connection.sendall(OK)

    inner = serve(direct)
    asked = proxied(redirects(f"http://127.0.0.1:{inner}/inner"))
    monkeypatch.setenv("NO_PROXY", entry.format(port=inner))
    assert check("http://shop.example/").is_success
    assert (asked, seen) == (["http://shop.example/"], [b"/inner"])


def test_a_password_goes_to_its_own_host_only(serve: RawServers, monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[str] = []

    def handler(connection: Any) -> None:
        head = connection.recv(65536).decode()
        heads.append(head)
        to = {"/a": "/b", "/b": "http://other.example/c"}.get(re.findall(r"example(/\S*)", head)[0])
        more = f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()
        connection.sendall(more if to else OK)

    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{serve(handler)}")
    assert check("http://monitor:s%40crets@shop.example/a").is_success
    sent = [re.findall(r"(?m)^Authorization: Basic (\S+)", head) for head in heads]
    assert sent == [["bW9uaXRvcjpzQGNyZXRz"], ["bW9uaXRvcjpzQGNyZXRz"], []]
