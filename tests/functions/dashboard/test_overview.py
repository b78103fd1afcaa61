"""The overview: its sentences are true, what is wrong comes first, and the list finds what one looks for."""

import gzip
import itertools
import json
import re
from collections.abc import Sequence
from datetime import timedelta
from html import unescape

import pytest

from shared.models import AlertKind, as_text, now
from shared.monitors.policy import Policy
from shared.store import Store
from shared.store.tables import alerts, state_changes
from tests.functions.api import FAILURE, SUCCESS, Api
from tests.functions.dashboard.conftest import Browser
from tests.support.builders import routes

pytestmark = pytest.mark.slow

STATES = ("UP", "DOWN", "PENDING", "UNKNOWN", "MAINTENANCE", "PAUSED")


def watch(store: Store, states: Sequence[str], **fields: object) -> None:
    """Monitors in these states, checked just now."""
    at = now()
    policies = [
        Policy.model_validate({"name": f"m{n:04}", "url": "http://a.example/", **fields}) for n in range(len(states))
    ]
    store.monitors.apply(policies, {}, {}, now=at - timedelta(hours=30), channels=routes("console"))
    with store.database.transaction() as transaction:
        for number, state in enumerate(states):
            transaction.rows(
                "UPDATE monitors SET state = :state, is_watched = :is_watched, since = :since, last_checked_at = :at "
                "WHERE name = :name",
                name=f"m{number:04}",
                state="UNKNOWN" if state == "PAUSED" else state,
                is_watched=int(state != "PAUSED"),
                since=as_text(at - timedelta(minutes=5)),
                at=as_text(at),
            )
            if state == "DOWN":
                alerts.add(transaction, AlertKind.OUTAGE, f"m{number:04}", cause="x", failed_at=at, opened_at=at)


def sentence(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page, re.DOTALL)
    assert found
    return unescape(re.sub("<.*?>", "", found[1]))


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (["UP"], "The only monitor works"),
        (["UP", "UP", "UP"], "All 3 monitors work"),
        (["UP", "PAUSED"], "The only monitor that is checked now works"),
        (["UP", "UP", "MAINTENANCE"], "All 2 monitors that are checked now work"),
        (["MAINTENANCE", "PAUSED"], "Nothing is checked at the moment"),
        (["PAUSED"], "Nothing is checked at the moment"),
        (["UP", "DOWN"], "m0001 is down"),
        (["DOWN", "UP", "DOWN", "PENDING"], "2 of 4 monitors are down"),
        (["UP", "PENDING"], "m0001 is being checked again"),
        (["UNKNOWN", "UP"], "Nobody knows how m0000 is"),
        (["UNKNOWN", "UNKNOWN", "UP"], "Nobody knows how 2 of 3 monitors are"),
    ],
)
def test_the_sentence_says_how_it_is(browser: Browser, store: Store, states: list[str], said: str) -> None:
    watch(store, states)
    assert sentence(browser.page("/dashboard")) == said


@pytest.mark.slow
def test_no_combination_of_states_is_called_well_that_is_not(browser: Browser, store: Store) -> None:
    for states in itertools.combinations_with_replacement(STATES, 3):
        with store.database.transaction() as transaction:
            for table in ("alerts", "state_changes", "monitors"):
                transaction.rows(f"DELETE FROM {table}")
        watch(store, states)
        page = browser.page("/dashboard")
        is_well = "work" in sentence(page)
        assert is_well is ("UP" in states and not {"DOWN", "PENDING", "UNKNOWN"} & set(states)), states
        assert ("isdown" in page) is ("DOWN" in states), states
        assert ("down ·" in page.partition("</title>")[0]) is ("DOWN" in states), states


@pytest.mark.parametrize(
    ("acknowledged", "said"),
    [(0, "Nobody is on any of them."), (1, "Nobody is on 1 of them."), (2, "Somebody is on each")],
)
def test_the_sentence_says_who_is_on_it(browser: Browser, store: Store, api: Api, acknowledged: int, said: str) -> None:
    watch(store, ["DOWN", "DOWN", "UP"])
    for number in range(acknowledged):
        api.patch(number + 1, status="ACK", by="kim")
    page = browser.page("/dashboard")
    assert said in page
    assert page.count("kim</bdi> has it since") == acknowledged


