"""/incidents: written, continued, ended and removed by people, and what visitors see of it."""

import re
from datetime import timedelta
from typing import Any

import pytest

from shared.models import now
from shared.settings import Settings
from shared.store import open_store
from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import refused
from tests.functions.status_page.watched import PUBLIC, html, looked, opened, said, seen

pytestmark = pytest.mark.slow

NEW = {"title": "Payments fail", "text": "We are looking for the cause.", "monitors": ["Checkout"]}


def made(api: Api, **fields: Any) -> Any:
    response = api.call("POST", "/incidents", {**NEW, **fields})
    assert response.status_code == 201, response.text
    return response.json


def patched(api: Api, **fields: Any) -> Any:
    response = api.call("PATCH", "/incidents/1", fields)
    assert response.status_code == 200, response.text
    return response.json


@pytest.fixture(autouse=True)
def shop(api: Api) -> None:
    opened(api)


@on_each_engine
def test_an_incident_is_continued_until_it_is_resolved(api: Api) -> None:
    first = made(api)
    assert {name: first[name] for name in ("id", "state", "resolved_at", *NEW)} == {
        **NEW,
        "id": 1,
        "state": "investigating",
        "resolved_at": None,
    }
    assert [(each["state"], each["text"]) for each in first["updates"]] == [("investigating", NEW["text"])]
    patched(api, state="identified", text="The processor refuses us.")
    patched(api, title="Payments by card fail")
    last = patched(api, state="resolved")
    assert [(each["state"], each["text"]) for each in last["updates"]] == [
        ("investigating", NEW["text"]),
        ("identified", "The processor refuses us."),
        ("resolved", ""),
    ]
    assert (last["title"], last["text"]) == ("Payments by card fail", "The processor refuses us.")
    assert last["resolved_at"] == last["updates"][-1]["at"]
    assert patched(api, state="monitoring")["resolved_at"] is None
    assert api.get("/incidents/1") == api.get("/incidents")["incidents"][0]


@on_each_engine
def test_incidents_are_listed_newest_first_and_removed(api: Api) -> None:
    for number in range(3):
        made(api, title=f"Number {number}")
    page = api.get("/incidents?limit=2")
    assert [each["title"] for each in page["incidents"]] == ["Number 2", "Number 1"]
    assert [each["title"] for each in api.get(f"/incidents?cursor={page['next']}")["incidents"]] == ["Number 0"]
    assert api.call("DELETE", "/incidents/3").status_code == 204
    for method in ("GET", "DELETE"):
        refused(api.call(method, "/incidents/3"), 404)
    refused(api.call("PATCH", "/incidents/3", {"text": "x"}), 404)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"text": "x" * 10_001}, "text"),
        ({"state": "over"}, "state"),
        ({"monitors": ["nobody"]}, "monitors"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_malformed_incident_is_refused(api: Api, fields: dict[str, Any], field: str) -> None:
    assert refused(api.call("POST", "/incidents", {**NEW, **fields}))["field"] == field
    made(api)
    assert refused(api.call("PATCH", "/incidents/1", fields))["field"] == field


def test_changes_need_the_key_in_every_mode(api: Api) -> None:
    made(api)
    assert api.call("POST", "/incidents", NEW, key=None).status_code == 401
    assert api.call("PATCH", "/incidents/1", {"text": "x"}, key=None).status_code == 401
    assert api.call("DELETE", "/incidents/1", key=None).status_code == 401
    assert api.call("GET", "/incidents", key=None).status_code == 200
    assert patched(api)["updates"] == patched(api, title=NEW["title"])["updates"], "nothing is said"
    refused(api.call("GET", "/incidents/one"), 404)


def test_visitors_see_it_at_once_and_its_title_is_the_sentence(api: Api) -> None:
    seen(api, *PUBLIC)
    for _ in range(3):
        seen(api, "Checkout", ok=False)
    made(api, text="Payments fail for **everyone**. See [their page](https://example.org/).")
    patched(api, state="identified", text="<b>not markup</b> ![no](https://example.org/i.png)")
    page = html(api)
    assert '<h1 dir="auto">Payments fail</h1>' in page
    assert "We are working on it." in page
    assert "Affected: Checkout" in page
    assert "Payments fail for <b>everyone</b>." in page
    assert '<a href="https://example.org/" rel="nofollow noopener">their page</a>' in page
    assert "&lt;b&gt;not markup&lt;/b&gt;" in page
    assert "<img" not in page
    assert page.index("Cause found") < page.index("Looking into it"), "the last words stand first"
    assert page.count('id="o1"') == 0, "the incident tells of the outage"
    [shown] = said(api)["incidents"]
    assert (shown["title"], shown["state"], shown["monitors"]) == ("Payments fail", "identified", ["Checkout"])


def test_what_is_over_keeps_its_last_words(api: Api) -> None:
    seen(api, *PUBLIC)
    made(api)
    page = html(api)
    assert '<h1 dir="auto">Payments fail</h1>' in page
    assert "Our checks see no outage at the moment." in page
    patched(api, state="resolved", text="A certificate had expired.")
    page = html(api)
    assert "Everything works" in page
    assert "A certificate had expired." in page.partition('id="past"')[2]
    assert "Payments fail · Fixed" in looked(api, "/status/feed.atom").text


def test_without_monitors_it_is_on_every_page(api: Api) -> None:
    opened(api, status_pages={"other": {"groups": ["Elsewhere"]}})
    made(api, monitors=[])
    made(api, title="Only the shop")
    assert [each["title"] for each in said(api)["incidents"]] == ["Only the shop", "Payments fail"]
    assert [each["title"] for each in said(api, "/status/other.json")["incidents"]] == ["Payments fail"]


def test_updates_over_days_have_their_dates(api: Api) -> None:
    incidents = open_store(Settings.from_env()).incidents
    began = now() - timedelta(days=2)
    first = incidents.add("Payments fail", "We look into it.", "investigating", [], now=began)
    incidents.change(first.id, text="We found it.", state="identified", now=now())
    forms = re.findall(r'</b> · <time datetime="[^"]*" data-l="(.)">', html(api))
    assert forms == ["t", "d"], "the newest stands first"
