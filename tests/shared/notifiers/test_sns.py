"""Amazon SNS, with moto as AWS: what subscribers get, the setting, and what happens without boto3."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.channels import configured
from shared.models.message import Fact
from shared.notifiers import SendFailed
from shared.notifiers.services.sns import SnsNotifier, connection
from shared.settings import SettingError
from tests.shared.notifiers.messages import LINKS, listed, message
from tests.shared.notifiers.sns import ARN, NOTIFICATION, REGION, TEXT
from tests.shared.notifiers.sns import send_to_sns as send
from tests.support.running import LocalSystem, environment
from tests.support.stand_ins import Target

pytestmark = pytest.mark.slow


class Topic:
    """A topic of moto's with a queue that is subscribed to it."""

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
        """The messages that the queue received since the last call."""
        found = self._queues.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]


def test_subscribers_get_text_subject_and_attributes(aws: dict[str, str]) -> None:
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


def test_a_mail_has_the_full_form_and_a_list_its_lines(aws: dict[str, str]) -> None:
    topic = Topic(aws, "forms")
    for about in (message(links=LINKS[:1]), listed(2)):
        configured({"SNS_TOPIC_ARN": topic.arn})["sns"].send(about, timeout_seconds=5)
    full, of_two = sorted(topic.messages(), key=lambda each: str(each["Subject"]))
    assert full["Subject"] == "OUTAGE Shop (https://shop.example/)"
    assert full["Message"].splitlines() == [
        "OUTAGE Shop (https://shop.example/)",
        "",
        "Cause: HTTP 503 Service Unavailable",
        "Since: 2025-01-08 12:00:00 UTC",
        "#17",
        "",
        "Acknowledge: https://b.example/act/a-token",
    ]
    assert (of_two["Subject"], of_two["Message"]) == ("OUTAGE: 2 monitors", listed(2).text)


def test_a_fifo_topic_knows_a_notification_by_other_facts(aws: dict[str, str]) -> None:
    topic, about = Topic(aws, "facts.fifo"), message()
    for facts in (about.facts, (*about.facts, Fact("Also failing", "1 other monitor"))):
        configured({"SNS_TOPIC_ARN": topic.arn})["sns"].send(about._replace(facts=facts), timeout_seconds=5)
    assert len(topic.messages()) == 1


def test_a_subject_is_cut_to_what_sns_accepts(aws: dict[str, str]) -> None:
    topic = Topic(aws, "long")
    send(f"OUTAGE {'x' * 300} · #1", topic.arn)
    [message] = topic.messages()
    assert message["Subject"] == f"OUTAGE {'x' * 92}"


def test_the_subject_of_a_list_is_its_first_line(aws: dict[str, str]) -> None:
    """SNS refuses a subject with a line break."""
    topic = Topic(aws, "lists")
    send("OUTAGE: 2 monitors\na · HTTP 500 · #1\nb · HTTP 500 · #2", topic.arn)
    [message] = topic.messages()
    assert message["Subject"] == "OUTAGE: 2 monitors"


def test_a_fifo_topic_delivers_a_notification_once(aws: dict[str, str]) -> None:
    topic = Topic(aws, "alerts.fifo")
    for text in (TEXT, TEXT, "RECOVERY x · #18"):
        send(text, topic.arn)
    assert [message["Message"] for message in topic.messages()] == [TEXT, "RECOVERY x · #18"]


def test_a_topic_that_does_not_exist_is_a_permanent_failure(aws: dict[str, str]) -> None:
    with pytest.raises(SendFailed, match=r"^NotFound: ") as raised:
        send(arn=f"{ARN}-that-is-gone")
    assert raised.value.is_permanent


def is_sent(log: dict[str, Any]) -> bool:
    return (log["channel"], log["status"]) == ("sns", "SENT")


def answers(system: LocalSystem) -> set[str]:
    """SNS's answers to the messages that the log counts as sent."""
    return {log["answer"] for log in system.notification_logs() if is_sent(log)}


@pytest.mark.system
def test_an_outage_and_its_recovery_arrive_through_a_topic(
    project: Path, tmp_path: Path, target: Target, aws: dict[str, str]
) -> None:
    topic = Topic(aws, "whole-system")
    settings = {"TARGET_URL": target.url, "SNS_TOPIC_ARN": topic.arn, "MESSAGE_LANGUAGE": "ko", **aws}
    with LocalSystem(project, tmp_path, **settings) as system:
        assert "console, sns  (off: telegram)" in system.output()
        target.status = 500
        told = system.wait_until(topic.messages)
        target.status = 200

        def subjects() -> list[str]:
            told.extend(topic.messages())
            return list(dict.fromkeys(message["Subject"].split()[0] for message in told))

        system.wait_until(lambda: subjects() == ["장애", "복구"])
        # A message may arrive before its row is written.
        system.wait_until(lambda: len(answers(system)) == 2)
        assert answers(system) <= {f"message {message['MessageId']}" for message in told}
        # On a busy machine a response can come too late. Then, and only then, a message comes once more.
        too_late = [log for log in system.notification_logs() if (log["channel"], log["status"]) == ("sns", "RETRY")]
        assert len(told) <= 2 + len(too_late)
    assert told[0]["MessageAttributes"]["kind"]["Value"] == "OUTAGE"


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
def test_a_malformed_topic_is_reported_in_one_line(arn: str) -> None:
    with pytest.raises(SettingError, match=r"^SNS_TOPIC_ARN is '.+': expected a topic's ARN, like arn:aws:sns:\S+$"):
        configured({"SNS_TOPIC_ARN": arn})


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
    notifier = configured({"SNS_TOPIC_ARN": f" {arn} "})["sns"]
    assert isinstance(notifier, SnsNotifier)
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
    """As after ``make install``, which does not install it."""
    for name in ("boto3", "botocore"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(connection, "idle_connections", {})
    connection.session.cache_clear()


def run_without_boto3(project: Path, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", WITHOUT_BOTO3, *words]
    environ = environment(folder, SNS_TOPIC_ARN=ARN)
    return subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, timeout=30)


@pytest.mark.system
def test_without_boto3_the_start_names_the_command_for_it(project: Path, tmp_path: Path) -> None:
    stopped = run_without_boto3(project, tmp_path, "infra.local")
    line = r"bonghwa: SNS_TOPIC_ARN is '.+': expected boto3 beside it, .*: \.venv/bin/python -m pip install boto3\n"
    assert stopped.returncode == 1
    assert re.fullmatch(line, stopped.stderr)


@pytest.mark.system
def test_a_plan_needs_no_boto3(project: Path, tmp_path: Path) -> None:
    planned = run_without_boto3(project, tmp_path, "infra", "plan", "--platform=aws", "--interval=30")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert planned.stdout.startswith("AWS Lambda, us-east-1: 1 monitors every 30 s\n")


@pytest.mark.usefixtures("without_boto3")
def test_without_boto3_a_send_says_so_and_is_tried_again() -> None:
    with pytest.raises(SendFailed, match=r"^boto3 is not installed") as failed:
        send()
    assert not failed.value.is_permanent, "nothing is lost if somebody installs it"