def test_what_nobody_is_on_comes_first(browser: Browser, store: Store, api: Api) -> None:
    watch(store, ["DOWN", "DOWN", "DOWN"])
    api.patch(1, status="ACK", by="kim")
    cards = re.findall(r'<article class="bad.*?<a dir="auto" href="[^"]*">(\w+)</a>', browser.page("/dashboard"))
    assert cards == ["m0001", "m0002", "m0000"]


def test_many_outages_fold(browser: Browser, store: Store) -> None:
    watch(store, ["DOWN"] * 12)
    shown, _, folded = browser.page("/dashboard").partition('<details id="more-wrong"')
    assert shown.count('<article class="bad') == 8
    assert folded.count('<article class="bad') == 4
    assert "4 more" in folded


def names(page: str) -> list[str]:
    return re.findall(r'<tr id="m\d+">.*?<a dir="auto" href="[^"]*">([^<]*)</a>', page)


def test_the_list_begins_with_what_is_wrong(browser: Browser, store: Store) -> None:
    watch(store, ["UP", "PAUSED", "DOWN", "UNKNOWN", "PENDING", "MAINTENANCE"])
    assert names(browser.page("/dashboard")) == ["m0002", "m0004", "m0005", "m0003", "m0001", "m0000"]


@pytest.fixture
def many(api: Api) -> None:
    for name, group, tags in (("shop", "Web", ["eu"]), ("search", "Web", ["eu", "us"]), ("db & co", "Data", [])):
        url = f"https://{name.replace(' & ', '-')}.example/"
        assert (
            api.call("POST", "/monitors", {"name": name, "url": url, "group": group, "tags": tags}).status_code == 201
        )
    api.post({**SUCCESS, "monitor": "shop", "timestamp": as_text(now())})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"shop", "search", "db &amp; co"}),
        ("?q=SHOP", {"shop"}),
        ("?q=db-co.example", {"db &amp; co"}),
        ("?q=web+us", {"search"}),
        ("?group=Web", {"shop", "search"}),
        ("?tag=us", {"search"}),
        ("?state=up", {"shop"}),
        ("?state=nonsense", {"shop", "search", "db &amp; co"}),
        ("?state=unk&group=Web", {"search"}),
        ("?q=nothing+like+it", set()),
    ],
)
@pytest.mark.usefixtures("many")
def test_the_list_finds_what_one_looks_for(browser: Browser, query: str, found: set[str]) -> None:
    page = browser.page(f"/dashboard{query}")
    assert set(names(page)) == found
    assert ("No monitor matches" in page) == (not found)


@pytest.mark.usefixtures("many")
def test_groups_are_tiles_that_lead_to_their_monitors(browser: Browser) -> None:
    page = browser.page("/dashboard")
    assert re.findall(r'href="(\?group=\w+)#list"', page) == ["?group=Data", "?group=Web"]


def test_changes_are_what_is_new(browser: Browser, api: Api) -> None:
    api.post({**SUCCESS, "monitor": "a", "timestamp": as_text(now() - timedelta(minutes=5))})
    api.post({**SUCCESS, "monitor": "b", "timestamp": as_text(now() - timedelta(minutes=5))})
    found = re.search(r'data-since="([^"]+)"', browser.page("/dashboard"))
    assert found
    first = json.loads(browser.page(f"/dashboard/changes?since={found[1]}"))
    assert first["rows"] == {}
    api.post({**FAILURE, "monitor": "b", "timestamp": as_text(now())})
    news = json.loads(browser.page(f"/dashboard/changes?since={first['since']}"))
    assert list(news["rows"]) == ["2"]
    assert 'class="st down"' in news["rows"]["2"]
    assert "b is down" in re.sub("<.*?>", "", news["head"])
    assert news["title"] == "✕ 1 down · Bonghwa"
    assert '<span class="st down">Down</span><b class="n">1</b>' in news["counts"]
    assert 'class="bc b5"' in news["mark"]


@pytest.mark.parametrize(
    "since", ["", "x", "1.2", "1.0.1", "99999999999999.0.1", f"{'9' * 15}.0.1", "-1.0.1", "1.0.1.1", "٣.0.1"]
)
def test_too_old_a_page_is_loaded_again(browser: Browser, api: Api, since: str) -> None:
    api.post(SUCCESS)
    assert json.loads(browser.page(f"/dashboard/changes?since={since}")) == {"reload": True}


