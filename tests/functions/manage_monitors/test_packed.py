"""PUT /config with more monitors than a body may be long: it comes packed by gzip."""

import gzip
import json
import os
from typing import Any

import pytest
from werkzeug.test import TestResponse

from infra.configuration.sending import NotApplied, put
from shared.web import MAX_BODY_BYTES, MAX_UNPACKED_BYTES, PACKED
from tests.functions.api import KEY, Api, served
from tests.functions.manage_monitors.watched import SHOP, names, refused

pytestmark = pytest.mark.slow

BODY = {"monitors": [SHOP]}
LONG: dict[str, Any] = {"method": "POST", "body": "0123456789" * 500}


def sent(api: Api, body: bytes, kind: str = PACKED, path: str = "/config", method: str = "PUT") -> TestResponse:
    return api.call(method, path, body, content_type=kind)


def test_thousands_of_monitors_are_applied_by_one_request(api: Api) -> None:
    many = [SHOP | LONG | {"name": f"shop {number}"} for number in range(250)]
    assert len(json.dumps(many)) > MAX_BODY_BYTES
    with served(api) as url:
        plan = put({"monitors": many}, url, KEY, os.environ, is_dry_run=False)
        assert (len(plan.added), plan.unchanged) == (250, 0)
        assert put({"monitors": many}, url, KEY, os.environ, is_dry_run=True).unchanged == 250
    assert len(names(api, "?limit=1000")) == 250


def test_what_cannot_be_packed_enough_is_refused_as_too_long(api: Api) -> None:
    noise = [SHOP | LONG | {"name": f"{number}", "body": os.urandom(6_000).hex()} for number in range(250)]
    with served(api) as url, pytest.raises(NotApplied, match="413 the body is longer than 1048576 bytes"):
        put({"monitors": noise}, url, KEY, os.environ, is_dry_run=False)
    assert names(api) == []


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (json.dumps(BODY).encode(), 400, "the body is not gzip, as its Content-Type says"),
        (gzip.compress(json.dumps(BODY).encode())[:-9], 400, "the packed body ends too early"),
        (gzip.compress(b""), 400, "the body is empty: expected JSON"),
        (gzip.compress(b" " * (MAX_UNPACKED_BYTES + 1)), 413, "longer than 33554432 bytes when unpacked"),
        (gzip.compress(b'{"monitors": [], "monitors": []}'), 400, "monitors"),
        (gzip.compress(b"[1]"), 400, "expected an object"),
    ],
    ids=["not packed", "cut short", "empty", "too long when unpacked", "ambiguous", "an array"],
)
def test_a_packed_body_that_is_wrong_is_named(api: Api, body: bytes, status: int, said: str) -> None:
    assert said in refused(sent(api, body), status)["detail"]
    assert names(api) == []


def test_what_is_short_may_be_packed_too(api: Api) -> None:
    assert sent(api, gzip.compress(json.dumps(BODY).encode())).status_code == 200
    assert names(api) == ["shop"]


@pytest.mark.parametrize(("method", "path"), [("POST", "/monitors"), ("POST", "/events"), ("POST", "/checks/claim")])
def test_only_the_file_comes_packed(api: Api, method: str, path: str) -> None:
    body = gzip.compress(json.dumps(SHOP).encode())
    assert "expected 'application/json'" in refused(sent(api, body, path=path, method=method), 415)["detail"]
