"""Amazon SNS: moto is AWS on a good day, and a stand-in that speaks real HTTP is AWS on all others."""

import http.server
import json
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest

from shared import notifiers
from shared.delivery import retry_seconds
from shared.models import Notification, NotificationKind, NotificationStatus
from shared.notifiers import SendFailed, sns
from shared.settings import SettingError
from tests.support.running import AWS, LocalSystem, environment, wait_until
from tests.support.stand_ins import Exchange, StandIn, Target

REGION = "eu-west-1"
ARN = f"arn:aws:sns:{REGION}:123456789012:alerts"
TEXT = "OUTAGE 상점 (https://shop.example/) · cause: HTTP 500 · since 2025-01-08 12:00:00 UTC · #17"
AT = datetime(2025, 1, 8, 12, tzinfo=UTC)
NOTIFICATION = Notification(
    id=17,
    alert_id=7,
    channel="sns",
    kind=NotificationKind.OUTAGE,
    status=NotificationStatus.SENDING,
    occurred_at=AT,
    is_manual=False,
    actor=None,
    created_at=AT,
    due_at=AT,
    leased_until=None,
    attempts=1,
)


def send(text: str = TEXT, arn: str = ARN, seconds: float = 5.0, notification: Notification | None = None) -> str:
    # Made anew for each request, as the functions do.
    notifier = notifiers.configured({"SNS_TOPIC_ARN": arn})["sns"]
    return notifier.send(text, timeout_seconds=seconds, notification=notification)


class Topic:
    """A topic of moto's with a queue that subscribed to it."""

    def __init__(self, environ: dict[str, str], name: str) -> None:
        import boto3

        options: dict[str, Any] = {"region_name": REGION, "endpoint_url": environ["AWS_ENDPOINT_URL"]}
        topics = boto3.client("sns", **options)
        self._queues = boto3.client("sqs", **options)
        is_fifo = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
        self.arn = topics.create_topic(Name=name, Attributes=is_fifo)["TopicArn"]
        of_queue: Any = {"FifoQueue": "true"} if is_fifo else {}
        self._url = self._queues.create_queue(QueueName=name, Attributes=of_queue)["QueueUrl"]
        attributes = self._queues.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]
        topics.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def messages(self) -> list[dict[str, Any]]:
        """What the queue was sent since it was asked last."""
        found = self._queues.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(each["Body"]) for each in found]


# --- on a good day ------------------------------------------------------------------------------------------------


def test_subscribers_get_the_text_as_it_is_with_a_subject_and_what_they_can_filter_by(aws: dict[str, str]) -> None:
    topic = Topic(aws, "alerts")
    assert re.fullmatch(r"message [0-9a-f-]{36}", send(arn=topic.arn, notification=NOTIFICATION))
    assert send("BACKEND_UNREACHABLE http://a.example · agent: default", topic.arn)
    with_notification, without = sorted(topic.messages(), key=lambda message: str(message["Message"]), reverse=True)
    assert with_notification["Message"] == TEXT
    assert with_notification["Subject"] == "OUTAGE 상점 (https://shop.example/)"
    assert with_notification["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "OUTAGE"},
        "alert_id": {"Type": "Number", "Value": "7"},
        "notification_id": {"Type": "Number", "Value": "17"},
    }
    assert without["Subject"] == "BACKEND_UNREACHABLE http://a.example"
    assert "MessageAttributes" not in without


def test_a_subject_is_cut_to_what_sns_takes(aws: dict[str, str]) -> None:
    topic = Topic(aws, "long")
    send(f"OUTAGE {'x' * 300} · #1", topic.arn)
    [message] = topic.messages()
    assert message["Subject"] == f"OUTAGE {'x' * 92}"


def test_a_topic_with_an_order_takes_a_notification_once(aws: dict[str, str]) -> None:
    topic = Topic(aws, "alerts.fifo")
    for text in (TEXT, TEXT, "RECOVERY x · #18"):
        send(text, topic.arn)
    assert [message["Message"] for message in topic.messages()] == [TEXT, "RECOVERY x · #18"]


