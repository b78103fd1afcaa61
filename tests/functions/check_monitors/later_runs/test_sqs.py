"""A later run on AWS: the message that asks for it, as SQS itself takes it."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from functions.check_monitors.later_runs import Call, NotEnqueued, asked_for, sqs
from shared.models import now

AT = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)
NOBODY = Call("https://localhost/check_monitors", "the-key")
REGION = "us-east-1"
QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/bonghwa-CheckMonitorsQueue-1A2B3C4D"


@pytest.fixture
def queue(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:  # moto's own AWS
    """A queue of moto."""
    import boto3

    monkeypatch.setenv("AWS_REGION", REGION)
    made = boto3.resource("sqs", REGION).create_queue(QueueName="later-runs")
    yield made
    made.delete()


def waiting(queue: Any) -> tuple[int, int]:
    """How many messages are there now, and how many later."""
    queue.load()
    shown, delayed = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"
    return int(queue.attributes[shown]), int(queue.attributes[delayed])


@pytest.mark.slow
def test_a_message_waits_in_its_queue_and_holds_no_key(queue: Any) -> None:
    sqs.enqueue(queue.url, now() + timedelta(seconds=30), NOBODY)
    assert waiting(queue) == (0, 1)
    sqs.enqueue(queue.url, now(), NOBODY)
    [message] = queue.receive_messages()
    assert datetime.fromisoformat(message.body) <= now()


@pytest.mark.parametrize(("seconds", "delay"), [(30.0, 30), (29.6, 30), (29.4, 29), (-5.0, 0), (1200.0, 900)])
def test_the_delay_leads_to_the_moment(seconds: float, delay: int) -> None:
    """The seconds that the run has taken until it asks."""
    assert sqs.message(QUEUE, AT + timedelta(seconds=seconds), AT)["DelaySeconds"] == delay


def test_the_queues_name_leads_to_sqs(monkeypatch: pytest.MonkeyPatch, tick: Callable[[], None]) -> None:
    asked: list[tuple[str, datetime]] = []
    monkeypatch.setattr(sqs, "enqueue", lambda queue, due_at, _: asked.append((queue, due_at)))
    tick()
    assert asked == [(QUEUE, AT + timedelta(seconds=30))]


@pytest.fixture
def tick() -> Callable[[], None]:
    """A run that begins at AT, which Amazon's scheduler does not say."""

    def call() -> None:
        request = Request(EnvironBuilder(method="POST").get_environ())
        with asked_for(request, {"LATER_RUNS_QUEUE": QUEUE, "LATER_RUNS_SECONDS": "30"}, lambda: AT):
            pass

    return call


@pytest.mark.slow
@pytest.mark.usefixtures("aws", "fresh_logs")
def test_a_queue_that_refuses_costs_that_look_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tick: Callable[[], None]
) -> None:
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("LOG_DIR", "")
    with pytest.raises(NotEnqueued, match="SQS responded 400"):
        sqs.enqueue(QUEUE, AT, NOBODY)
    tick()
    [line] = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["severity"], told["message"], told["reason"]) == ("WARNING", "later_run_lost", "SQS responded 400")
