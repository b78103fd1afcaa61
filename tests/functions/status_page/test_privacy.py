"""Private things are nowhere, and hostile ones do nothing."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.status_page.visible import page_of, publicly
from shared.settings.status_pages import MAIN
from tests.functions.api import Api
from tests.functions.manage_monitors.watched import applied
from tests.functions.status_page.watched import HOST, PRIVATE, PUBLIC, html, looked, opened, policies, said, seen

pytestmark = pytest.mark.slow

EVERYWHERE = (
    *("/status", "/status?period=24h", "/status?period=12m&lang=ko", "/status.json", "/status/feed.atom"),
    *("/status/feed.json", "/status/monitors/1", "/badge/1/status.svg", "/badge/1/uptime.svg", "/embed/1"),
)


@pytest.mark.parametrize("path", EVERYWHERE)
def test_nothing_private_is_anywhere(api: Api, path: str) -> None:
    opened(api)
    seen(api, *PUBLIC, *PRIVATE)
    cause = f"connection refused by {HOST}:5432"
    for _ in range(3):
        seen(api, "Checkout", *PRIVATE, ok=False, error_message=cause)
    incident = {"title": "Payments fail", "text": "We look", "monitors": ["Checkout", "secret-database"]}
    assert api.call("POST", "/incidents", incident).status_code == 201
    other = {"title": "Inner matters", "text": "Nobody sees it", "monitors": ["secret-database"]}
    assert api.call("POST", "/incidents", other).status_code == 201
    text = looked(api, path).text
    assert not [each for each in (*PRIVATE, HOST, "5432", "Inner matters") if each in text]


def test_what_is_private_looks_like_what_is_not_there(api: Api) -> None:
    opened(api)
    ids = {each["name"]: each["id"] for each in api.get("/monitors")["monitors"]}
    for name in PRIVATE:
        for path in ("/badge/{}/status.svg", "/embed/{}", "/status/monitors/{}"):
            known, unknown = looked(api, path.format(ids[name])), looked(api, path.format(999))
            assert (known.status_code, known.text) == (unknown.status_code, unknown.text) == (404, unknown.text)


def test_a_url_is_shown_only_if_it_may_be(api: Api) -> None:
    applied(api, *policies(hide_url=False), status_page={"groups": ["Shop"]})
    assert html(api).count(HOST) == 1
    [url] = [each["url"] for each in said(api)["groups"][0]["monitors"] if "url" in each]
    assert url == f"http://{HOST}/1"


def test_one_without_a_group_can_be_public(api: Api) -> None:
    lonely = {"name": "lonely", "url": "http://a.example/", "public": True}
    applied(api, *policies(), lonely, status_page={"groups": ["Shop"]})
    assert said(api)["groups"][-1]["monitors"][0]["name"] == "lonely"


def test_what_is_public_is_on_no_other_groups_page(api: Api) -> None:
    """A page for each customer, who sees nobody else's monitors, public or not."""
    lonely = {"name": "lonely", "url": "http://a.example/", "public": True}
    shops = [{**each, "public": True} for each in policies()[:3]]
    pages = {"other": {"groups": ["Elsewhere"], "password": "an-open-sesame"}, "second": {"groups": ["Second"]}}
    second = {"name": "second-shop", "group": "Second", "url": "http://a.example/", "public": True}
    applied(api, *shops, second, lonely, status_page={"groups": ["Shop"]}, status_pages={**pages, "all": {}})
    seen(api, *PUBLIC, "lonely", "second-shop", ok=False)

    def names(path: str) -> set[str]:
        return {each["name"] for group in said(api, path)["groups"] for each in group["monitors"]}

    everybody = {*PUBLIC, "lonely", "second-shop"}
    assert names("/status.json") == names("/status/all.json") == everybody
    assert names("/status/second.json") == {"second-shop"}
    for path in ("/status/second", "/status/second/feed.atom"):
        assert not [name for name in (*PUBLIC, "lonely") if name in looked(api, path).text]
    assert "Others" in html(api)


HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "ا ب ج & < >",
    "x" * 190,
    "🔥" * 90,
]


