"""/status: the sentence, what is wrong, the services, and what is over; when it is there at all."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.status_page.readings import readings
from functions.status_page.visible import page_of
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from shared.store.asking import boards
from shared.store.upkeep.folding import fold
from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import applied
from tests.functions.status_page.watched import PUBLIC, html, looked, opened, policies, said, seen

pytestmark = pytest.mark.slow


def sentence(page: str) -> str:
    """The first heading."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", page)
    assert found
    return re.sub("<[^>]*>", "", found[1])


def test_there_is_no_page_until_somebody_wants_one(api: Api, environ: Callable[..., None]) -> None:
    for path in ("/status", "/status.json", "/status/feed.atom", "/status/feed.json", "/status/monitors/1"):
        assert looked(api, path).status_code == 404, path
    environ(STATUS_PAGE="true")
    assert "Nothing is shown here yet" in html(api)
    opened(api)
    environ(STATUS_PAGE="false")
    assert looked(api).status_code == 404


def test_where_there_is_no_page_no_monitor_is_read(api: Api, environ: Callable[..., None]) -> None:
    applied(api, *policies())
    with open_store(Settings.from_env()).database.transaction() as transaction:
        transaction.run("UPDATE monitors SET policy = 'what nobody can read'")
    assert looked(api).status_code == 404
    environ(STATUS_PAGE="true")
    assert looked(api).status_code == 500


def test_a_browser_gets_a_page_where_nothing_is(api: Api) -> None:
    response = looked(api, "/status/nope")
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert "There is no such page" in response.text
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert looked(api, "/status/nope", Accept="application/json").mimetype == "application/problem+json"


def test_pages_need_no_key_in_any_mode(api: Api, environ: Callable[..., None]) -> None:
    opened(api)
    environ(API_AUTH="all")
    assert looked(api).status_code == 200


