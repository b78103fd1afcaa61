"""An edit changes what somebody changed in the form, and keeps every other value to the letter."""

from typing import Any

import pytest

from shared.store import Store
from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import URL, new, stored
from tests.functions.dashboard.monitors.filled import filled

pytestmark = pytest.mark.slow

EDIT = "/dashboard/monitors/1/edit"
SQL = "postgres://db.example/shop"
OAUTH2 = {"token_url": "https://id.example/", "client_id": "a", "client_secret": "s3cret"}


@pytest.mark.parametrize(
    "policy",
    [
        {"url": SQL, "query": "SELECT 1\nFROM shop -- all of it\nWHERE true"},
        {"url": SQL, "query": "\r\nSELECT 1\r"},
        {"keyword": " ready ", "forbidden_keyword": "a\nb"},
        {"method": "POST", "body": "a\r\nb\r\n"},
        {"method": "POST", "body": "\n a\n", "headers": {"X": "  y: z ", "Authorization": "s3cret"}},
        {"url": "tcp://a.example:80", "body": "   "},
        {"tags": ["a, b", "c"], "locations": ["x, y"], "depends_on": ["Seoul, KR"]},
        {"oauth2": {**OAUTH2, "scopes": ["a\tb"]}},
        {"oauth2": OAUTH2, "client_certificate": {"certificate": "/a.pem\r\n", "key": "/a.key\r\n"}},
        {"conditions": ["[BODY] == a\u2028b"], "description": " a\r\nb "},
    ],
)
def test_what_nobody_changed_stays(signed_in: Browser, api: Api, store: Store, policy: dict[str, Any]) -> None:
    assert api.call("POST", "/monitors", {"name": "Seoul, KR", "url": URL}).status_code == 201
    assert api.call("POST", "/monitors", {"name": "shop", "url": URL, **policy}).status_code == 201
    before = store.monitors.get(2).policy
    assert before is not None
    edit = "/dashboard/monitors/2/edit"
    typed = filled(signed_in.page(edit)) | {"group": ["Web"]}
    assert location(signed_in.send(edit, **typed)) == "/dashboard/monitors/2"
    assert store.monitors.get(2).policy == before.model_copy(update={"group": "Web"})


def test_what_was_tried_stays_too(signed_in: Browser, api: Api, store: Store) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": URL, "body": "a\r\n", "tags": ["a, b"]})
    typed = filled(signed_in.page(EDIT)) | {"keyword": [" new "], "bearer_token": ["s3cret"], "try": ["1"]}
    path = location(signed_in.send(EDIT, **typed)).partition("#")[0]
    assert signed_in.send(EDIT, **filled(signed_in.page(path))).status_code == 303
    policy = store.monitors.get(1).policy
    assert policy is not None
    assert (policy.body, policy.tags, policy.keyword, policy.bearer_token) == ("a\r\n", ("a, b",), " new ", "s3cret")


def test_a_text_of_several_lines_is_typed(signed_in: Browser, api: Api) -> None:
    """A line break at its end is a slip: no answer would contain it."""
    new(signed_in, kind="database", url=SQL, query="SELECT 1 -- one\r\nFROM shop\r\n", keyword=" ready\r\n")
    policy = stored(api)
    assert (policy["query"], policy["keyword"]) == ("SELECT 1 -- one\nFROM shop", " ready")


def test_a_part_that_is_emptied_goes(signed_in: Browser, api: Api) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": URL, "oauth2": OAUTH2})
    gone = {f"oauth2.{name}": [""] for name in OAUTH2}
    assert signed_in.send(EDIT, **(filled(signed_in.page(EDIT)) | gone)).status_code == 303
    assert stored(api)["oauth2"] is None
