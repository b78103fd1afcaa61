"""Each link within a page leads to something on it, however much there is."""

import re

import pytest

from tests.functions.api import Api
from tests.functions.manage_monitors.watched import applied
from tests.functions.status_page.watched import PUBLIC, html, opened, said, seen

pytestmark = pytest.mark.slow


def test_few_of_many_outages_stand_above_the_services(api: Api) -> None:
    names = [f"m{number:02}" for number in range(20)]
    applied(api, *({"name": name, "group": "Shop", "url": "http://a.example/"} for name in names), status_page={})
    for _ in range(3):
        seen(api, *names, ok=False)
    shown, summary, rest = html(api).partition("<summary>12 more</summary>")
    assert summary
    assert (shown.count('class="card inc'), rest.count('class="card inc')) == (8, 12)
    assert leads_nowhere(api) == [], "an outage among the others has its place on the page, too"
    assert "<summary>12건 더</summary>" in html(api, "/status?lang=ko")


def test_each_day_of_a_bar_leads_to_what_is_on_the_page(api: Api) -> None:
    opened(api)
    seen(api, *PUBLIC)
    for _ in range(3):
        seen(api, "Checkout", ok=False)
    assert leads_nowhere(api) == []
    incident = {"title": "Payments", "text": "We look.", "monitors": ["Checkout"]}
    assert api.call("POST", "/incidents", incident).status_code == 201
    assert leads_nowhere(api) == []
    seen(api, "Checkout")
    assert leads_nowhere(api) == []
    api.call("PATCH", "/incidents/1", {"state": "resolved", "text": "Over."})
    assert leads_nowhere(api) == []
    [entry] = [each for each in said(api, "/status/feed.json")["items"] if "#o" in each["id"]]
    assert entry["url"].endswith("#i1")
    assert 'id="services"' in html(api, "/status/monitors/2"), "where a day of maintenance leads"


def leads_nowhere(api: Api) -> list[str]:
    """The links within the page, and within a monitor's, whose element is not there."""
    found = []
    for path in ("/status", "/status/monitors/2"):
        page = html(api, path)
        links = {*re.findall(r'href="#([^"]+)"', page)} - {"main"}
        assert links, path
        found += [f"{path}#{link}" for link in links if f'id="{link}"' not in page]
    return found
