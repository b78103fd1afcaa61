"""A proxy before the dashboard: visitors whose wrong keys count together, and the cookie over TLS."""

from collections.abc import Callable

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from shared.settings import Settings
from shared.web import sessions
from shared.web.visitors import address_of
from tests.functions.api import KEY
from tests.functions.dashboard.conftest import Browser


@pytest.mark.parametrize("peer", ["172.18.0.1", "::ffff:172.18.0.1", "10.0.0.5"])
def test_behind_a_trusted_proxy_each_visitor_counts(browser: Browser, environ: Callable[..., None], peer: str) -> None:
    environ(TRUSTED_PROXIES="172.16.0.0/12, 10.0.0.5", API_AUTH="all")
    browser.environ["REMOTE_ADDR"] = peer
    stranger = {"X-Forwarded-For": "203.0.113.9"}
    tried = [browser.post("/dashboard/sign-in", stranger, key="wrong").status_code for _ in range(6)]
    assert tried == [403] * 5 + [429]
    assert browser.post("/dashboard/sign-in", {"X-Forwarded-For": "198.51.100.7"}, key=KEY).status_code == 303


def test_another_proxy_cannot_make_up_visitors(browser: Browser, environ: Callable[..., None]) -> None:
    environ(TRUSTED_PROXIES="172.16.0.0/12", API_AUTH="all")
    browser.environ["REMOTE_ADDR"] = "192.0.2.7"
    tried = [
        browser.post("/dashboard/sign-in", {"X-Forwarded-For": f"203.0.113.{number}"}, key="wrong").status_code
        for number in range(6)
    ]
    assert tried[-1] == 429


@pytest.mark.parametrize(
    ("proxies", "way", "address"),
    [
        # A load balancer before the cloud's own proxy, which adds the last address.
        ("34.8.1.1", "203.0.113.9, 34.8.1.1", "203.0.113.9"),
        ("34.8.0.0/16 10.0.0.5", "203.0.113.9, 10.0.0.5, 34.8.1.1", "203.0.113.9"),
        # The visitor has made up everything before the own address.
        ("34.8.1.1", "198.51.100.7, 203.0.113.9, 34.8.1.1", "203.0.113.9"),
        ("34.8.1.1", "34.8.1.1, 203.0.113.9, 34.8.1.1", "203.0.113.9"),
        ("34.8.1.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        # One of our proxies itself, or one that says nothing.
        ("34.8.0.0/16", "34.8.1.2, 34.8.1.1", "34.8.1.2"),
        ("34.8.1.1", " , ,", "169.254.1.1"),
        # Some proxies add the port, which each connection changes.
        ("34.8.1.1", "203.0.113.9:1000, 34.8.1.1:443", "203.0.113.9"),
        ("", "[2001:db8::9]:1000", "2001:db8::9"),
        ("", "[2001:db8::9]", "2001:db8::9"),
        ("", "2001:db8::9", "2001:db8::9"),
        # An entry that is no address could be another one each time, and those before it are the visitor's.
        ("", "198.51.100.7, unknown", "169.254.1.1"),
        ("34.8.1.1", "198.51.100.7, _made-up, 34.8.1.1", "34.8.1.1"),
        ("", "203.0.113.9:x:y", "169.254.1.1"),
        # Without the setting, all who come by the load balancer count as one.
        ("", "203.0.113.9, 34.8.1.1", "34.8.1.1"),
        ("", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
    ],
)
def test_behind_several_proxies_the_visitor_counts(
    monkeypatch: pytest.MonkeyPatch, proxies: str, way: str, address: str
) -> None:
    monkeypatch.setenv("K_SERVICE", "bonghwa")
    made = EnvironBuilder(headers=[("X-Forwarded-For", way)], environ_base={"REMOTE_ADDR": "169.254.1.1"})
    request, settings = Request(made.get_environ()), Settings.from_env({"TRUSTED_PROXIES": proxies})
    assert address_of(request, settings) == address


def test_where_nobody_is_trusted_the_connection_counts() -> None:
    made = EnvironBuilder(headers=[("X-Forwarded-For", "203.0.113.9")], environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert address_of(Request(made.get_environ()), Settings.from_env({})) == "192.0.2.7"


@pytest.mark.parametrize("way", ["unknown", "203.0.113.9", "127.0.0.1, unknown", "unknown, 127.0.0.1", "localhost", ""])
def test_visitors_whom_a_proxy_passes_on_have_to_sign_in(browser: Browser, way: str) -> None:
    assert browser.get("/dashboard/alerts", **{"X-Forwarded-For": "127.0.0.1, [::1]:1000"}).status_code == 200
    assert browser.get("/dashboard/alerts", **{"X-Forwarded-For": way}).status_code == 303


@pytest.mark.parametrize(
    ("url", "host", "is_secure"),
    [
        ("https://status.example.com/bonghwa", "status.example.com", True),
        ("https://Status.example.com:8443", "status.example.com:8443", True),
        ("https://status.example.com:8443", "status.example.com", True),  # nginx's $host
        ("https://status.example.com", "status.example.com:5000", False),  # past the proxy
        ("https://status.example.com", "localhost:5000", False),
        ("http://status.example.com", "status.example.com", False),
    ],
)
def test_at_a_public_url_with_tls_the_cookie_is_secure(
    browser: Browser, environ: Callable[..., None], url: str, host: str, is_secure: bool
) -> None:
    environ(PUBLIC_URL=url)
    response = browser.post("/dashboard/sign-in", {"Host": host}, key=KEY)
    assert ("; Secure" in response.headers["Set-Cookie"]) is is_secure


@pytest.mark.parametrize(
    ("said", "is_secure"),
    [("http", False), ("HTTP", False), ("https, http", False), ("https", True), ("http, https", True), ("", True)],
)
def test_the_proxy_decides_about_tls_if_it_speaks(
    browser: Browser, environ: Callable[..., None], said: str, is_secure: bool
) -> None:
    """A browser keeps no Secure cookie of plain HTTP, and its forms come from http://."""
    environ(PUBLIC_URL="https://status.example.com", API_AUTH="all")
    scheme = "https" if is_secure else "http"
    proxy = {"Host": "status.example.com", "X-Forwarded-Proto": said, "Origin": f"{scheme}://status.example.com"}
    response = browser.post("/dashboard/sign-in", proxy, key=KEY)
    assert response.status_code == 303
    assert ("; Secure" in response.headers["Set-Cookie"]) is is_secure


def test_a_weak_key_signs_nobody_in_behind_a_proxy(browser: Browser, environ: Callable[..., None]) -> None:
    environ(API_KEY="hunter2", DASHBOARD_PASSWORD="a-long-password", API_AUTH="all")
    proxy = {"X-Forwarded-For": "203.0.113.9"}
    # Anybody who guesses the key can make such a link.
    for shown in ({"key": "hunter2"}, {"token": sessions.link_token(Settings.from_env())}):
        response = browser.post("/dashboard/sign-in", proxy, **shown)
        assert (response.status_code, browser.cookie) == (500, None)
        assert "expected secrets of at least 16 characters" in response.text
    assert browser.post("/dashboard/sign-in", proxy, key="a-long-password").status_code == 303
    assert browser.post("/dashboard/sign-in", key="hunter2").status_code == 303
