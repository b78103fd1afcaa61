"""Amazon SNS when something fails, and its connections. A stand-in that speaks real HTTP takes the place of AWS."""

import json
import logging
import re
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from shared.delivery.retry import retry_seconds
from shared.notifiers import SendFailed
from shared.notifiers.services.sns import connection
from tests.shared.notifiers.sns import (
    ACCEPTED,
    ARN,
    NOTIFICATION,
    REGION,
    TEXT,
    XML,
    Behaviour,
    Sns,
    drips,
    hangs,
    never_ends,
    refuses,
    resets,
    says,
    says_half_of_it,
    speaks_html,
)
from tests.shared.notifiers.sns import send_to_sns as send
from tests.support.running import AWS, wait_until
from tests.support.stand_ins import Exchange
from tests.support.stand_ins.keep_alive import KeepAliveServer, Request

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("behaviour", "is_permanent", "reason"),
    [
        # These last until a person changes something.
        (refuses(403, "AuthorizationError", "User is not authorized"), True, "AuthorizationError: User is not"),
        (refuses(403, "InvalidClientTokenId"), True, "InvalidClientTokenId"),
        (refuses(403, "SignatureDoesNotMatch"), True, "SignatureDoesNotMatch"),
        (refuses(404, "NotFound", "Topic does not exist"), True, "NotFound: Topic does not exist"),
        (refuses(400, "InvalidParameter", "Invalid parameter: TopicArn"), True, "InvalidParameter"),
        (refuses(400, "KMSAccessDenied"), True, "KMSAccessDenied"),
        # These are transient.
        (refuses(403, "SignatureDoesNotMatch", "Signature expired: 2025"), False, "Signature expired"),
        (refuses(403, "ExpiredToken"), False, "ExpiredToken"),
        (refuses(400, "Throttling", "Rate exceeded"), False, "Throttling: Rate exceeded"),
        (refuses(400, "KMSThrottling"), False, "KMSThrottling"),
        (refuses(500, "InternalError"), False, "InternalError"),
        (refuses(503, "ServiceUnavailable"), False, "ServiceUnavailable"),
        (refuses(400, "SomethingNew"), False, "SomethingNew"),
        # Something other than AWS responds.
        (speaks_html(200), False, "Invalid server response"),
        (speaks_html(403), False, "Invalid server response"),
        (speaks_html(404), False, "Invalid server response"),
        (speaks_html(502), False, "502"),
        (says(403, "<html><body>403 Forbidden</body></html>"), False, "Invalid server response: HTTP 403"),
        (says(404, "<html><Error><Code>NotFound</Code></Error></html>"), False, "Invalid server response: HTTP 404"),
        (says(403, "<Error><Code>AccessDenied</Code></Error>"), False, "Invalid server response: HTTP 403"),
        (says(403, '{"__type": "AccessDenied"}'), False, "Invalid server response: HTTP 403"),
        (says(302, ""), False, "Invalid server response: HTTP 302"),
        (says_half_of_it, False, "Invalid server response"),
        (never_ends, False, "SNS was not reached, or did not answer"),
        (resets, False, "SNS was not reached, or did not answer"),
        (hangs, False, "no answer within 0.5 s"),
        (drips, False, "no answer within 0.5 s"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_failure_says_whether_trying_again_can_help(
    topic: Sns, behaviour: Behaviour, is_permanent: bool, reason: str
) -> None:
    assert send() == "message 42"  # and everything that a first send loads is loaded
    topic.behaviours = [behaviour]
    started = time.monotonic()
    with pytest.raises(SendFailed, match=reason) as raised:
        send(seconds=0.5)
    assert time.monotonic() - started < 2.0, "the deadline holds, however slowly it responds"
    assert (raised.value.is_permanent, raised.value.retry_after) == (is_permanent, None)
    assert len(topic.requests) == 2, "no library retried on its own"
    assert AWS["AWS_SECRET_ACCESS_KEY"] not in str(raised.value)
    topic.release()
    assert send() == "message 42"


@pytest.mark.parametrize("code", ["AuthorizationError", "AccessDenied", "AccessDeniedException"])
def test_a_denial_is_permanent_only_if_it_lasts(topic: Sns, code: str) -> None:
    is_permanent = []
    for attempts in range(1, 9):
        topic.behaviours = [refuses(403, code, "no identity-based policy allows the sns:Publish action")]
        with pytest.raises(SendFailed, match=code) as raised:
            send(notification=NOTIFICATION._replace(attempts=attempts))
        is_permanent.append(raised.value.is_permanent)
    assert is_permanent == [False] * 6 + [True] * 2
    # The shortest waits between the attempts, and the longest.
    assert sum(retry_seconds(attempts, jitter=1.0) for attempts in range(1, 7)) >= 60
    assert sum(retry_seconds(attempts, jitter=0.0) for attempts in range(1, 7)) <= 180


def test_another_refusal_is_permanent_at_once(topic: Sns) -> None:
    topic.behaviours = [refuses(404, "NotFound", "Topic does not exist")]
    with pytest.raises(SendFailed) as raised:
        send(notification=NOTIFICATION)
    assert raised.value.is_permanent


def test_a_retry_after_header_is_passed_on(topic: Sns) -> None:
    def asks_to_wait(exchange: Exchange) -> None:
        body = f"<ErrorResponse {XML}><Error><Code>Throttled</Code><Message>slow</Message></Error></ErrorResponse>"
        exchange.answer(429, body, "text/xml", {"Retry-After": "17"})

    topic.behaviours = [asks_to_wait]
    with pytest.raises(SendFailed) as raised:
        send()
    assert (raised.value.is_permanent, raised.value.retry_after) == (False, 17.0)


def test_a_refused_subject_does_not_cost_the_message(topic: Sns) -> None:
    topic.behaviours = [refuses(400, "InvalidParameter", "Invalid parameter: Subject")]
    assert send() == "message 42"
    refused, taken = topic.requests
    assert refused.pop("Subject") == TEXT.split(" · ")[0]
    assert taken == refused
    assert taken["Message"] == TEXT


def test_a_refused_connection_is_tried_again(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(SendFailed, match="SNS was not reached") as raised:
            send()
    assert not raised.value.is_permanent


def test_missing_credentials_are_reported_and_tried_again(topic: Sns, no_credentials: pytest.MonkeyPatch) -> None:
    with pytest.raises(SendFailed, match="no AWS credentials were found") as raised:
        send()
    assert not raised.value.is_permanent
    assert topic.requests == []


def test_slow_credentials_end_at_the_deadline_and_send_nothing(
    topic: Sns, no_credentials: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = {"Version": 1, "AccessKeyId": "AKIASLOW", "SecretAccessKey": "slowly-found"}
    (tmp_path / "found.json").write_text(json.dumps(found))
    config = f"[default]\ncredential_process = sh -c 'sleep 3; cat {tmp_path / 'found.json'}'\n"
    (tmp_path / "config").write_text(config)
    no_credentials.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    started = time.monotonic()
    with pytest.raises(SendFailed, match=r"no answer within 0\.3 s"):
        send(seconds=0.3)
    assert time.monotonic() - started < 3.0, "nobody waits until they are found"
    # The late credentials serve the next send, and that one alone sends something.
    wait_until(lambda: len(connection.idle_connections.get(REGION, [])) == 1)
    [found_late] = connection.idle_connections[REGION]
    assert send(TEXT + "8", seconds=10) == "message 42"
    assert connection.idle_connections[REGION] == [found_late]
    assert [request["Message"] for request in topic.requests] == [TEXT + "8"]


def test_a_connection_that_is_late_serves_the_next_send(topic: Sns, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send() == "message 42"
    before, threads_before = list(connection.idle_connections[REGION]), set(threading.enumerate())
    released = threading.Event()
    search = connection.session().get_credentials

    def slowly() -> Any:
        assert released.wait(10)
        return search()

    monkeypatch.setattr(connection.session(), "get_credentials", slowly)
    for _ in range(2):
        with pytest.raises(SendFailed, match=r"no answer within 0\.05 s"):
            send(seconds=0.05)
    released.set()
    for thread in set(threading.enumerate()) - threads_before:
        thread.join(10)
    assert before
    assert set(connection.idle_connections[REGION]) == set(before)


def test_nothing_is_sent_after_the_deadline(topic: Sns) -> None:
    with pytest.raises(TimeoutError):
        connection.Connection(REGION).publish({"TopicArn": ARN, "Message": TEXT}, time.monotonic())
    assert topic.requests == []


def test_no_credentials_are_logged(
    topic: Sns, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    logging.getLogger("botocore").setLevel(logging.NOTSET)
    connection.session.cache_clear()
    connection.idle_connections.clear()
    topic.behaviours = [speaks_html(200)]
    with pytest.raises(SendFailed):
        send()
    send()
    said = caplog.text + "".join(capfd.readouterr())
    assert not re.search(f"{AWS['AWS_SECRET_ACCESS_KEY']}|{AWS['AWS_ACCESS_KEY_ID']}|Signature", said)


class KeepAliveSns(KeepAliveServer):
    """Keeps its connections, as SNS does, and responds with the number of the one that the message came by."""

    def respond(self, request: Request) -> tuple[int, str]:
        return 200, ACCEPTED.replace("42", str(request.number))


def test_a_connection_is_reused_and_replaced_when_it_is_closed(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with KeepAliveSns() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        assert [send(), send(), send()] == ["message 1"] * 3
        server.connections[0].shutdown(socket.SHUT_RDWR)
        assert [send(), send()] == ["message 2"] * 2