@on_each_engine
def test_everything_works_while_all_respond(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    page = html(api)
    assert sentence(page) == "Everything works"
    assert "All 3 services answered at" in page
    assert "<title>✓ Everything works · The shop</title>" in page
    assert "No outage in the past 90 days." in page
    assert '<details class="grp" id="g1"><summary>' in page, "healthy groups are folded"
    assert "All 3 work" in page


@on_each_engine
def test_one_that_fails_is_the_sentence_until_it_works_again(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    for _ in range(3):
        seen(api, "Checkout", ok=False)
    page = html(api)
    assert sentence(page) == "Checkout is down"
    assert "It is not only you: since" in page
    assert "We have noticed it." in page
    assert "The other 2 services work." in page
    assert '<details class="grp" id="g1" open>' in page
    names = re.findall(r'<b dir="auto">(.*?)</b></a>', page)
    assert names == ["Checkout", "Home page", "Search"], "what is wrong stands first"
    api.patch(1, status="ACK", by="kim")
    assert "We are working on it." in html(api)
    seen(api, "Checkout")
    page = html(api)
    assert sentence(page) == "Everything works"
    assert "Checkout</bdi> was down" in page


def test_a_failure_below_the_threshold_is_checked_again(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    seen(api, "Search", ok=False)
    assert sentence(html(api)) == "Search is being checked again"
    assert said(api)["state"] == "PENDING"


def test_several_that_fail_are_counted(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    for _ in range(3):
        seen(api, "Checkout", "Search", ok=False)
    page = html(api)
    assert sentence(page) == "2 of 3 services are down"
    assert "Affected: Checkout, Search." in page


def test_nobody_knows_what_was_not_checked_lately(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC, timestamp=as_text(now() - timedelta(hours=1)))
    page = html(api)
    assert sentence(page) == "We have no news of 3 of 3 services"
    assert "Everything works" not in page


@pytest.mark.parametrize(("language", "words"), [("en", "no data"), ("ko", "기록 없음")])
def test_what_was_never_checked_has_no_uptime(api: Api, language: str, words: str) -> None:
    opened(api)
    assert f"<span>{words}</span>" in looked(api, f"/status?lang={language}").text


def test_korean_says_the_same(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    page = looked(api, "/status", Accept_Language="ko-KR,ko").text
    assert sentence(page) == "모두 정상입니다"
    assert '<html lang="ko">' in page
    assert 'href="?lang=en"' in page
    chosen = looked(api, "/status?lang=ko")
    assert sentence(chosen.text) == "모두 정상입니다"
    assert "Accept-Language" not in chosen.headers.get("Vary", ""), "the address says the language"
    assert "Accept-Language" in looked(api).headers["Vary"]


@pytest.mark.parametrize(
    ("period", "form", "began"),
    [("24h", "d24", "24 h ago"), ("90d", "d90", "90 days ago"), ("12m", "d12", "12 months")],
)
def test_a_period_has_its_bars(api: Api, period: str, form: str, began: str) -> None:
    opened(api)
    seen(api, *PUBLIC)
    page = html(api, f"/status?period={period}")
    assert page.count(f'class="bars b {form}"') == 3
    assert began in page
    assert f'<a href="?period={period}" aria-current="true">' in page


def test_a_window_is_announced_and_then_the_sentence(api: Api) -> None:
    soon = {"starts_at": as_text(now() + timedelta(days=3)), "duration": "1h"}
    window: dict[str, Any] = {"title": "Patching", "kind": "maintenance", "monitors": ["Search"], **soon}
    far = {**window, "title": "Far away", "starts_at": as_text(now() + timedelta(days=20))}
    silent = {**window, "title": "Quiet", "kind": "silence"}
    foreign = {**window, "title": "Not yours", "monitors": ["secret-database"]}
    opened(api, windows=[window, far, silent, foreign])
    seen(api, *PUBLIC)
    page = html(api)
    assert "<h2>Planned</h2>" in page
    assert "Patching" in page
    assert not [title for title in ("Far away", "Quiet", "Not yours") if title in page]
    [shown] = said(api)["windows"]
    assert (shown["title"], shown["monitors"], shown["is_active"]) == ("Patching", ["Search"], False)


def test_days_are_counted_by_what_happened_on_them(api: Api) -> None:
    opened(api)
    seen(api, "Checkout", timestamp=as_text(now() - timedelta(minutes=1)))
    for _ in range(3):
        seen(api, "Checkout", ok=False)
    page = html(api)
    assert re.search(r'role="group" aria-label="Checkout: \d+\.\d\d\xa0%, 90 days; trouble once"', page)
    assert '<a href="#o1" aria-label="' in page, "its day leads to its story"
    assert 'id="o1"' in page


def test_what_is_paused_says_nothing_of_the_others(api: Api) -> None:
    applied(api, *policies(enabled=False), status_page={"groups": ["Shop"]})
    seen(api, "Home page", "Search")
    page = html(api)
    assert sentence(page) == "Everything works"
    assert "All 2 services answered" in page
    assert '<span class="st paus">Paused</span>' in page
    assert '<span class="st up">All 2 work</span>' in page, "nor of its group"


def test_response_times_are_a_line(api: Api) -> None:
    opened(api)
    for hours, milliseconds in ((3, 120), (2, 300), (1, 250), (0, 200)):
        at = as_text(now() - timedelta(hours=hours))
        seen(api, "Search", timestamp=at, response_time_ms=milliseconds)
    assert fold(open_store(Settings.from_env()).database, now() + timedelta(minutes=2)) == 4
    page = html(api)
    [label] = re.findall(r'class="spark" [^>]*aria-label="([^"]*)"', page)
    assert re.fullmatch(r"Response time, 24 h, now (19|20)\d\xa0ms", label)
    number = next(each["id"] for each in said(api)["groups"][0]["monitors"] if each["name"] == "Search")
    assert 'class="spark big"' in html(api, f"/status/monitors/{number}")


def test_nobody_makes_a_page_anew_by_asking_for_nonsense(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    assert api.call("GET", "/status?lang=en", key=None).status_code == 200
    made = readings(Settings.from_env()).get(Settings.from_env())._made
    count = len(made)
    for nonsense in ("theme=1", "period=2", "x=3", "theme=4&x=5"):
        assert api.call("GET", f"/status?lang=en&{nonsense}", key=None).status_code == 200
    assert len(made) == count


def test_readings_are_shared_for_ten_seconds(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    first = looked(api)
    store = open_store(Settings.from_env())
    asked = []
    snapshot = store.database.snapshot

    def counted() -> Any:
        asked.append(1)
        return snapshot()

    store.database.snapshot = counted  # type: ignore[method-assign]
    try:
        for language in ("en", "ko", "en"):
            again = api.call("GET", f"/status?lang={language}", key=None)
            assert again.status_code == 200
        same = api.call(
            "GET", "/status", key=None, headers={"If-None-Match": first.headers["ETag"], "Accept-Language": "en"}
        )
    finally:
        del store.database.snapshot
    assert asked == []
    assert same.status_code == 304


def test_a_chosen_theme_changes_nothing_that_caches_keep(api: Api) -> None:
    """The page's script applies it, so that one page serves all."""
    opened(api)
    plain, dark = looked(api), looked(api, Cookie="bonghwa_theme=dark")
    assert (dark.data, dark.headers["ETag"]) == (plain.data, plain.headers["ETag"])
    assert "Cookie" not in dark.headers["Vary"]
    assert "public" in dark.headers["Cache-Control"]


@on_each_engine
def test_an_outage_that_goes_on_is_shown_however_many_came_after_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "MOST_OUTAGES", 2)
    policies = [{"name": name, "group": "Shop", "url": "http://a.example/", "failure_threshold": 1} for name in PUBLIC]
    hidden = {"name": "hidden-rack", "url": "http://a.example/", "failure_threshold": 1}
    applied(api, *policies, hidden, status_page={})
    first, second, third = PUBLIC
    seen(api, first, ok=False)
    for name in (second, second, third, *["hidden-rack"] * 3):
        for ok in (False, True):
            seen(api, name, ok=ok)
    page = page_of(readings(Settings.from_env()).get(Settings.from_env()).facts, "")
    assert page is not None
    assert [each["name"] for each in page.open] == [first]
    assert [each["name"] for each in page.past] == [third, second], "the last two of those that ended and are shown"
