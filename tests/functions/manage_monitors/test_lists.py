"""GET /monitors: filters, pages, and what a caller without a key sees."""

from collections.abc import Callable

import pytest

from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import applied, changed, failed, made, names, refused

BEAT = {"url": None, "interval": "1m", "heartbeat": {"period": "1h"}}


@pytest.mark.slow
@on_each_engine
def test_monitors_are_found_by_what_is_asked(api: Api) -> None:
    applied(api, {"name": "file", "url": "http://a.example/", "group": "Web", "tags": ["eu", 'a "b"']})
    made(api, name="down", group="Web", tags=["EU"])
    paused = made(api, name="paused", group="web")
    failed(api, "down")
    failed(api, "reported")
    changed(api, paused, enabled=False)
    assert {
        query: names(api, query)
        for query in (
            *("", "?source=file", "?source=report", "?source=env", "?name=down", "?name=dow", "?group=Web"),
            *("?tag=eu", "?tag=EU", "?tag=e", "?tag=a%20%22b%22", "?tag=%25", "?state=DOWN", "?state=PAUSED"),
            *("?state=UNKNOWN&group=Web", "?name=&group=", "?later=1"),
        )
    } == {
        "": ["file", "down", "paused", "reported"],
        "?source=file": ["file"],
        "?source=report": ["reported"],
        "?source=env": [],
        "?name=down": ["down"],
        "?name=dow": [],
        "?group=Web": ["file", "down"],
        "?tag=eu": ["file"],
        "?tag=EU": ["down"],
        "?tag=e": [],
        "?tag=a%20%22b%22": ["file"],
        "?tag=%25": [],
        "?state=DOWN": ["down", "reported"],
        "?state=PAUSED": ["paused"],
        "?state=UNKNOWN&group=Web": ["file"],
        "?name=&group=": ["file", "down", "paused", "reported"],
        "?later=1": ["file", "down", "paused", "reported"],
    }


def test_a_cursor_leads_from_page_to_page(api: Api) -> None:
    applied(api, *({"name": f"m{number}", "url": "http://a.example/"} for number in range(5)))
    found, cursor, pages = [], "", 0
    while cursor is not None:
        page = api.get(f"/monitors?limit=2&cursor={cursor}")
        found += [monitor["name"] for monitor in page["monitors"]]
        cursor, pages = page["next"], pages + 1
    assert (found, pages) == ([f"m{number}" for number in range(5)], 3)


@on_each_engine
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("cursor=-1", "cursor"),
        (f"cursor={2**63}", "cursor"),
        ("state=down", "state"),
        ("source=file,api", "source"),
        ("name=a%00b", "name"),
        ("group=%00", "group"),
        (f"tag={'x' * 201}", "tag"),
        ("name=a&name=b", "name"),
    ],
)
def test_a_wrong_parameter_is_named(api: Api, query: str, field: str) -> None:
    assert refused(api.call("GET", f"/monitors?{query}"))["field"] == field


def test_a_heartbeats_token_is_shown_with_a_key_alone(api: Api) -> None:
    monitor = made(api, **BEAT)
    token = monitor["policy"]["heartbeat"]["token"]
    assert len(token) == 32
    path = f"/monitors/{monitor['id']}"
    assert api.get(path)["policy"]["heartbeat"]["token"] == token
    for key in (None, "", "wrong"):
        response = api.call("GET", path, key=key)
        assert (response.status_code, response.json["policy"]["heartbeat"]["token"]) == (200, "***")  # type: ignore[index]
        assert token not in api.call("GET", "/monitors", key=key).text
    assert token in api.call("GET", "/monitors").text


def test_without_any_key_there_monitors_can_be_read(api: Api, environ: Callable[..., None]) -> None:
    made(api, **BEAT)
    environ(API_KEY="")
    for key in (None, "", "any"):
        response = api.call("GET", "/monitors", key=key)
        assert response.status_code == 200
        assert '"token":"***"' in response.text
