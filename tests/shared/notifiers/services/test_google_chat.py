"""Google Chat: what its people see, what nobody can make of it, threads, and copies that nobody sees."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.models.channel import Pace
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed
from tests.shared.notifiers.kinds import HTTP, channel_at
from tests.shared.notifiers.messages import HOSTILE, LINKS, NOON, alert, listed, message, notification
from tests.shared.notifiers.reading import seen
from tests.support.stand_ins.service import Service, says


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(HTTP["google_chat"].accepts) as listening:
        yield listening


@pytest.fixture
def chat(service: Service) -> NotifierKind:
    return channel_at(service.url, "google_chat")


def widgets(service: Service) -> list[dict[str, Any]]:
    [card] = service.bodies[0]["cardsV2"]
    [section] = card["card"]["sections"]
    found: list[dict[str, Any]] = section["widgets"]
    return found


def query(service: Service, index: int = 0) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(service.requests[index].path).query).items()}


def error(code: int, status: str, words: str) -> str:
    return json.dumps({"error": {"code": code, "message": words, "status": status}})


def test_an_outage_is_a_card(service: Service, chat: NotifierKind) -> None:
    accepted = chat.send(message("OUTAGE", links=LINKS), timeout_seconds=5)
    title, body, buttons = widgets(service)
    assert seen(title["textParagraph"]["text"]) == "<b>🔴 OUTAGE Shop (https://shop.example/)</b>"
    assert seen(body["textParagraph"]["text"]) == (
        "Cause: HTTP 503 Service Unavailable<br>Since: 2025-01-08 12:00:00 UTC<br>#17"
    )
    assert [(each["text"], each["onClick"]["openLink"]["url"]) for each in buttons["buttonList"]["buttons"]] == [
        (link.label, link.url) for link in LINKS
    ]
    # The lock screen's.
    assert seen(service.bodies[0]["fallbackText"]).startswith("OUTAGE Shop (https://shop.example/) · cause: HTTP 503")
    assert accepted.message_id == "spaces/AAAA/messages/B.C"


def test_nothing_in_a_message_is_markup_or_calls_anybody(service: Service, chat: NotifierKind) -> None:
    hostile = f'{HOSTILE} <users/all> <a href="https://evil.example">Acknowledge</a> https://evil.example'
    chat.send(message(subject=hostile, cause=hostile, cause_data=None), timeout_seconds=5)
    title, body = (widget["textParagraph"]["text"] for widget in widgets(service))
    assert set(re.findall(r"<[^>]*>", title + body)) == {"<b>", "</b>", "<br>"}
    assert not re.search(r"://|<users|@e", title + body + service.bodies[0]["fallbackText"])
    # A text would be read as Chat's own markup.
    assert set(service.bodies[0]) == {"fallbackText", "cardsV2", "thread"}


@pytest.mark.parametrize("sign", ["&", "🔥", "장"])
def test_what_is_too_long_stays_below_google_s_limit(service: Service, chat: NotifierKind, sign: str) -> None:
    long = listed(20)._replace(
        is_list=False, title=sign * 900, text=f"t\n{sign * 9_000}\nand 9 more · #81", links=LINKS
    )
    chat.send(long, timeout_seconds=5)
    assert len(service.requests[0].body) < 32_000
    assert widgets(service)[1]["textParagraph"]["text"].endswith("<br>and 9 more · #81")


def test_an_alert_has_one_thread(service: Service, chat: NotifierKind) -> None:
    for kind in ("OUTAGE", "RECOVERY"):
        chat.send(message(kind), timeout_seconds=5)
    outage, recovery = service.bodies
    assert outage["thread"] == recovery["thread"]
    assert outage["thread"]["threadKey"].startswith("bonghwa-alert-7-")
    assert query(service)["messageReplyOption"] == "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"
    assert (query(service)["key"], query(service)["token"]) == ("k3y-of-google", "s3cr3t-of-google")


def test_a_list_and_a_test_are_in_no_thread(service: Service, chat: NotifierKind) -> None:
    chat.send(listed(3), timeout_seconds=5)
    chat.send(Message.of_text("TEST · Bonghwa can reach this channel"), timeout_seconds=5)
    assert not any("thread" in body for body in service.bodies)
    assert "requestId" not in query(service, 1)


def ids(service: Service, chat: NotifierKind, *messages: Message) -> list[str]:
    for each in messages:
        chat.send(each, timeout_seconds=5)
    return [query(service, index)["requestId"] for index in range(len(messages))]


def test_a_copy_is_the_same_message(service: Service, chat: NotifierKind) -> None:
    one, copy, other = ids(
        service,
        chat,
        message(),
        message(attempts=2),
        message("RECOVERY")._replace(notification=notification("RECOVERY", id=18)),
    )
    assert one == copy != other


def test_a_list_is_not_its_first_notification(service: Service, chat: NotifierKind) -> None:
    """Google would show the old message in place of the list."""
    alone = listed(3)._replace(is_list=False)
    found = ids(service, chat, alone, listed(3), listed(3), listed(4))
    assert found[1] == found[2]
    assert len(set(found)) == 3


def test_two_installations_that_count_alike_are_apart(service: Service, chat: NotifierKind) -> None:
    later = NOON + timedelta(days=1)
    elsewhere = message()._replace(notification=notification(created_at=later), alert=alert(opened_at=later))
    one, other = ids(service, chat, message(), elsewhere)
    assert one != other
    assert service.bodies[0]["thread"] != service.bodies[1]["thread"]


def test_a_space_takes_one_message_a_second(chat: NotifierKind) -> None:
    assert chat.pace == Pace(1, 1.0)


@pytest.mark.parametrize(
    ("status", "answer", "is_permanent", "said"),
    [
        (400, error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."), True, "API key not"),
        (403, error(403, "PERMISSION_DENIED", "called without a token=s3cr3t-of-google"), True, "PERMISSION_DENIED$"),
        (429, error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (quota)."), False, "RESOURCE_EXHAUSTED$"),
    ],
)
def test_google_s_words_are_in_the_log(
    service: Service, chat: NotifierKind, status: int, answer: str, is_permanent: bool, said: str
) -> None:
    service.queue = [says(status, answer)]
    with pytest.raises(SendFailed, match=said) as raised:
        chat.send(message(), timeout_seconds=5)
    assert raised.value.is_permanent == is_permanent


def test_a_probe_posts_nothing_that_google_would_show(service: Service, chat: NotifierKind) -> None:
    service.queue = [
        says(400, error(400, "INVALID_ARGUMENT", "Message cannot be empty.")),
        says(400, error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")),
    ]
    assert chat.probe(5).verdict == "ok"
    wrong = chat.probe(5)
    assert (wrong.verdict, wrong.found) == (
        "failure",
        "Google Chat responds HTTP 400 Bad Request API key not valid. Please pass a valid API key.",
    )
    assert service.bodies == [{}, {}]
