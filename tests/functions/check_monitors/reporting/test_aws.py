"""An agent in AWS: it calls the backend's Lambda functions directly, with signed requests."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.check_monitors.reporting import backend
from functions.check_monitors.reporting.posting import Reported, report
from shared.settings import Settings
from tests.support.backlogs import event
from tests.support.running import AWS
from tests.support.stand_ins import Backend
from tests.support.stand_ins.clouds.aws_api import FUNCTION_ERROR, AwsApi

REGION, TOKEN = "eu-central-1", "the/token+of=the-session"
CREATED = {"statusCode": 201, "headers": {"Content-Type": "application/json"}, "body": "{}"}


class Functions(AwsApi):
    """Lambda, which knows two functions. A test says what they return."""

    def __init__(self) -> None:
        super().__init__("lambda", REGION, self._call, TOKEN)
        self.events: list[Any] = []
        self.result: tuple[int, Any, dict[str, str]] = (200, CREATED, {})

    def _call(self, path: str, event: Any) -> tuple[int, Any, dict[str, str]]:
        assert path.startswith("/2015-03-31/functions/")
        self.events.append(event)
        return self.result


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[Functions]:
    """Lambda as the agent's environment there leads to it."""
    with Functions() as listening:
        environ = {**AWS, "AWS_REGION": REGION, "AWS_SESSION_TOKEN": TOKEN, "AWS_ENDPOINT_URL_LAMBDA": listening.url}
        environ |= {"EVENTS_FUNCTION": "bonghwa-ingest-event", "CLAIM_FUNCTION": "bonghwa-claim-checks"}
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        yield listening


def test_a_report_calls_the_function_and_not_the_url(
    functions: Functions, backend: Backend, settings: Settings
) -> None:
    assert report([event("a"), event("b")], settings) == Reported(posted=2)
    assert functions.paths == ["/2015-03-31/functions/bonghwa-ingest-event/invocations"]
    [asked] = functions.events
    assert asked["headers"]["x-api-key"] == "the-key", "the function demands it of everybody"
    assert asked["requestContext"]["http"]["method"] == "POST"
    assert len(json.loads(asked["body"])) == 2
    assert backend.bodies == []


def test_a_claim_calls_its_own_function(functions: Functions, settings: Settings) -> None:
    claimed = {"version": 1, "now": "", "until": "", "checks": [], "policies": [], "removed": [], "is_complete": True}
    body = base64.b64encode(json.dumps(claimed).encode()).decode()
    functions.result = 200, {**CREATED, "statusCode": 200, "body": body, "isBase64Encoded": True}, {}
    assert backend.claim(settings, 30.0, None) == claimed
    assert functions.paths == ["/2015-03-31/functions/bonghwa-claim-checks/invocations"]
    assert functions.events[0]["rawPath"].endswith("/checks/claim")


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (
            (429, {"Reason": "ConcurrentInvocationLimitExceeded"}, {}),
            "refused to call bonghwa-ingest-event: status 429",
        ),
        ((403, {"Message": "hunter2"}, {}), "refused to call bonghwa-ingest-event: status 403"),
        ((200, {"errorMessage": "hunter2"}, {FUNCTION_ERROR: "Unhandled"}), "the function bonghwa-ingest-event failed"),
    ],
)
@pytest.mark.usefixtures("fresh_logs")
def test_a_call_that_fails_loses_no_event(
    functions: Functions,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    result: tuple[int, Any, dict[str, str]],
    reason: str,
) -> None:
    monkeypatch.setenv("LOG_DIR", "")
    functions.result = result
    assert report([event("a")], settings).spooled == 1
    functions.result = 200, CREATED, {}
    assert report([event("b")], settings) == Reported(posted=2)
    logged = capsys.readouterr().out
    assert reason in logged
    assert "hunter2" not in logged


def test_a_response_of_the_function_counts_as_one(functions: Functions, settings: Settings) -> None:
    functions.result = 200, {**CREATED, "statusCode": 422}, {}
    assert report([event("a")], settings).refused == 1


def test_a_wrong_secret_key_is_refused(
    functions: Functions, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signature is Amazon's, so the stand-in tells a wrong one from ours."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    assert report([event("a")], settings).spooled == 1
    assert functions.events == []
