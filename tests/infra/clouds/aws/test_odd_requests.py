"""Requests that WSGI cannot carry as they are: the handler answers each, with problem details at worst."""

import json
from typing import Any

import pytest

from tests.infra.clouds.aws.instance import Instance, request_event

ODD: dict[str, tuple[dict[str, Any], int]] = {
    "a Korean query": ({"rawQueryString": "status=열림"}, 400),
    "a Korean name in the query": ({"rawQueryString": "봉화=1&limit=1"}, 200),
    "an emoji in the query": ({"rawQueryString": "limit=💩"}, 400),
    "half a surrogate in the query": ({"rawQueryString": "limit=\ud83d"}, 400),
    "bytes that are no UTF-8": ({"rawQueryString": "limit=%FF"}, 400),
    "no query at all": ({"rawQueryString": None}, 200),
    "a Korean header": ({"x-note": "봉화"}, 200),
    "a Korean header's name": ({"봉화": "1"}, 200),
    "a Korean key": ({"x-api-key": "봉화"}, 401),
    "a Korean cookie": ({"cookies": ["a=봉화"]}, 200),
    "a port that is none": ({"x-forwarded-port": "봉화"}, 200),
    "a body that is no base64": ({"body": "a", "isBase64Encoded": True}, 200),
}


@pytest.mark.parametrize(("change", "status"), ODD.values(), ids=ODD.keys())
def test_what_wsgi_cannot_carry_gets_an_answer(instance: Instance, change: dict[str, Any], status: int) -> None:
    instance.set(FUNCTION_TARGET="list_alerts", API_AUTH="all")
    event = request_event("GET", "/alerts")
    members = {"rawQueryString", "cookies", "body", "isBase64Encoded"}
    event |= {name: value for name, value in change.items() if name in members}
    event["headers"] |= {name: value for name, value in change.items() if name not in members}
    answer = instance.call(event)
    assert answer["statusCode"] == status, answer["body"]
    kind = "application/json" if status == 200 else "application/problem+json"
    assert answer["headers"].get("content-type", answer["headers"].get("Content-Type")) == kind
    assert json.loads(answer["body"])


@pytest.mark.parametrize("missing", ["rawPath", "requestContext"])
def test_an_event_that_is_no_request_is_a_problem(instance: Instance, missing: str) -> None:
    instance.set(FUNCTION_TARGET="list_alerts")
    event = request_event("GET", "/alerts")
    if missing == "requestContext":
        event["requestContext"] = {}
    else:
        del event[missing]
    answer = instance.call(event)
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["status"] == 500
