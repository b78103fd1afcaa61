"""Dooray!: what its people see, and what nobody can make of it."""

import re
from collections.abc import Iterator

import pytest

from shared.models.channel import Pace
from shared.notifiers import NotifierKind, SendFailed
from tests.shared.notifiers.kinds import HTTP, channel_at
from tests.shared.notifiers.messages import HOSTILE, LINKS, listed, message
from tests.shared.notifiers.reading import seen
from tests.support.stand_ins.service import Service, says

FAILED = '{"header": {"isSuccessful": false, "resultCode": -1, "resultMessage": "%s"}}'


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(HTTP["dooray"].accepts) as listening:
        yield listening


@pytest.fixture
def dooray(service: Service) -> NotifierKind:
    return channel_at(service.url, "dooray")


def test_an_outage_has_its_facts_below(service: Service, dooray: NotifierKind) -> None:
    dooray.send(message("OUTAGE", language="ko", links=LINKS), timeout_seconds=5)
    [sent] = service.bodies
    assert sent["botName"] == "Bonghwa"
    assert seen(sent["text"]) == "🔴 장애 Shop (https://shop.example/)"
    body, *links = sent["attachments"]
    assert body == {
        "text": "원인: HTTP 503 Service Unavailable\n시작: 2025-01-08 12:00:00 UTC\n#17",
        "color": "#d92d20",
    }
    assert [(link["title"], link["titleLink"]) for link in links] == [(link.label, link.url) for link in LINKS]


def test_nothing_in_a_message_is_markup_or_calls_anybody(service: Service, dooray: NotifierKind) -> None:
    hostile = f'{HOSTILE} [@kim](dooray://1/members/2 "member") https://evil.example'
    dooray.send(message(subject=hostile, cause=hostile, cause_data=None), timeout_seconds=5)
    [sent] = service.bodies
    for text in (sent["text"], sent["attachments"][0]["text"]):
        assert not re.search(r"[*~`]|@\w|://|\]\(|<\w|\[[\w@]", text)


def test_what_is_too_long_is_cut(service: Service, dooray: NotifierKind) -> None:
    long = listed(20)._replace(is_list=False, title="t" * 900, text="t\n" + "x" * 9_000 + "\nand 9 more · #81")
    dooray.send(long, timeout_seconds=5)
    [sent] = service.bodies
    [body] = sent["attachments"]
    assert (len(sent["text"]), len(body["text"])) == (500, 4_000)
    assert body["text"].endswith("\nand 9 more · #81")


@pytest.mark.parametrize(
    ("words", "said"), [("text field is required.", ": text field is required."), ("no /123/s3cr3t-of-dooray", "")]
)
def test_a_success_that_tells_of_a_failure_is_none(
    service: Service, dooray: NotifierKind, words: str, said: str
) -> None:
    service.queue = [says(200, FAILED % words), says(200, FAILED % words)]
    with pytest.raises(SendFailed, match=rf"^HTTP 200 OK{said}: not the words of a success$") as raised:
        dooray.send(message(), timeout_seconds=5)
    assert not raised.value.is_permanent
    with pytest.raises(SendFailed) as raised:
        dooray.send(message(attempts=6), timeout_seconds=5)
    assert raised.value.is_permanent


def test_dooray_s_words_are_in_the_log(service: Service, dooray: NotifierKind) -> None:
    service.queue = [says(404, FAILED % "존재하지 않는 서비스입니다.")]
    with pytest.raises(SendFailed, match=r"^HTTP 404 Not Found: 존재하지 않는 서비스입니다\.$") as raised:
        dooray.send(message(), timeout_seconds=5)
    assert raised.value.is_permanent


def test_dooray_asks_for_one_message_a_second(dooray: NotifierKind) -> None:
    assert dooray.pace == Pace(1, 1.0)


def test_a_probe_says_what_it_does_not_show(service: Service, dooray: NotifierKind) -> None:
    service.queue = [says(405), says(500)]
    reached, down = dooray.probe(5), dooray.probe(5)
    assert reached == ("ok", "Dooray! answers; only a message shows whether it knows the webhook", None, None)
    assert (down.verdict, down.found) == ("failure", "Dooray! responds HTTP 500 Internal Server Error")
    assert {request.method for request in service.requests} == {"GET"}
