"""JANDI: what its people see, and what nobody can make of it."""

import re
from collections.abc import Iterator

import pytest

from shared.notifiers import NotifierKind, SendFailed
from tests.shared.notifiers.kinds import HTTP, channel_at
from tests.shared.notifiers.messages import HOSTILE, LINKS, listed, message
from tests.shared.notifiers.reading import seen
from tests.support.stand_ins.service import Service, says


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(HTTP["jandi"].accepts) as listening:
        yield listening


@pytest.fixture
def jandi(service: Service) -> NotifierKind:
    return channel_at(service.url, "jandi")


def test_an_outage_has_a_row_for_each_fact(service: Service, jandi: NotifierKind) -> None:
    jandi.send(message("OUTAGE", language="ko", links=LINKS), timeout_seconds=5)
    [sent] = service.bodies
    assert seen(sent["body"]) == "🔴 장애 Shop (https://shop.example/) · #17"
    assert sent["connectColor"] == "#d92d20"
    *rows, links = sent["connectInfo"]
    assert [(row["title"], seen(row["description"])) for row in rows] == [
        ("원인", "HTTP 503 Service Unavailable"),
        ("시작", "2025-01-08 12:00:00 UTC"),
    ]
    assert links == {"description": " · ".join(f"[{link.label}]({link.url})" for link in LINKS)}


def test_jandi_is_asked_in_its_own_format(service: Service, jandi: NotifierKind) -> None:
    jandi.send(message(), timeout_seconds=5)
    assert service.requests[0].headers["Accept"] == "application/vnd.tosslab.jandi-v2+json"
    assert service.requests[0].headers["Content-Type"] == "application/json"


def test_a_list_and_a_template_are_one_row(service: Service, jandi: NotifierKind) -> None:
    jandi.send(listed(2), timeout_seconds=5)
    jandi.send(message()._replace(template="Call Kim"), timeout_seconds=5)
    list_, template = (body["connectInfo"] for body in service.bodies)
    assert [line[-3:] for line in list_[0]["description"].splitlines()] == ["#11", "#12"]
    assert template == [{"description": "Call Kim\n#17"}]


def test_nothing_in_a_message_is_markup_or_a_link(service: Service, jandi: NotifierKind) -> None:
    hostile = f"{HOSTILE} **b** ~~s~~ [[l]](https://evil.example)"
    jandi.send(message(subject=hostile, cause=hostile, cause_data=None), timeout_seconds=5)
    [sent] = service.bodies
    for text in (sent["body"], *(row["description"] for row in sent["connectInfo"])):
        assert not re.search(r"[*~`]|@\w|://|\]\(|<\w|\[\w", text)


def test_what_is_too_long_is_cut(service: Service, jandi: NotifierKind) -> None:
    long = listed(20)._replace(is_list=False, title="t" * 900, text="t\n" + "x" * 9_000 + "\nand 9 more · #81")
    jandi.send(long, timeout_seconds=5)
    [sent] = service.bodies
    assert len(sent["body"]) == 500
    [row] = sent["connectInfo"]
    assert len(row["description"]) == 4_000
    assert row["description"].endswith("\nand 9 more · #81")


def test_jandi_s_words_are_in_the_log(service: Service, jandi: NotifierKind) -> None:
    service.queue = [says(400, '{"code": 40000, "msg": "Invalid webhook"}')]
    with pytest.raises(SendFailed, match=r"^HTTP 400 Bad Request: Invalid webhook$") as raised:
        jandi.send(message(), timeout_seconds=5)
    assert raised.value.is_permanent


def test_a_probe_says_what_it_does_not_show(service: Service, jandi: NotifierKind) -> None:
    service.queue = [says(404, "{}"), says(503)]
    reached, down = jandi.probe(5), jandi.probe(5)
    assert reached == ("ok", "JANDI answers; only a message shows whether it knows the webhook", None, None)
    assert (down.verdict, down.found) == ("failure", "JANDI responds HTTP 503 Service Unavailable")
    assert {(request.method, request.body) for request in service.requests} == {("GET", b"")}
