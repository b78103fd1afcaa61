"""Sessions: how one begins, what it opens, and when it ends."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.models import now
from shared.settings import Settings
from shared.store import Store
from shared.web import sessions
from tests.functions.api import FAILURE, KEY, Api
from tests.functions.dashboard.conftest import Browser, location

pytestmark = pytest.mark.slow

POLICY = {"name": "shop", "url": "https://shop.example/"}


def test_reading_at_the_own_machine_needs_no_sign_in(browser: Browser) -> None:
    assert "What shall be watched?" in browser.page("/dashboard")


@pytest.mark.parametrize(
    ("variables", "host", "address", "headers"),
    [
        ({"API_AUTH": "all"}, "localhost", "127.0.0.1", {}),
        ({}, "localhost", "192.0.2.7", {}),
        ({}, "localhost", "127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
        ({}, "localhost", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1, 192.0.2.7"}),
        ({}, "localhost", "127.0.0.1", {"X-Forwarded-For": "192.0.2.7, 127.0.0.1"}),
        ({"PUBLIC_URL": "https://watch.example"}, "localhost", "127.0.0.1", {}),
        ({"PUBLIC_URL": "https://watch.example"}, "watch.example", "127.0.0.1", {}),
        ({"FLASK_HOST": "0.0.0.0"}, "localhost", "127.0.0.1", {}),
        ({"K_SERVICE": "dashboard"}, "localhost", "127.0.0.1", {}),
    ],
    ids=["all", "elsewhere", "proxy", "forged", "two proxies", "public", "public name", "all addresses", "cloud"],
)
def test_others_have_to_sign_in_and_come_back(
    browser: Browser,
    environ: Callable[..., None],
    variables: dict[str, str],
    host: str,
    address: str,
    headers: dict[str, str],
) -> None:
    environ(**variables)
    browser.environ["REMOTE_ADDR"] = address
    response = browser.get("/dashboard/alerts?before=7", Host=host, **headers)
    assert location(response) == "/dashboard/sign-in?next=%2Fdashboard%2Falerts%3Fbefore%3D7"
    assert response.text == ""


def test_a_key_begins_a_session(browser: Browser, environ: Callable[..., None]) -> None:
    environ(API_AUTH="all")
    response = browser.sign_in(next="/dashboard/alerts?before=7")
    assert location(response) == "/dashboard/alerts?before=7"
    [cookie] = response.headers.getlist("Set-Cookie")
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} <= parts
    assert "Secure" not in parts
    assert "Sign out" in browser.page("/dashboard/alerts")


def test_over_tls_the_cookie_is_secure(browser: Browser) -> None:
    response = browser.post("/dashboard/sign-in", {"X-Forwarded-Proto": "https"}, key=KEY)
    assert "; Secure" in response.headers["Set-Cookie"]


def test_the_password_opens_it_too(browser: Browser, environ: Callable[..., None]) -> None:
    environ(DASHBOARD_PASSWORD="correct horse battery", API_AUTH="all")
    assert location(browser.sign_in("correct horse battery")) == "/dashboard"
    assert "Sign out" in browser.page("/dashboard/alerts")
    environ(DASHBOARD_PASSWORD="another horse battery")
    assert browser.get("/dashboard/alerts").status_code == 303, "its secret is none any more"


def test_a_short_password_is_refused(api: Api, environ: Callable[..., None]) -> None:
    environ(DASHBOARD_PASSWORD="short")
    response = api.call("GET", "/dashboard/sign-in")
    assert response.status_code == 500
    assert "DASHBOARD_PASSWORD" in response.text
    assert "short" not in response.text


def test_wrong_keys_are_403_then_429(browser: Browser) -> None:
    for left in (4, 3, 2, 1, 0):
        response = browser.sign_in("wrong")
        assert response.status_code == 403
        assert (f"{left} tries left" if left != 1 else "1 try left") in response.text
    response = browser.sign_in()
    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    browser.environ["REMOTE_ADDR"] = "127.0.0.9"
    assert browser.sign_in().status_code == 303, "another address is another one"


def test_a_client_has_a_whole_network_of_ipv6(browser: Browser) -> None:
    """Otherwise it would guess from another address each time."""
    for number in range(5):
        browser.environ["REMOTE_ADDR"] = f"2001:db8::{number}"
        assert browser.sign_in("wrong").status_code == 403
    browser.environ["REMOTE_ADDR"] = "2001:db8::5"
    assert browser.sign_in().status_code == 429
    browser.environ["REMOTE_ADDR"] = "2001:db8:0:1::5"
    assert browser.sign_in().status_code == 303


def test_right_keys_count_for_nothing(browser: Browser) -> None:
    for _ in range(8):
        assert browser.sign_in().status_code == 303


def test_wrong_tries_are_forgotten_after_a_minute(store: Store) -> None:
    at = now()
    tries = [store.visits.sessions.try_sign_in("a", now=at) for _ in range(6)]
    assert [tried.left if tried else None for tried in tries] == [4, 3, 2, 1, 0, None]
    assert store.visits.sessions.try_sign_in("a", now=at + timedelta(seconds=61)) is not None


def test_a_sign_in_replaces_the_session(signed_in: Browser) -> None:
    """A cookie that somebody else knows, or put there, is worth nothing afterwards."""
    former = signed_in.cookie
    signed_in.sign_in()
    assert signed_in.cookie != former
    signed_in.client.set_cookie("bonghwa_session", former or "")
    assert "Sign out" not in signed_in.page("/dashboard/alerts")


@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "a.9999999999.", f"a.9999999999.{'A' * 43}", "é.1.x", "." * 50])
def test_a_made_up_cookie_opens_nothing(browser: Browser, cookie: str) -> None:
    browser.client.set_cookie("bonghwa_session", cookie)
    assert "Sign out" not in browser.page("/dashboard/alerts")


def test_a_sign_out_ends_the_session_on_the_server(signed_in: Browser) -> None:
    cookie = signed_in.cookie
    assert location(signed_in.send("/dashboard/sign-out")) == "/dashboard/sign-in"
    assert signed_in.cookie is None
    signed_in.client.set_cookie("bonghwa_session", cookie or "")
    assert "Sign out" not in signed_in.page("/dashboard/alerts")


def test_a_session_ends_with_its_key(signed_in: Browser, environ: Callable[..., None]) -> None:
    environ(API_KEY=f"a-new-key-for-these-tests {KEY}")
    assert "Sign out" in signed_in.page("/dashboard/alerts"), "it is valid still"
    environ(API_KEY="a-new-key-for-these-tests")
    assert "Sign out" not in signed_in.page("/dashboard/alerts")


def test_a_session_lasts_twelve_hours(signed_in: Browser, store: Store) -> None:
    token = (signed_in.cookie or "").partition(".")[0]
    assert store.visits.sessions.get(token, now=now() + timedelta(hours=11, minutes=59)) == ("Kim",)
    assert store.visits.sessions.get(token, now=now() + timedelta(hours=12, minutes=1)) is None


def test_the_store_keeps_no_token(signed_in: Browser, store: Store) -> None:
    token = (signed_in.cookie or "").partition(".")[0]
    with store.database.snapshot() as snapshot:
        [row] = snapshot.rows("SELECT * FROM sessions")
    assert token not in str(dict(row))


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/dashboard/../..//evil.example",
            "javascript:alert(1)",
        ),
        *("/alerts", "/dashboard@evil.example", "/dashboardx", "/dashboard/a\r\nX: y", "/dashboard//evil.example", ""),
    ],
)
def test_a_sign_in_leads_nowhere_else(browser: Browser, asked: str) -> None:
    assert location(browser.sign_in(next=asked)) == "/dashboard"


def test_a_link_signs_in_once(browser: Browser, environ: Callable[..., None]) -> None:
    environ(API_AUTH="all")
    token = sessions.link_token(Settings.from_env())
    assert len(token) >= 32
    for _ in range(3):
        page = browser.page(f"/dashboard/sign-in?token={token}")
        assert "This link signs you in" in page
        assert page.count("<button") == 1, "a preview changes nothing"
    assert location(browser.post("/dashboard/sign-in", token=token)) == "/dashboard"
    browser.client.delete_cookie("bonghwa_session")
    assert browser.post("/dashboard/sign-in", token=token).status_code == 403


def test_an_old_or_made_up_link_does_not(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.from_env()
    monkeypatch.setattr(sessions, "LINK_LASTS", timedelta(seconds=-1))
    old = sessions.link_token(settings)
    for token in (old, "x" * 40, "a.9999999999.b"):
        assert "used already" in browser.page(f"/dashboard/sign-in?token={token}")
        assert browser.post("/dashboard/sign-in", token=token).status_code == 403


def test_a_cookie_is_no_link_and_a_link_no_cookie(signed_in: Browser) -> None:
    cookie = signed_in.cookie or ""
    signed_in.client.delete_cookie("bonghwa_session")
    assert signed_in.post("/dashboard/sign-in", token=cookie).status_code == 403
    signed_in.client.set_cookie("bonghwa_session", sessions.link_token(Settings.from_env()))
    assert "Sign out" not in signed_in.page("/dashboard/alerts")


@pytest.mark.parametrize("token", ["", "x", "A" * 86])
def test_a_form_without_its_token_is_403(signed_in: Browser, api: Api, token: str) -> None:
    api.post(FAILURE)
    response = signed_in.post("/dashboard/alerts/1", status="ACK", csrf=token)
    assert response.status_code == 403
    assert api.get("/alerts/1")["status"] == "OPEN"


def test_the_token_of_another_session_is_403(signed_in: Browser, api: Api) -> None:
    api.post(FAILURE)
    former = signed_in.token()
    signed_in.sign_in()
    assert signed_in.post("/dashboard/alerts/1", status="ACK", csrf=former).status_code == 403


def test_each_page_has_another_token(signed_in: Browser) -> None:
    """Otherwise the length of compressed pages would tell it, letter by letter."""
    assert len({signed_in.token() for _ in range(5)}) == 5


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        *(("http://localhost", 303), ("http://LOCALHOST", 303), ("https://watch.example", 303)),
        *(
            ("null", 403),
            ("https://evil.example", 403),
            ("http://localhost:81", 403),
            ("http://localhost.evil.example", 403),
        ),
        *(("http://watch.example", 403), ("", 403), ("http://[bad", 403)),
    ],
)
def test_a_foreign_origin_is_403(
    signed_in: Browser, api: Api, environ: Callable[..., None], origin: str, status: int
) -> None:
    environ(PUBLIC_URL="https://watch.example")
    api.post(FAILURE)
    token = signed_in.token()
    response = signed_in.post("/dashboard/alerts/1", {"Origin": origin}, status="ACK", csrf=token)
    assert response.status_code == status
    assert signed_in.post("/dashboard/sign-in", {"Origin": origin}, key=KEY).status_code == status


def test_a_change_without_a_session_leads_to_the_sign_in(browser: Browser, api: Api) -> None:
    api.post(FAILURE)
    response = browser.post("/dashboard/alerts/1", status="ACK", csrf="", page="/dashboard/alerts/1")
    assert location(response) == "/dashboard/sign-in?next=%2Fdashboard%2Falerts%2F1"
    assert api.get("/alerts/1")["status"] == "OPEN"


def test_the_cookie_alone_opens_no_api(signed_in: Browser) -> None:
    post = signed_in.client.post
    assert post("/monitors", json=POLICY).status_code == 401
    assert post("/monitors", json=POLICY, headers={"X-CSRF-Token": "x"}).status_code == 401
    token = signed_in.token()
    foreign = {"X-CSRF-Token": token, "Origin": "https://evil.example"}
    assert post("/monitors", json=POLICY, headers=foreign).status_code == 401
    assert post("/monitors", json=POLICY, headers={"X-CSRF-Token": token}).status_code == 201


def test_a_page_may_silence_an_alert_as_it_may_acknowledge_it(api: Api, signed_in: Browser) -> None:
    api.post(FAILURE)
    patch = signed_in.client.patch
    assert patch("/alerts/1", json={"silence": "1h"}).status_code == 401
    headers = {"X-CSRF-Token": signed_in.token()}
    assert patch("/alerts/1", json={"status": "ACK", "silence": "1h"}, headers=headers).status_code == 200


def test_a_session_reports_no_events(signed_in: Browser) -> None:
    headers = {"X-CSRF-Token": signed_in.token()}
    assert signed_in.client.post("/events", json=FAILURE, headers=headers).status_code == 401


def test_nobody_else_keeps_a_page(signed_in: Browser) -> None:
    for path in ("/dashboard", "/dashboard/alerts", "/dashboard/changes", "/dashboard/sign-in"):
        response = signed_in.get(path)
        assert response.headers["Cache-Control"] in ("private, no-store", "no-store")
        assert "ETag" not in response.headers
    response = signed_in.get("/dashboard")
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    # A browser hides the origin of a form on a page without a referrer.
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_a_browser_at_the_root_finds_the_dashboard(browser: Browser, environ: Callable[..., None]) -> None:
    environ(API_AUTH="all")
    assert location(browser.get("/")) == "/dashboard"
    assert browser.get("/", Accept="*/*").status_code == 401
    assert browser.get("/", Accept="application/json", **{"X-API-Key": KEY}).json is not None
