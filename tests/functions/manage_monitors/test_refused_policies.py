"""Policies that are refused: the answer names field and value, and shows no secret."""

import time
from typing import Any

import pytest

from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import SECRET, SHOP, made, refused

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "name: expected text that is not empty; found ''"),
    ({"name": None}, "name", "name: expected text; found null"),
    ({"name": "a\0b"}, "name", "name: expected text without NUL characters"),
    ({"interval": "30 secs"}, "interval", "interval: expected a duration such as 30s or 5m; found '30 secs'"),
    ({"interval": "500ms"}, "interval", "interval: expected a duration of 1s or more; found '500ms'"),
    ({"retries": "two"}, "retries", "retries: expected a whole number; found 'two'"),
    ({"quorum": "most"}, "quorum", "quorum: expected a whole number, or majority; found 'most'"),
    ({"intervall": "30s"}, "intervall", "intervall: expected interval, the nearest known field"),
    ({"xyzzy": 1}, "xyzzy", "xyzzy: expected the name of a known field"),
    ({"bearer_tokn": SECRET}, "bearer_tokn", "bearer_tokn: expected bearer_token, the nearest known field"),
    (
        {"basic_auth": {"username": "kim", "pasword": SECRET}},
        "basic_auth.password",
        "basic_auth.password: expected a value, since it has to be there",
    ),
    ({"basic_auth": SECRET}, "basic_auth", "basic_auth: expected a mapping, keys and values; found (hidden)"),
    ({"bearer_token": [SECRET]}, "bearer_token", "bearer_token: expected text; found (hidden)"),
    ({"headers": {"Authorization": [SECRET]}}, "headers.Authorization", "expected text; found (hidden)"),
    ({"headers": [SECRET]}, "headers", "found (hidden)"),
    ({"headers": {"a b": "c"}}, "headers", "names of headers, each with its value on one line; found 'a b'"),
    ({"oauth2": {"token_url": "x", "client_id": "y", "client_secret": ["z"]}}, "oauth2.client_secret", "(hidden)"),
    ({"client_certificate": {"certificate": "c", "key": 5}}, "client_certificate.key", "found (hidden)"),
    ({"url": f"htp://kim:{SECRET}@example.com/"}, "url", "expected a URL that begins with http://"),
    ({"url": f"tcp://kim:{SECRET}@example.com/"}, "url", "expected a URL with a port"),
    ({"url": "starttls://a.example:1587"}, "protocol", "protocol: expected smtp, imap, pop3, ftp or postgres, since"),
    ({"url": None}, "url", "url: expected one of url, dns or heartbeat"),
    ({"packets": 3}, "packets", "packets: expected none in a monitor of kind http, since only icmp can use it"),
    ({"conditions": ["[STATUS] = 200"]}, "conditions.0", "[STATUS] == 200"),
    ({"keyword": "${API_KEY}"}, "keyword", "placeholders whose names begin with MONITOR_"),
    ({"user_agent": "${API_KEY}"}, "user_agent", "placeholders whose names begin with MONITOR_"),
    ({"bearer_token": "***"}, "bearer_token", "bearer_token: expected the secret itself, since *** stands for none"),
    ({"max_retries": True}, "max_retries", "max_retries: expected a whole number from 0 on"),
    ({"group": "a\ud800"}, "body", "body: expected whole characters; found half of one"),
]


@pytest.mark.parametrize(("fields", "field", "words"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_policy_is_named_and_shows_no_secret(api: Api, fields: dict[str, Any], field: str, words: str) -> None:
    found = refused(api.call("POST", "/monitors", SHOP | fields))
    assert found["field"] == field
    assert words in found["detail"]
    if "***" in fields.values():
        return
    monitor = made(api, bearer_token=SECRET)
    path = f"/monitors/{monitor['id']}"
    refused(api.call("PUT", path, SHOP | fields))
    # A null says something else there.
    if None not in fields.values():
        refused(api.call("PATCH", path, fields))
    assert api.get("/monitors")["monitors"] == [api.get(path)]


def test_every_mistake_of_a_policy_is_listed(api: Api) -> None:
    found = refused(api.call("POST", "/monitors", {"interval": "no", "retries": -1, "url": "http://a.example/"}))
    assert [mistake["field"] for mistake in found["errors"]] == ["name", "interval", "retries"]
    assert found["errors"][2] == {"field": "retries", "value": "-1", "problem": "expected 0 or more"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 90_000, b'{"name": NaN}', b"1" * 5000])
@pytest.mark.parametrize(("method", "path"), [("POST", "/monitors"), ("PUT", "/config"), ("POST", "/checks/claim")])
def test_a_body_that_is_no_object_is_400(api: Api, method: str, path: str, body: bytes) -> None:
    refused(api.call(method, path, body))


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "monitors", "monitors: expected a list of up to 20000 monitors; found null"),
        ({"monitors": {}}, "monitors", "expected a list"),
        ({"monitors": [5]}, "monitors.0", "monitors.0: expected an object; found 5"),
        (
            {"monitors": [SHOP, SHOP | {"name": "b", "retries": -1}]},
            "monitors.1.retries",
            "expected 0 or more; found -1",
        ),
        ({"monitors": [SHOP, SHOP]}, "monitors.1.name", "expected a name that no other monitor has; found 'shop'"),
        ({"monitors": [SHOP | {"line": "3"}]}, "monitors.0.line", "expected the number of a line; found '3'"),
        ({"monitors": [SHOP | {"line": 2**70}]}, "monitors.0.line", "expected the number of a line"),
        ({"monitors": [SHOP | {"bearer_tokn": SECRET}]}, "monitors.0.bearer_tokn", "expected bearer_token"),
        ({"monitors": [SHOP | {"bearer_token": "***"}]}, "monitors.0.bearer_token", "expected the secret itself"),
        ({"monitors": [SHOP | {"max_retries": "x"}]}, "monitors.0.max_retries", "expected a whole number from 0 on"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_configuration_is_refused_whole(api: Api, body: dict[str, Any], field: str, words: str) -> None:
    found = refused(api.call("PUT", "/config", body))
    assert found["field"] == field
    assert words in found["detail"]
    assert api.get("/monitors")["monitors"] == []


@pytest.mark.slow
def test_thousands_of_unknown_names_cost_no_seconds(api: Api) -> None:
    """To look for the nearest known field of each took five, in which nobody else was answered."""
    began = time.process_time()
    found = refused(api.call("POST", "/monitors", {str(number): 0 for number in range(80_000)}))
    assert time.process_time() - began < 2.5
    assert len(found["errors"]) == 10


@on_each_engine
def test_what_every_engine_stores_comes_back(api: Api) -> None:
    text = "쇼핑 🛒 <b>'\"%_\\"
    fields = {"group": text, "tags": [text], "description": "a\nb", "interval": "366d", "max_body": 10 * 1024 * 1024}
    monitor = made(api, name=text, **fields)
    assert {name: monitor["policy"][name] for name in fields} == fields
    assert api.get("/monitors")["monitors"][0]["name"] == text
