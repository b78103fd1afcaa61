"""How a Lambda reads its secrets."""

import json
import os
import re
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from infra.clouds.aws.parameter_store import SecretUnreadable, authorization, read_secrets
from tests.infra.clouds.aws.life import SECRETS
from tests.support.moto_aws import REGION
from tests.support.moto_aws.instance import KEY, Instance, request_event
from tests.support.stand_ins.keep_alive import KeepAliveServer, Request


def test_the_signature_is_the_one_of_amazons_own_library() -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    body, url = b'{"Names": ["/bonghwa/everyone-1-0a1b2c3d:1"]}', f"https://ssm.{REGION}.amazonaws.com/"
    theirs = AWSRequest("POST", url, {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "a.B"}, body)
    SigV4Auth(Credentials("AKID", "a/secret+key", "the-token"), "ssm", REGION).add_auth(theirs)
    signed = {name.lower(): value for name, value in theirs.headers.items() if name != "Authorization"}
    signed |= {"host": f"ssm.{REGION}.amazonaws.com"}
    environ = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "a/secret+key"}
    assert authorization(signed, body, REGION, environ) == theirs.headers["Authorization"]


# Answers that are no response: the connection ends, or nothing comes.
BREAKS, HANGS = (0, ""), (-1, "")


EVERYONE, STORE = "/bonghwa/everyone-1-0a1b2c3d:1", "/bonghwa/store-1-4e5f6a7b:12"


class ParameterStore(KeepAliveServer):
    """Responds to each request with the next of ``answers``, and keeps the names that were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[int, str]] = []
        self.asked: list[list[str]] = []

    def respond(self, request: Request) -> tuple[int, str] | None:
        asked = json.loads(request.body)
        assert asked["WithDecryption"] is True
        self.asked.append(asked["Names"])
        answer = self.answers.pop(0)
        if answer == HANGS:
            request.connection.recv(1)  # until the client hangs up
        return None if answer in (BREAKS, HANGS) else answer


@pytest.fixture
def store(instance: Instance) -> Iterator[ParameterStore]:
    """A stand-in for Parameter Store that fails as a test wants."""
    with ParameterStore() as listening:
        instance.set(AWS_ENDPOINT_URL=listening.url, AWS_REGION=REGION)
        instance.set(AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY="key", AWS_SESSION_TOKEN="token")
        instance.environ.setattr("infra.clouds.aws.parameter_store.PAUSE_SECONDS", 0.01)
        yield listening


def values(**texts: str) -> tuple[int, str]:
    """The response with the texts, by what the names have in them, the last one first."""
    names = {"everyone": EVERYONE, "store": STORE}
    found = []
    for name, text in texts.items():
        path, _, version = names.get(name, f"/bonghwa/{name}-1-00000000:1").partition(":")
        found.append({"Name": path, "Type": "SecureString", "Value": text, "Version": int(version)})
    return 200, json.dumps({"Parameters": found[::-1], "InvalidParameters": []})


def test_secrets_are_read_at_the_first_call_and_never_again(instance: Instance, store: ParameterStore) -> None:
    instance.set(FUNCTION_TARGET="describe_api", SECRET_NAMES=f"{EVERYONE} {STORE}")
    instance.environ.delenv("API_KEY")
    store.answers += [(500, "{}"), (400, '{"__type":"ThrottlingException"}')]
    url = "postgresql://kim@db.example/x"
    store.answers += [values(everyone=json.dumps({"API_KEY": KEY}), store=json.dumps({"DATABASE_URL": url}))]
    try:
        for _ in range(2):
            assert instance.call(request_event("GET", "/openapi.json"))["statusCode"] == 200
        assert store.asked == [[EVERYONE, STORE]] * 3, "one request has them all"
        assert os.environ["DATABASE_URL"] == url
    finally:
        os.environ["API_KEY"] = KEY  # what the monkeypatch expects to find


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([values(everyone="hunter2-and-no-json")], "the secret .* is not a JSON object"),
        ([values(everyone='["hunter2"]')], "the secret .* is not a JSON object"),
        ([(400, '{"__type":"AccessDeniedException"}')], "cannot be read: 400 .*AccessDenied"),
        ([(500, "a"), (502, "b"), (503, "c")], "cannot be read: 503 c"),
        ([(200, '{"Parameters": [{"Value": "hunter2"}]}')], "the response is malformed"),
        ([(200, json.dumps({"Parameters": [], "InvalidParameters": [EVERYONE]}))], "there is no such parameter"),
    ],
)
@pytest.mark.usefixtures("fresh_logs")
def test_an_unreadable_secret_is_reported_and_tried_again(
    instance: Instance,
    store: ParameterStore,
    capsys: pytest.CaptureFixture[str],
    answers: list[tuple[int, str]],
    words: str,
) -> None:
    instance.set(FUNCTION_TARGET="describe_api", SECRET_NAMES=EVERYONE, LOG_DIR="")
    store.answers += answers * 2
    with pytest.raises(SecretUnreadable, match=words) as unreadable:
        instance.call({"scheduled": "2026-11-24T12:00:00Z"})
    assert EVERYONE in str(unreadable.value)
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
    store.answers.append(values(everyone=json.dumps({"API_KEY": KEY})))
    assert instance.call(request_event("GET", "/openapi.json"))["statusCode"] == 200


def test_a_long_secret_has_several_parameters(store: ParameterStore) -> None:
    """Ten names are asked for at once, over one connection that may break."""
    text = json.dumps({"A": "a" * 40})
    names = [f"/bonghwa/{letter}-1-00000000:1" for letter in "bcdefghijklm"]
    size = len(text) // len(names) + 1
    cut = {letter: text[number * size : (number + 1) * size] for number, letter in enumerate("bcdefghijklm")}
    first, rest = dict(list(cut.items())[:10]), dict(list(cut.items())[10:])
    store.answers += [values(**first), BREAKS, values(**rest)]
    assert read_secrets([",".join(names)]) == {"A": "a" * 40}
    assert store.asked == [names[:10], names[10:], names[10:]]
    assert len(store.connections) == 2


def test_unreadable_secrets_cost_at_most_the_deadline_for_all(
    store: ParameterStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.clouds.aws.parameter_store.READ_SECONDS", 0.3)
    store.answers += [HANGS]
    started = time.monotonic()
    with pytest.raises(SecretUnreadable, match="cannot be read: 0 TimeoutError"):
        read_secrets([EVERYONE])
    assert time.monotonic() - started < 10
    assert len(store.asked) == 1, "nothing is asked after the deadline"


@pytest.mark.system
@pytest.mark.together("aws")
def test_secrets_are_read_as_the_deployment_stored_them(stack: dict[str, Any]) -> None:
    names = ("API_KEY", "DATABASE_URL", "CHANNELS", "TELEGRAM_BOT_TOKEN")
    assert stack["read by ingest_event"] == {name: SECRETS[name] for name in names}
    assert read_secrets([], {}) == {}
