"""Amazon's SQS: a message that its queue hands to the agent after a delay. It holds no key: the agent has its own."""

import json
from datetime import datetime

from functions.check_monitors.later_runs import Call, NotEnqueued
from functions.check_monitors.reporting import aws, connection
from shared.models import as_text, now

# The longest delay that SQS knows.
MAX_DELAY_SECONDS = 900
_RESPONSE_SECONDS = 5.0


def enqueue(queue: str, due_at: datetime, _: Call) -> None:
    """See the package. ``queue``: its URL. Raises NotEnqueued."""
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage"}
    body = json.dumps(message(queue, due_at, now())).encode()
    try:
        response = aws.call("sqs", "/", body, headers, _RESPONSE_SECONDS)
    except connection.Unanswered as failure:
        raise NotEnqueued(f"SQS: {failure}") from None
    if not response.is_ok:
        # Its own text is left out: it may repeat what it was sent.
        raise NotEnqueued(f"SQS responded {response.status}")


def message(queue: str, due_at: datetime, at: datetime) -> dict[str, object]:
    """The parameters of SendMessage, which counts whole seconds from ``at``."""
    delay = round((due_at - at).total_seconds())
    return {
        "QueueUrl": queue,
        "MessageBody": as_text(due_at),
        "DelaySeconds": min(max(delay, 0), MAX_DELAY_SECONDS),
    }
