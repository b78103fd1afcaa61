"""Lambda's entry point: requests, scheduled runs, and what an instance does before the first."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from infra.clouds.aws import functions
from shared import ROOT
from tests.infra.clouds.aws.life import TOPIC
from tests.support.moto_aws import REGION
from tests.support.moto_aws.instance import KEY, Instance, request_event
from tests.support.running import AWS

# Requests that WSGI cannot carry as they are.
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


@pytest.fixture
def developers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that a developer may have in the shell."""
    for name in ("TARGET_URL", "TELEGRAM_CHAT_ID", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.setenv(name, "theirs")


@pytest.mark.usefixtures("developers_own", "instance")
def test_no_setting_of_the_developer_is_read() -> None:
    assert "theirs" not in os.environ.values()


MESSAGE = {"messageId": "1", "receiptHandle": "2", "body": "2026-11-24T12:00:00Z", "eventSource": "aws:sqs"}
STRIKES = [{"scheduled": "2026-11-24T12:00:00Z"}, {"Records": [MESSAGE]}]


def test_a_request_of_the_api_gets_the_functions_answer(instance: Instance) -> None:
    instance.set(FUNCTION_TARGET="get_alert")
    answer = instance.call(request_event("GET", "/alerts/7", route="GET /alerts/{id}"))
    assert answer["statusCode"] == 404
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["detail"] == "there is no alert 7"
    assert instance.call(request_event("GET", "/alerts/7", key=None))["statusCode"] == 401
    # The API has decoded the path, and WSGI cannot carry these letters as they are.
    answer = instance.call(request_event("GET", "/alerts/봉화", route="GET /alerts/{id}"))
    assert json.loads(answer["body"])["detail"].startswith("'봉화' is not an alert's id")


def test_a_body_comes_through_whole(instance: Instance) -> None:
    instance.set(FUNCTION_TARGET="ingest_event")
    body = {"target_url": "https://a.example/봉화", "timestamp": "2026-11-24T12:00:00Z", "is_success": True}
    answer = instance.call(request_event("POST", "/events", body=json.dumps(body, ensure_ascii=False)))
    assert answer["statusCode"] == 201, answer["body"]
    assert answer["isBase64Encoded"] is False


@pytest.mark.parametrize("event", STRIKES, ids=["scheduler", "queue"])
def test_a_tick_of_the_schedule_is_a_run_with_our_own_key(instance: Instance, event: dict[str, Any]) -> None:
    instance.set(FUNCTION_TARGET="deliver_notifications")
    assert set(instance.call(event)) >= {"SENT"}


@pytest.mark.parametrize("event", STRIKES, ids=["scheduler", "queue"])
def test_a_run_with_a_bad_response_fails_for_the_platform(instance: Instance, event: dict[str, Any]) -> None:
    instance.set(FUNCTION_TARGET="deliver_notifications")
    # On Lambda, a SQLite file would vanish.
    instance.set(AWS_LAMBDA_FUNCTION_NAME="bonghwa-deliver-notifications")
    with pytest.raises(instance.failure, match=r"notifications responded with 503: .*DATABASE_URL") as failed:
        instance.call(event)
    assert KEY not in str(failed.value)


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/nowhere", 404, None),
        ("DELETE", "/alerts/7", 405, "GET, HEAD, PATCH"),
        ("POST", "/check_monitors", 404, None),
        ("POST", "/dashboard/sign-in/", 404, None),
        ("GET", "/nowhere/", 404, None),
    ],
)
def test_what_no_route_takes_gets_a_problem_as_on_a_laptop(
    instance: Instance, method: str, path: str, status: int, allowed: str | None
) -> None:
    instance.set(FUNCTION_TARGET=functions.FOR_UNROUTED)
    answer = instance.call(request_event(method, path, route="$default", key=None))
    assert (answer["statusCode"], answer["headers"].get("allow")) == (status, allowed)
    assert answer["headers"]["content-type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "query", "location"),
    [
        ("/status/", "", "../status"),
        ("/dashboard/alerts/", "before=7&lang=ko", "../alerts?before=7&lang=ko"),
        ("/status/봉화/", "", "../%EB%B4%89%ED%99%94"),
    ],
)
def test_a_slash_at_the_end_is_redirected(
    instance: Instance, method: str, path: str, query: str, location: str
) -> None:
    instance.set(FUNCTION_TARGET=functions.FOR_UNROUTED)
    answer = instance.call(request_event(method, path, route="$default", key=None) | {"rawQueryString": query})
    assert (answer["statusCode"], answer["headers"]["location"]) == (308, location)


def test_importing_the_handler_reads_and_loads_nothing_heavy() -> None:
    script = """
import json, os, sys
os.environ.pop("AWS_LAMBDA_FUNCTION_NAME", None)
import infra.clouds.aws.handler
print(json.dumps([name for name in sys.modules if name.partition(".")[0] in ("boto3", "botocore", "main", "psycopg")]))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    ("sends", "topic", "ready"),
    [("at_once", TOPIC, [REGION]), ("at_once", "", []), ("at_once", "malformed", []), (None, TOPIC, [])],
)
def test_a_lambda_prepares_its_first_send_and_asks_nobody(sends: str | None, topic: str, ready: list[str]) -> None:
    script = """
import json, sys
asked = []
sys.addaudithook(lambda event, _: asked.append(event) if event in ("socket.connect", "socket.getaddrinfo") else None)
import infra.clouds.aws.handler
from infra.clouds.aws import parameter_store
from shared.notifiers.services.sns import connection
has_botocore = "botocore" in sys.modules
ready = list(connection.idle_connections)
print(json.dumps([asked, parameter_store.context.cache_info().currsize, ready, has_botocore]))
"""
    environ = {"AWS_LAMBDA_FUNCTION_NAME": "bonghwa-of-tests", "FUNCTION_TARGET": "ingest_event", "SECRET_NAMES": "a b"}
    environ |= {**AWS, "SNS_TOPIC_ARN": topic} | ({"SENDS": sends} if sends else {})
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [[], 1, ready, bool(ready)]


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