def test_a_topic_that_there_is_not_refuses_for_good(aws: dict[str, str]) -> None:
    with pytest.raises(SendFailed, match=r"^NotFound: ") as raised:
        send(arn=f"{ARN}-that-is-gone")
    assert raised.value.is_permanent


@pytest.mark.system
def test_an_outage_and_its_recovery_are_told_through_a_topic(
    project: Path, tmp_path: Path, target: Target, aws: dict[str, str]
) -> None:
    topic = Topic(aws, "whole-system")
    settings = {"TARGET_URL": target.url, "SNS_TOPIC_ARN": topic.arn, "MESSAGE_LANGUAGE": "ko", **aws}
    with LocalSystem(project, tmp_path, **settings) as system:
        assert "console, sns  (off: telegram)" in system.output()
        target.status = 500
        told = system.wait_until(topic.messages)
        target.status = 200
        told += system.wait_until(topic.messages)
        logs = system.notification_logs()
    subjects = [message["Subject"].split()[0] for message in told]
    assert subjects == ["장애", "복구"]
    assert told[0]["MessageAttributes"]["kind"]["Value"] == "OUTAGE"
    answers = {log["answer"] for log in logs if log["channel"] == "sns" and log["status"] == "SENT"}
    assert answers >= {f"message {message['MessageId']}" for message in told}


# --- on all others ------------------------------------------------------------------------------------------------

Behaviour = Callable[[Exchange], None]
XML = 'xmlns="http://sns.amazonaws.com/doc/2010-03-31/"'
ACCEPTED = f"<PublishResponse {XML}><PublishResult><MessageId>42</MessageId></PublishResult></PublishResponse>"


def accepts(exchange: Exchange) -> None:
    exchange.answer(200, ACCEPTED, "text/xml")


def refuses(status: int, code: str, text: str = "") -> Behaviour:
    def behaviour(exchange: Exchange) -> None:
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>"
        exchange.answer(status, f"<ErrorResponse {XML}>{error}</ErrorResponse>", "text/xml")

    behaviour.__name__ = f"{status}_{code}_{text}".strip("_")
    return behaviour


def speaks_html(status: int) -> Behaviour:
    def behaviour(exchange: Exchange) -> None:
        exchange.answer(status, "<html><p>a proxy<p></html>", "text/html")

    behaviour.__name__ = f"{status}_in_html"
    return behaviour


def hangs(exchange: Exchange) -> None:
    exchange.hang()


def resets(exchange: Exchange) -> None:
    exchange.reset()


def drips(exchange: Exchange) -> None:
    exchange.drip(200, ACCEPTED, "text/xml")


def says_half_of_it(exchange: Exchange) -> None:
    exchange.answer(200, ACCEPTED[:-30], "text/xml")


def never_ends(exchange: Exchange) -> None:
    exchange.answer(200, "x" * 1_000_000, "text/xml")


class Sns(StandIn):
    """SNS, which does what it is told, one behaviour a request, and then accepts."""

    def __init__(self) -> None:
        super().__init__()
        self.behaviours: list[Behaviour] = []
        self.requests: list[dict[str, str]] = []

    def answer(self, exchange: Exchange) -> None:
        self.requests.append({name: values[0] for name, values in parse_qs(exchange.body.decode()).items()})
        behaviour = self.behaviours.pop(0) if self.behaviours else accepts
        behaviour(exchange)


@pytest.fixture(scope="module")
def stand_in() -> Iterator[Sns]:
    """SNS where the environment says; one for all, since to make a client costs more than to use it."""
    with Sns() as listening, pytest.MonkeyPatch.context() as patch:
        for name, value in {**AWS, "AWS_ENDPOINT_URL": listening.url}.items():
            patch.setenv(name, value)
        sns._idle_lines.clear()
        yield listening
        sns._idle_lines.clear()


@pytest.fixture
def topic(stand_in: Sns) -> Sns:
    """SNS, that was asked for nothing yet."""
    stand_in.behaviours, stand_in.requests = [], []
    return stand_in