def test_a_new_monitor_reloads_the_page(browser: Browser, api: Api) -> None:
    api.post(SUCCESS)
    found = re.search(r'data-since="([^"]+)"', browser.page("/dashboard"))
    assert found
    api.call("POST", "/monitors", {"name": "new", "url": "https://new.example/"})
    assert json.loads(browser.page(f"/dashboard/changes?since={found[1]}")) == {"reload": True}


@pytest.mark.slow
def test_a_thousand_monitors_weigh_little(signed_in: Browser, store: Store) -> None:
    """With what the browser loads beside the page, and the headers."""
    states = [STATES[number % 6] if number % 40 == 0 else "UP" for number in range(1_000)]
    watch(store, states)
    with store.database.transaction() as transaction:
        for number in range(1_000):
            transaction.rows(
                "UPDATE monitors SET group_name = :group_name, since = :since WHERE name = :name",
                name=f"m{number:04}",
                group_name=f"group {number % 12}",
                since=as_text(now() - timedelta(seconds=number * 977)),
            )
    response = signed_in.get("/dashboard", **{"Accept-Encoding": "gzip"})
    assert len(names(gzip.decompress(response.data).decode())) == 1_000
    weight = len(response.data) + len(str(response.headers))
    for path in re.findall(r'(?:href|src)="\./(assets/[^"]+)"', gzip.decompress(response.data).decode()):
        asset = signed_in.get(f"/{path}", **{"Accept-Encoding": "gzip"})
        weight += len(asset.data) + len(str(asset.headers))
    assert weight <= 30_000


def test_it_speaks_korean(browser: Browser, store: Store) -> None:
    watch(store, ["DOWN", "UP"])
    page = browser.get("/dashboard", **{"Accept-Language": "ko"}).text
    assert sentence(page) == "m0000 장애"
    assert "알림은 제대로 가나요?" in page
    browser.page("/dashboard?lang=ko")
    assert sentence(browser.page("/dashboard")) == "m0000 장애", "the choice is kept"


def test_bars_show_what_was(browser: Browser, store: Store, api: Api) -> None:
    watch(store, ["UP", "UP"])
    with store.database.transaction() as transaction:
        at = now() - timedelta(hours=3)
        slow = alerts.add(transaction, AlertKind.DEGRADED, "m0000", cause="x", failed_at=at, opened_at=at)
        state_changes.add(transaction, 1, "UNKNOWN", "UP", at - timedelta(hours=9), "healthy")
        state_changes.add(transaction, 2, "UNKNOWN", "UP", at - timedelta(hours=9), "healthy")
        state_changes.add(transaction, 2, "UP", "DOWN", at, "threshold_met")
        state_changes.add(transaction, 2, "DOWN", "MAINTENANCE", at + timedelta(minutes=1), "maintenance")
        state_changes.add(transaction, 2, "MAINTENANCE", "UP", at + timedelta(hours=2, minutes=30), "healthy")
    page = browser.page("/dashboard")
    first, second = (re.search(rf'<tr id="m{number}">.*?</div>', page, re.DOTALL) for number in (1, 2))
    assert first
    assert second
    assert 'class="g"' in first[0], "slow"
    assert "100\xa0% in 24 h; no outage" in first[0]
    assert 'class="d"' in second[0]
    assert 'class="p"' in second[0]
    assert "1\xa0min down" in second[0]
    assert api.get(f"/alerts/{slow.id}")["kind"] == "DEGRADED"


def test_links_hold_behind_any_prefix(signed_in: Browser, api: Api) -> None:
    api.post({**FAILURE, "timestamp": as_text(now())})
    for path in ("/dashboard", "/dashboard/alerts/1", "/dashboard/monitors/1/edit", "/dashboard/monitors/new"):
        page = signed_in.get(path).text
        assert not re.findall(r'(?:href|src|action)="/[^"]*"', page), path
    prefixed = api.alone("dashboard", "GET", "/prod/dashboard/monitors/1")
    assert 'href="../../dashboard/alerts/1"' in prefixed.text


def test_a_chosen_theme_is_drawn_at_once(browser: Browser) -> None:
    assert "data-theme" not in browser.page("/dashboard/agents")
    browser.client.set_cookie("bonghwa_theme", "dark")
    page = browser.page("/dashboard/agents")
    assert '<html lang="en" data-theme="dark">' in page
    assert 'value="dark" checked' in page
    browser.client.set_cookie("bonghwa_theme", "x onload=y")
    page = browser.page("/dashboard/agents")
    assert "onload" not in page
    assert 'value="auto" checked' in page
