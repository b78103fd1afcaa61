"""The same for programs and other sites: JSON, feeds, badges, frames; and several pages, some with a password."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.status_page import doors
from shared.models import now
from shared.pages import formatting
from tests.functions.api import Api
from tests.functions.manage_monitors.watched import applied, refused
from tests.functions.status_page.watched import BROWSER, PUBLIC, html, looked, opened, policies, said, seen

pytestmark = pytest.mark.slow

ATOM = "{http://www.w3.org/2005/Atom}"
PASSWORD = "an-open-sesame"


def locked(api: Api) -> None:
    """A page with a password, beside the open one."""
    doors._tries.clear()
    inner = {"title": "Inner", "groups": ["Elsewhere"], "password": PASSWORD}
    opened(api, status_pages={"inner": inner, "shop": {"title": "Shop alone", "groups": ["Shop"]}})


def test_json_says_what_the_page_says(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    for _ in range(3):
        seen(api, "Checkout", ok=False)
    page = said(api)
    assert list(page) == ["title", "state", "sentence", "checked_at", "groups", "incidents", "windows"]
    assert (page["title"], page["state"], page["sentence"]) == ("The shop", "DOWN", "Checkout is down")
    [group] = page["groups"]
    assert (group["name"], group["state"]) == ("Shop", "DOWN")
    assert [(each["name"], each["state"]) for each in group["monitors"]] == [
        ("Checkout", "DOWN"),
        ("Home page", "UP"),
        ("Search", "UP"),
    ]
    assert 0 <= group["monitors"][0]["uptime"] < 1
    assert looked(api, "/status.json").headers["Access-Control-Allow-Origin"] == "*"


def test_a_long_maintenance_has_the_date_of_its_end_in_each_form(api: Api) -> None:
    opened(api)
    window = {"kind": "maintenance", "groups": ["Shop"], "duration": "3d"}
    assert api.call("POST", "/windows", window).status_code == 201
    seen(api, *PUBLIC)
    until = formatting.date(now() + timedelta(days=3), "en").partition(",")[0]
    assert said(api)["sentence"].startswith(f"Planned maintenance until {until}, ")
    assert re.search(f'<h1[^>]*>Planned maintenance until <time [^>]*data-l="d">{until}, ', html(api))


def test_feeds_have_outages_and_incidents(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    for ok in (False, False, False, True):
        seen(api, "Checkout", ok=ok)
    api.call("POST", "/incidents", {"title": "A & B <fail>", "text": "**all** of it", "monitors": ["Checkout"]})
    feed = ET.fromstring(looked(api, "/status/feed.atom").text)  # our own
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]
    assert titles == ["A & B <fail> · Looking into it", "Checkout works again"]
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    assert ids == ["http://localhost/status#i1", "http://localhost/status#o1"]
    content = feed.findtext(f"{ATOM}entry/{ATOM}content") or ""
    assert "<b>all</b> of it" in content
    assert re.search(r"· \d+ \w{3} \d{4}, \d\d:\d\d UTC</p>", content)
    items = json.loads(looked(api, "/status/feed.json").text)["items"]
    assert [item["title"] for item in items] == titles


@pytest.mark.parametrize(("language", "title"), [("en", "Checkout is no longer watched"), ("ko", "Checkout 확인 중단")])
def test_a_feed_does_not_say_that_what_is_paused_works(api: Api, language: str, title: str) -> None:
    opened(api)
    seen(api, *PUBLIC)
    for _ in range(3):
        seen(api, "Checkout", ok=False)
    for is_watched in (False, True):
        opened(api, *policies(enabled=is_watched))
        [item] = json.loads(looked(api, f"/status/feed.json?lang={language}").text)["items"]
        assert item["title"] == title, "also once it is watched again: nobody knows when it ended"
        assert "–" not in item["content_html"]


def test_a_feed_that_says_nothing_new_is_the_same(api: Api) -> None:
    window = {"kind": "maintenance", "monitors": ["Search"], "weekly": ["Mon"], "at": "02:00", "duration": 60}
    opened(api, windows=[window])
    seen(api, *PUBLIC)
    first = looked(api, "/status/feed.atom")
    assert looked(api, "/status/feed.atom", If_None_Match=first.headers["ETag"]).status_code == 304


def test_full_addresses_are_those_of_public_url(api: Api, environ: Callable[..., None]) -> None:
    opened(api)
    environ(PUBLIC_URL="https://status.example.com/bonghwa")
    assert "<id>https://status.example.com/bonghwa/status</id>" in looked(api, "/status/feed.atom").text


@pytest.mark.parametrize(
    ("kind", "text"),
    [("status.svg", "Checkout: Works"), ("uptime.svg", "uptime 90 d: 100"), ("response.svg", "response: ")],
)
def test_a_badge_is_a_picture_that_runs_nothing(api: Api, kind: str, text: str) -> None:
    opened(api)
    seen(api, *PUBLIC)
    seen(api, "Checkout")
    response = looked(api, f"/badge/2/{kind}")
    assert "Accept-Language" in response.headers["Vary"], "a cache would show it in the first viewer's language"
    assert "Accept-Language" not in looked(api, f"/badge/2/{kind}?lang=ko").headers.get("Vary", "")
    assert (response.status_code, response.mimetype) == (200, "image/svg+xml")
    ET.fromstring(response.text)  # our own
    assert f"<title>{text}" in response.text
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert looked(api, "/badge/2/other.svg").status_code == 404


def test_a_frame_may_stand_on_any_site(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    response = looked(api, "/embed/1?theme=dark")
    assert "frame-ancestors *" in response.headers["Content-Security-Policy"]
    assert 'data-theme="dark"' in response.text
    assert '<b dir="auto">Home page</b>' in response.text
    assert "<script" not in response.text
    assert 'href="../status/monitors/1"' in response.text
    assert "data-theme" not in looked(api, '/embed/1?theme="><script>').text


def test_other_pages_have_their_own_groups_and_forms(api: Api) -> None:
    locked(api)
    assert "Shop alone" in html(api, "/status/shop")
    assert said(api, "/status/shop.json")["title"] == "Shop alone"
    assert looked(api, "/status/shop/feed.atom").status_code == 200
    assert looked(api, "/status/shop/feed.json").status_code == 200
    assert 'href="../assets/bonghwa-' in html(api, "/status/shop")


def test_what_has_a_path_of_its_own_is_no_page(api: Api) -> None:
    locked(api)
    for place in ("feed.atom", "feed.json"):
        for method in ("POST", "OPTIONS", "DELETE"):
            response = api.call(method, f"/status/{place}", key=None)
            assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD"), (method, place)
            alone = api.alone("status_page", method, f"/status/{place}")
            assert (alone.status_code, alone.headers["Allow"]) == (405, "GET, HEAD"), (method, place)
    assert api.call("DELETE", "/status/shop").headers["Allow"] == "GET, HEAD, POST"


def test_pages_are_listed_if_none_is_at_status(api: Api) -> None:
    pages = {"shop": {"title": "Shop alone", "groups": ["Shop"]}, "inner": {"title": "Inner", "password": PASSWORD}}
    applied(api, *policies(), status_pages=pages)
    seen(api, *PUBLIC)
    page = html(api)
    assert "Shop alone" in page
    assert "Everything works" in page
    assert "Inner" not in page


def test_a_password_opens_a_page_and_nothing_else_does(api: Api) -> None:
    locked(api)
    seen(api, "quiet-corner")
    closed = looked(api, "/status/inner")
    assert "This page needs a password" in closed.text
    assert "quiet-corner" not in closed.text
    assert closed.headers["Cache-Control"] == "private, no-store"
    for path in ("/status/inner.json", "/status/inner/feed.atom", "/status/inner/feed.json"):
        assert looked(api, path, Accept="*/*").status_code == 403
    wrong = api.call("POST", "/status/inner", key=None, headers=BROWSER, data={"password": "no"})
    assert (wrong.status_code, "Set-Cookie" in wrong.headers) == (403, False)
    forged = looked(api, "/status/inner", Cookie="bonghwa_page_inner=9999999999.abc")
    assert "quiet-corner" not in forged.text
    right = api.call("POST", "/status/inner", key=None, headers=BROWSER, data={"password": PASSWORD})
    assert (right.status_code, right.headers["Location"]) == (303, "inner")
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    opened_page = looked(api, "/status/inner", Cookie=cookie.partition(";")[0])
    assert "quiet-corner" in opened_page.text
    assert opened_page.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in opened_page.headers


def guess(api: Api, password: str, client: str) -> int:
    form = {"data": {"password": password}, "environ_base": {"REMOTE_ADDR": client}}
    return api.call("POST", "/status/inner", key=None, headers=BROWSER, **form).status_code


def test_who_guesses_often_has_to_wait_and_keeps_nobody_out(api: Api) -> None:
    locked(api)
    codes = [guess(api, "no", "203.0.113.9") for _ in range(doors.MOST_TRIES + 1)]
    assert codes == [403] * doors.MOST_TRIES + [429]
    assert guess(api, PASSWORD, "203.0.113.9") == 429
    right = [guess(api, PASSWORD, "203.0.113.10") for _ in range(doors.MOST_TRIES + 1)]
    assert set(right) == {303}, "the right password is no guess"
    codes = [guess(api, "no", f"2001:db8::{number}") for number in range(doors.MOST_TRIES + 1)]
    assert codes[-1] == 429, "each client has all addresses of its network"


def test_all_who_guess_are_limited_together(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MOST_OF_ALL", 3)
    locked(api)
    assert [guess(api, "no", f"203.0.113.{number}") for number in range(4)] == [403] * 3 + [429]


def test_a_password_is_stored_so_that_nobody_reads_it(api: Api) -> None:
    locked(api)
    first = api.get("/")
    from shared.settings import Settings
    from shared.store import open_store

    stored = open_store(Settings.from_env()).boards.settings()["status_pages"]["inner"]["password"]
    assert PASSWORD not in stored
    assert first["status"]
    pages = {"inner": {"title": "Inner", "groups": ["Elsewhere"], "password": PASSWORD}}
    before = applied(api, *policies(), status_pages=pages)["version"]
    assert applied(api, *policies(), status_pages=pages)["version"] == before + 1, "counted only if it changes"
    assert open_store(Settings.from_env()).boards.settings()["status_pages"]["inner"]["password"] == stored


@pytest.mark.parametrize(
    ("pages", "field"),
    [
        ({"status_page": {"colour": "red"}}, "status_page.colour"),
        ({"status_page": {"colors": {"accent": "red"}}}, "status_page.colors.accent"),
        ({"status_pages": {"Feed.atom": {}}}, "status_pages.Feed.atom"),
        ({"status_page": {"password": "x" * 2_000}}, "status_page.password"),
    ],
)
def test_a_malformed_page_is_refused_by_its_field(api: Api, pages: dict[str, object], field: str) -> None:
    problem = refused(api.call("PUT", "/config", {"monitors": [], **pages}))
    assert problem["field"] == field
    assert "xxx" not in json.dumps(problem)
