"""The list by state: its counts say what its links lead to, and it has the rows that are in the state now."""

import json
import re

import pytest

from shared.store import Store
from tests.functions.dashboard.conftest import Browser
from tests.functions.dashboard.test_overview import watch

pytestmark = pytest.mark.slow


def counts(html: str) -> dict[str, int]:
    """The numbers beside All and each state."""
    found = re.findall(r'<a href="[^"]*"[^>]*>(?:<span class="st (\w+)">[^<]*</span>|All )<b class="n">(\d+)</b>', html)
    return {shown or "all": int(count) for shown, count in found}


def rows(page: str) -> list[str]:
    return re.findall(r'<tr id="m(\d+)"', page)


@pytest.fixture
def states(store: Store) -> Store:
    """Monitors 1 to 4: two that are down, of which one is in the group Web, and two that work."""
    watch(store, ["DOWN", "DOWN", "UP", "UP"], tags=["all"])
    with store.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET group_name = 'Web' WHERE id IN (2, 3)")
        transaction.rows("UPDATE monitors SET group_name = 'Data' WHERE id = 4")
    return store


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"all": 4, "down": 2, "up": 2}),
        ("group=Web", {"all": 2, "down": 1, "up": 1}),
        ("group=Data", {"all": 1, "up": 1}),
        ("tag=all", {"all": 4, "down": 2, "up": 2}),
        ("tag=nothing", {"all": 0}),
        ("q=m0003", {"all": 1, "up": 1}),
        ("group=Web&state=up", {"all": 2, "down": 1, "up": 1}),
        # The chosen state stays, so that one sees why the list is empty.
        ("group=Data&state=down", {"all": 1, "down": 0, "up": 1}),
    ],
)
def test_a_count_is_what_its_link_leads_to(
    browser: Browser, states: Store, query: str, expected: dict[str, int]
) -> None:
    page = browser.page(f"/dashboard?{query}")
    assert counts(page) == expected
    for href, shown in re.findall(r'<a href="(\?[^"#]*)#list"[^>]*><span class="st (\w+)"', page):
        if shown in expected and "state=" in href:
            assert len(rows(browser.page(f"/dashboard{href.replace('&amp;', '&')}"))) == expected[shown]


def test_the_counts_of_changes_are_the_same(browser: Browser, states: Store) -> None:
    """Otherwise they would change after ten seconds."""
    page = browser.page("/dashboard?group=Web&state=down")
    since = re.search(r'data-since="([^"]+)"', page)
    assert since
    news = json.loads(browser.page(f"/dashboard/changes?group=Web&state=down&since={since[1]}"))
    assert counts(news["counts"]) == counts(page) == {"all": 2, "down": 1, "up": 1}


@pytest.mark.parametrize(("query", "is_reloaded"), [("state=down", True), ("state=paus", False), ("group=Web", False)])
def test_a_list_by_state_is_renewed_with_its_rows(
    browser: Browser, states: Store, query: str, is_reloaded: bool
) -> None:
    """Other lists have the same rows whatever the states are."""
    since = re.search(r'data-since="([^"]+)"', browser.page(f"/dashboard?{query}"))
    assert since
    news = json.loads(browser.page(f"/dashboard/changes?{query}&since={since[1]}"))
    assert "rows" in news
    with states.database.transaction() as transaction:
        transaction.rows("UPDATE monitors SET state = 'DOWN' WHERE id = 3")
        transaction.rows("UPDATE monitors SET state = 'UP' WHERE id = 2")
    news = json.loads(browser.page(f"/dashboard/changes?{query}&since={news['since']}"))
    assert (news == {"reload": True}) is is_reloaded