@pytest.fixture
def anybody(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nobody's credentials are known yet."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    sns._session.cache_clear()
    sns._idle_lines.clear()
    yield monkeypatch
    sns._session.cache_clear()
    sns._idle_lines.clear()


@pytest.mark.parametrize(
    ("behaviour", "is_permanent", "reason"),
    [
        # It stays so until a person changes something.
        (refuses(403, "AuthorizationError", "User is not authorized"), True, "AuthorizationError: User is not"),
        (refuses(403, "InvalidClientTokenId"), True, "InvalidClientTokenId"),
        (refuses(403, "SignatureDoesNotMatch"), True, "SignatureDoesNotMatch"),
        (refuses(404, "NotFound", "Topic does not exist"), True, "NotFound: Topic does not exist"),
        (refuses(400, "InvalidParameter", "Invalid parameter: TopicArn"), True, "InvalidParameter"),
        (refuses(400, "KMSAccessDenied"), True, "KMSAccessDenied"),
        # It may pass.
        (refuses(403, "SignatureDoesNotMatch", "Signature expired: 2025"), False, "Signature expired"),
        (refuses(403, "ExpiredToken"), False, "ExpiredToken"),
        (refuses(400, "Throttling", "Rate exceeded"), False, "Throttling: Rate exceeded"),
        (refuses(400, "KMSThrottling"), False, "KMSThrottling"),
        (refuses(500, "InternalError"), False, "InternalError"),
        (refuses(503, "ServiceUnavailable"), False, "ServiceUnavailable"),
        (refuses(400, "SomethingNew"), False, "SomethingNew"),
        # It is not AWS that speaks.
        (speaks_html(200), False, "Invalid server response"),
        (speaks_html(403), False, "Invalid server response"),
        (speaks_html(404), False, "Invalid server response"),
        (speaks_html(502), False, "502"),
        (says_half_of_it, False, "Invalid server response"),
        (never_ends, False, "SNS was not reached, or did not answer"),
        (resets, False, "SNS was not reached, or did not answer"),
        (hangs, False, "no answer within 0.5 s"),
        (drips, False, "no answer within 0.5 s"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_sns_says_whether_trying_again_can_help(
    topic: Sns, behaviour: Behaviour, is_permanent: bool, reason: str
) -> None:
    assert send() == "message 42"  # and everything that a first send loads is loaded
    topic.behaviours = [behaviour]
    started = time.monotonic()
    with pytest.raises(SendFailed, match=reason) as raised:
        send(seconds=0.5)
    assert time.monotonic() - started < 2.0, "the deadline is kept, however slowly it answers"
    assert (raised.value.is_permanent, raised.value.retry_after) == (is_permanent, None)
    assert len(topic.requests) == 2, "nobody tried again on his own"
    assert AWS["AWS_SECRET_ACCESS_KEY"] not in str(raised.value)
    topic.release()
    assert send() == "message 42"


@pytest.mark.parametrize("code", ["AuthorizationError", "AccessDenied", "AccessDeniedException"])
def test_a_role_that_may_not_send_yet_is_tried_again_for_a_while_and_then_refused_for_good(
    topic: Sns, code: str
) -> None:
    is_permanent = []
    for attempts in range(1, 9):
        topic.behaviours = [refuses(403, code, "no identity-based policy allows the sns:Publish action")]
        with pytest.raises(SendFailed, match=code) as raised:
            send(notification=NOTIFICATION.model_copy(update={"attempts": attempts}))
        is_permanent.append(raised.value.is_permanent)
    assert is_permanent == [False] * 6 + [True] * 2
    # The shortest waits in between, and the longest.
    assert sum(retry_seconds(attempts, jitter=1.0) for attempts in range(1, 7)) >= 60
    assert sum(retry_seconds(attempts, jitter=0.0) for attempts in range(1, 7)) <= 180


def test_another_refusal_is_for_good_at_once(topic: Sns) -> None:
    topic.behaviours = [refuses(404, "NotFound", "Topic does not exist")]
    with pytest.raises(SendFailed) as raised:
        send(notification=NOTIFICATION)
    assert raised.value.is_permanent


def test_the_topics_own_word_on_when_is_handed_on(topic: Sns) -> None:
    def asks_to_wait(exchange: Exchange) -> None:
        body = f"<ErrorResponse {XML}><Error><Code>Throttled</Code><Message>slow</Message></Error></ErrorResponse>"
        exchange._send(f"HTTP/1.1 429 -\r\nRetry-After: 17\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    topic.behaviours = [asks_to_wait]
    with pytest.raises(SendFailed) as raised:
        send()
    assert (raised.value.is_permanent, raised.value.retry_after) == (False, 17.0)


def test_a_subject_that_is_refused_does_not_cost_the_message(topic: Sns) -> None:
    topic.behaviours = [refuses(400, "InvalidParameter", "Invalid parameter: Subject")]
    assert send() == "message 42"
    refused, taken = topic.requests
    assert refused.pop("Subject") == TEXT.split(" · ")[0]
    assert taken == refused
    assert taken["Message"] == TEXT


def test_nobody_there_is_worth_another_try(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(SendFailed, match="SNS was not reached") as raised:
            send()
    assert not raised.value.is_permanent


def test_without_credentials_it_says_so_and_is_tried_again(topic: Sns, anybody: pytest.MonkeyPatch) -> None:
    with pytest.raises(SendFailed, match="no AWS credentials were found") as raised:
        send()
    assert not raised.value.is_permanent
    assert topic.requests == []


def test_credentials_that_take_too_long_cost_no_more_than_the_deadline_and_nothing_is_sent_later(
    topic: Sns, anybody: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = {"Version": 1, "AccessKeyId": "AKIASLOW", "SecretAccessKey": "slowly-found"}
    (tmp_path / "found.json").write_text(json.dumps(found))
    config = f"[default]\ncredential_process = sh -c 'sleep 1; cat {tmp_path / 'found.json'}'\n"
    (tmp_path / "config").write_text(config)
    anybody.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    started = time.monotonic()
    with pytest.raises(SendFailed, match=r"no answer within 0\.3 s"):
        send(seconds=0.3)
    assert time.monotonic() - started < 0.9
    # What was found meanwhile serves the next send, which is the only one.
    wait_until(lambda: len(sns._idle_lines.get(REGION, [])) == 1)
    [found_late] = sns._idle_lines[REGION]
    assert send(TEXT + "8", seconds=10) == "message 42"
    assert sns._idle_lines[REGION] == [found_late]
    assert [request["Message"] for request in topic.requests] == [TEXT + "8"]


def test_a_line_that_comes_too_late_for_its_send_is_there_for_the_next(
    topic: Sns, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send() == "message 42"
    lines, threads_before = list(sns._idle_lines[REGION]), set(threading.enumerate())
    let_go = threading.Event()
    search = sns._session().get_credentials

    def slowly() -> Any:
        assert let_go.wait(10)
        return search()

    monkeypatch.setattr(sns._session(), "get_credentials", slowly)
    for _ in range(2):
        with pytest.raises(SendFailed, match=r"no answer within 0\.05 s"):
            send(seconds=0.05)
    let_go.set()
    for thread in set(threading.enumerate()) - threads_before:
        thread.join(10)
    assert lines
    assert set(sns._idle_lines[REGION]) == set(lines)


def test_nothing_is_begun_after_the_deadline(topic: Sns) -> None:
    with pytest.raises(TimeoutError):
        sns._Line("eu-west-1").publish({"TopicArn": ARN, "Message": TEXT}, time.monotonic())
    assert topic.requests == []


def test_nothing_of_who_we_are_is_logged(
    topic: Sns, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    logging.getLogger("botocore").setLevel(logging.NOTSET)
    sns._session.cache_clear()
    sns._idle_lines.clear()
    topic.behaviours = [speaks_html(200)]
    with pytest.raises(SendFailed):
        send()
    send()
    said = caplog.text + "".join(capfd.readouterr())
    assert not re.search(f"{AWS['AWS_SECRET_ACCESS_KEY']}|{AWS['AWS_ACCESS_KEY_ID']}|Signature", said)


class KeepAliveSns(http.server.BaseHTTPRequestHandler):
    """Keeps its connections, as SNS does, and says which of them a message came by."""

    protocol_version = "HTTP/1.1"
    connections: ClassVar[list[socket.socket]] = []

    def setup(self) -> None:
        super().setup()
        self.connections.append(self.connection)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = ACCEPTED.replace("42", str(self.connections.index(self.connection) + 1)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_connection_serves_many_messages_and_one_that_sns_closed_costs_none(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), KeepAliveSns) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        assert [send(), send(), send()] == ["message 1"] * 3
        KeepAliveSns.connections[0].shutdown(socket.SHUT_RDWR)
        assert [send(), send()] == ["message 2"] * 2
        server.shutdown()


# --- the setting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arn",
    [
        "alerts",
        "arn:aws:sqs:eu-west-1:123456789012:alerts",
        "arn:aws:sns:eu-west-1:12345:alerts",
        "arn:aws:sns::123456789012:alerts",
        "arn:aws:sns:evil.example/:123456789012:alerts",
        "arn:aws:sns:eu-west-1:123456789012:",
        "arn:aws:sns:eu-west-1:123456789012:a.b",
        "arn:aws:sns:eu-west-1:123456789012:alerts.fifo.x",
        f"arn:aws:sns:eu-west-1:123456789012:{'x' * 257}",
        "arn:aws:sns:eu-west-1:123456789012:alerts:9f7d1c3e-0000-4000-8000-000000000000",
    ],
)
def test_what_is_no_topic_is_told_in_one_line(arn: str) -> None:
    with pytest.raises(SettingError, match=r"^SNS_TOPIC_ARN is '.+': expected a topic's ARN, like arn:aws:sns:\S+$"):
        notifiers.configured({"SNS_TOPIC_ARN": arn})


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        (ARN, "eu-west-1"),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:A_b-1", "us-gov-west-1"),
        ("arn:aws-cn:sns:cn-north-1:123456789012:alerts.fifo", "cn-north-1"),
        (f"arn:aws:sns:ap-northeast-2:123456789012:{'x' * 256}", "ap-northeast-2"),
    ],
)
def test_a_topic_names_its_region(arn: str, region: str) -> None:
    notifier = notifiers.configured({"SNS_TOPIC_ARN": f" {arn} "})["sns"]
    assert isinstance(notifier, sns.SnsNotifier)
    assert (notifier.topic_arn, notifier.region) == (arn, region)


# --- without boto3 ------------------------------------------------------------------------------------------------

WITHOUT_BOTO3 = """
import runpy, sys
sys.modules |= {"boto3": None, "botocore": None}
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=False)
"""


@pytest.fixture
def without_boto3(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after ``make install``, which does not bring it."""
    for name in ("boto3", "botocore"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sns, "_idle_lines", {})
    sns._session.cache_clear()


def run_without_boto3(project: Path, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WITHOUT_BOTO3, *words]
    environ = environment(folder, SNS_TOPIC_ARN=ARN)
    return subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=30)


@pytest.mark.system
def test_without_boto3_a_topic_stops_the_start_with_the_command_that_brings_it(project: Path, tmp_path: Path) -> None:
    stopped = run_without_boto3(project, tmp_path, "infra.local")
    line = r"bonghwa: SNS_TOPIC_ARN is '.+': expected boto3 beside it, .*: \.venv/bin/python -m pip install boto3\n"
    assert stopped.returncode == 1
    assert re.fullmatch(line, stopped.stderr)


@pytest.mark.system
def test_who_only_plans_needs_no_boto3(project: Path, tmp_path: Path) -> None:
    planned = run_without_boto3(project, tmp_path, "infra", "plan", "--platform=aws", "--interval=30")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert planned.stdout.startswith("AWS Lambda, us-east-1: 1 monitors every 30 s\n")


@pytest.mark.usefixtures("without_boto3")
def test_without_boto3_a_send_fails_and_says_so_and_is_tried_again() -> None:
    with pytest.raises(SendFailed, match=r"^boto3 is not installed") as failed:
        send()
    assert not failed.value.is_permanent, "nothing is lost where somebody installs it"