class Parsed(HTMLParser):
    """The page as a browser reads it: its elements and their attributes."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def runs(self) -> list[tuple[str, dict[str, str | None]]]:
        """Parts of a page that run, are fetched from elsewhere, or style themselves."""
        return [(tag, given) for tag, given in self.tags if _does_something(tag, given)]


def _does_something(tag: str, given: dict[str, str | None]) -> bool:
    links = [given.get(name) or "" for name in ("href", "src", "action")]
    has_handler = any(name.startswith("on") or name == "style" for name in given)
    is_inline = tag == "script" and "/assets/bonghwa-" not in (given.get("src") or "")
    leads_away = any(link.split(":")[0].lower() in ("javascript", "data", "http", "https") for link in links)
    return has_handler or is_inline or leads_away or tag in ("img", "iframe", "object", "style", "base")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_do_nothing(api: Api, text: str) -> None:
    page = {"title": text, "groups": [text], "footer": text}
    shown = {"name": text, "group": text, "url": "http://a.example/"}
    window = {"kind": "maintenance", "title": text, "monitors": [text], "duration": "1h"}
    applied(api, shown, status_page=page, windows=[window])
    seen(api, text)
    incident = {"title": text, "text": text, "monitors": [text]}
    assert api.call("POST", "/incidents", incident).status_code == 201
    for path in ("/status", "/status/monitors/1", "/embed/1", "/badge/1/status.svg"):
        response = looked(api, path)
        assert response.status_code == 200, response.text
        markup = response.text
        assert Parsed(markup).runs() == [], path
        assert "{{" not in text or "{{ 7 * 7 }}" in markup, "a name is no template"
    for path in ("/status/feed.atom", "/status/feed.json"):
        assert looked(api, path).status_code == 200


@pytest.mark.parametrize("name", ["..%2f..%2f.env", "bonghwa.css", "colors-accent_zzzzzz.css", "%00", "a" * 3_000])
def test_an_asset_is_ours_or_not_there(api: Api, name: str) -> None:
    assert looked(api, f"/assets/{name}").status_code == 404


def test_colours_and_a_logo_come_without_styles_in_the_page(api: Api) -> None:
    page = {"groups": ["Shop"], "colors": {"accent": "#a0F", "down": "#112233"}, "logo": "https://cdn.example/l.png"}
    applied(api, *policies(), status_page=page)
    text = html(api)
    [name] = re.findall(r'href="\./assets/(colors-[^"]*)"', text)
    sheet = looked(api, f"/assets/{name}")
    assert sheet.text.startswith(":root:root{--link:light-dark(#aa00ff,color-mix(in oklab,#aa00ff,#fff 45%));--down:")
    assert sheet.text.count("#112233") == 4
    assert "immutable" in sheet.headers["Cache-Control"]
    assert '<img class="logo" src="https://cdn.example/l.png"' in text
    assert "img-src 'self' https://cdn.example/l.png;" in looked(api).headers["Content-Security-Policy"]
    for logo in ("http://a.example/x.png", "https://a.example/x; script-src *", "javascript:alert(1)"):
        applied(api, *policies(), status_page={**page, "logo": logo})
        assert "logo" not in html(api)
        assert "script-src *" not in looked(api).headers["Content-Security-Policy"]


monitors = st.lists(
    st.fixed_dictionaries(
        {
            "group": st.sampled_from([None, "A", "B"]),
            "public": st.sampled_from([None, True, False]),
            "is_slow": st.booleans(),
            "state": st.sampled_from(["UP", "DOWN", "PENDING", "UNKNOWN", "PAUSED", "MAINTENANCE"]),
        }
    ),
    max_size=6,
)


@settings(max_examples=150)
@given(found=monitors, groups=st.sampled_from([None, ["A"], ["B"], []]), locked=st.booleans())
def test_a_page_holds_nothing_of_what_is_private(found: list[Any], groups: list[str] | None, locked: bool) -> None:
    """With any flags, no name, tag or address of a private monitor is in a page, or in what is kept."""
    blank: dict[str, Any] = {"url": None, "since": None, "checked_at": None, "hours": [], "days": [], "pace": []}
    named = [
        {**blank, **each, "id": number, "name": f"name-{number}-", "tags": [f"tag-{number}-"]}
        for number, each in enumerate(found)
    ]
    names = [each["name"] for each in named]
    facts = {
        "at": "2026-11-28T14:25:00.000Z",
        "pages": {MAIN: {"groups": groups}, "inner": {"password": "scrypt:x:y"} if locked else {"groups": ["A"]}},
        "monitors": named,
        "outages": [{"name": name, "resolved_at": None, "is_slow": False, "failed_at": "x"} for name in names],
        "windows": [{"id": 1, "title": None, "target": "monitors", "names": names}],
        "incidents": [{"id": 1, "title": "t", "monitors": names, "updates": []}],
    }
    wanted = {
        each["name"]
        for each in named
        if (
            each["public"]
            if each["public"] is not None
            else each["group"] and (groups is None or each["group"] in groups)
        )
    }
    page = page_of(facts, MAIN)
    assert page is not None
    assert {each.name for each in page.monitors} == wanted
    assert {*re.findall(r"name-\d-", repr(page))} == wanted
    inner = {
        each["name"] for each in named if (each["public"] is not False) and (each["public"] or each["group"] == "A")
    }
    assert {*re.findall(r"name-\d-", repr(publicly(facts)))} == (wanted if locked else wanted | inner)
    assert "tag-" not in repr(publicly(facts))
    assert "scrypt" not in repr(publicly(facts))


def test_a_path_in_another_script_is_not_found(api: Api) -> None:
    opened(api)
    assert looked(api, f"/status/{quote('상태')}").status_code == 404
