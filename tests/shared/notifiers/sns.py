"""SNS as a stand-in that speaks real HTTP, and what tests send to it."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

from shared.channels import configured
from shared.models import Notification, NotificationKind, NotificationStatus
from shared.models.message import Message
from tests.support.stand_ins import Exchange, StandIn

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


def send_to_sns(
    text: str = TEXT, arn: str = ARN, seconds: float = 5.0, notification: Notification | None = None
) -> str:
    # Configured for each request, as in the functions.
    notifier = configured({"SNS_TOPIC_ARN": arn})["sns"]
    message = Message.of_text(text)._replace(notification=notification)
    return notifier.send(message, timeout_seconds=seconds).answer


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


def says(status: int, body: str) -> Behaviour:
    def behaviour(exchange: Exchange) -> None:
        exchange.answer(status, body, "text/html")

    behaviour.__name__ = f"{status}_{body}"
    return behaviour


def speaks_html(status: int) -> Behaviour:
    return says(status, "<html><p>a proxy<p></html>")


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
    """SNS, which shows one behaviour a request as the test queued them, and then accepts."""

    def __init__(self) -> None:
        super().__init__()
        self.behaviours: list[Behaviour] = []
        self.requests: list[dict[str, str]] = []

    def answer(self, exchange: Exchange) -> None:
        self.requests.append({name: values[0] for name, values in parse_qs(exchange.body.decode()).items()})
        behaviour = self.behaviours.pop(0) if self.behaviours else accepts
        behaviour(exchange)
