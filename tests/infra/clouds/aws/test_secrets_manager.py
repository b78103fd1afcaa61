"""How a Lambda reads its secrets."""

import json
import os
import re
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from infra.clouds.aws.secrets_manager import SecretUnreadable, authorization, read_secrets
from tests.infra.clouds.aws.life import SECRETS
from tests.support.moto_aws import REGION
from tests.support.moto_aws.instance import KEY, Instance, request_event
from tests.support.stand_ins.keep_alive import KeepAliveServer, Request


def test_the_signature_is_the_one_of_amazons_own_library() -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    body, url = b'{"SecretId": "bonghwa/everyone"}', f"https://secretsmanager.{REGION}.amazonaws.com/"
    theirs = AWSRequest("POST", url, {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "a.B"}, body)
    SigV4Auth(Credentials("AKID", "a/secret+key", "the-token"), "secretsmanager", REGION).add_auth(theirs)
    signed = {name.lower(): value for name, value in theirs.headers.items() if name != "Authorization"}
    signed |= {"host": f"secretsmanager.{REGION}.amazonaws.com"}
    environ = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "a/secret+key"}
    assert authorization(signed, body, REGION, environ) == theirs.headers["Authorization"]


# Answers that are no response: the connection ends, or nothing comes.
BREAKS, HANGS = (0, ""), (-1, "")


class SecretsManager(KeepAliveServer):
    """Responds to each request with the next of ``answers``, and keeps the names of the secrets that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[int, str]] = []
        self.asked: list[str] = []

    def respond(self, request: Request) -> tuple[int, str] | None:
        self.asked.append(json.loads(request.body)["SecretId"])
        answer = self.answers.pop(0)
        if answer == HANGS:
            request.connection.recv(1)  # until the client hangs up
        return None if answer in (BREAKS, HANGS) else answer


@pytest.fixture
def manager(instance: Instance) -> Iterator[SecretsManager]:
    """A stand-in for Secrets Manager that fails as a test wants."""
    with SecretsManager() as listening:
        instance.set(AWS_ENDPOINT_URL=listening.url, AWS_REGION=REGION)
        instance.set(AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY="key", AWS_SESSION_TOKEN="token")
        instance.environ.setattr("infra.clouds.aws.secrets_manager.PAUSE_SECONDS", 0.01)
        yield listening


def secret(**settings: str) -> tuple[int, str]:
    return 200, json.dumps({"SecretString": json.dumps(settings)})


def test_secrets_are_read_at_the_first_call_and_never_again(instance: Instance, manager: SecretsManager) -> None:
    instance.set(FUNCTION_TARGET="describe_api", SECRET_NAMES="bonghwa/everyone bonghwa/store")
    instance.environ.delenv("API_KEY")
    manager.answers += [(500, "{}"), (400, '{"__type":"ThrottlingException"}'), secret(API_KEY=KEY), (503, "")]
    manager.answers += [secret(DATABASE_URL="postgresql://kim@db.example/x")]
    try:
        for _ in range(2):
            assert instance.call(request_event("GET", "/openapi.json"))["statusCode"] == 200
        assert manager.asked == ["bonghwa/everyone"] * 3 + ["bonghwa/store"] * 2
        assert os.environ["DATABASE_URL"] == "postgresql://kim@db.example/x"
    finally:
        os.environ["API_KEY"] = KEY  # what the monkeypatch expects to find


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([(200, json.dumps({"SecretBinary": "aHVudGVyMg=="}))], "is not a JSON object"),
        ([(400, '{"__type":"AccessDeniedException"}')], "cannot be read: 400 .*AccessDenied"),
        ([(500, "a"), (502, "b"), (503, "c")], "cannot be read: 503 c"),
        ([(200, json.dumps({"SecretString": "hunter2-and-no-json"}))], "is not a JSON object"),
        ([(200, json.dumps({"SecretString": '["hunter2"]'}))], "is not a JSON object"),
    ],
)
@pytest.mark.usefixtures("fresh_logs")
def test_an_unreadable_secret_is_reported_and_tried_again(
    instance: Instance,
    manager: SecretsManager,
    capsys: pytest.CaptureFixture[str],
    answers: list[tuple[int, str]],
    words: str,
) -> None:
    instance.set(FUNCTION_TARGET="describe_api", SECRET_NAMES="bonghwa/everyone", LOG_DIR="")
    manager.answers += answers * 2
    with pytest.raises(SecretUnreadable, match=f"the secret bonghwa/everyone {words}") as unreadable:
        instance.call({"scheduled": "2026-11-24T12:00:00Z"})
    assert "hunter2" not in "".join(traceback.format_exception(unreadable.value))
    answer = instance.call(request_event("GET", "/openapi.json"))
    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "2")
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["status"] == 503
    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["severity"], told["message"], told["function"]) == ("ERROR", "secret_unreadable", "describe_api")
    assert re.search(words, told["reason"])
    assert not re.search(f"bonghwa/everyone|hunter2|{words}", answer["body"]), "who asks may be anybody"
    manager.answers.append(secret(API_KEY=KEY))
    assert instance.call(request_event("GET", "/openapi.json"))["statusCode"] == 200


def test_all_secrets_share_a_connection_that_may_break(manager: SecretsManager) -> None:
    manager.answers += [secret(A="a"), secret(B="b"), BREAKS, secret(C="c"), (500, "{}"), secret(D="d")]
    assert read_secrets("abcd") == {"A": "a", "B": "b", "C": "c", "D": "d"}
    assert manager.asked == ["a", "b", "c", "c", "d", "d"]
    assert len(manager.connections) == 2


def test_unreadable_secrets_cost_at_most_the_deadline_for_all(
    manager: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.clouds.aws.secrets_manager.READ_SECONDS", 0.3)
    manager.answers += [secret(A="a"), HANGS]
    started = time.monotonic()
    with pytest.raises(SecretUnreadable, match="the secret b cannot be read: 0 TimeoutError"):
        read_secrets(["a", "b"])
    assert time.monotonic() - started < 2.0
    assert manager.asked == ["a", "b"], "nothing is asked after the deadline"


@pytest.mark.system
@pytest.mark.together("aws")
def test_secrets_are_read_as_the_deployment_stored_them(stack: dict[str, Any]) -> None:
    names = ("API_KEY", "DATABASE_URL", "CHANNELS", "TELEGRAM_BOT_TOKEN")
    assert stack["read by ingest_event"] == {name: SECRETS[name] for name in names}
    assert read_secrets([], {}) == {}
