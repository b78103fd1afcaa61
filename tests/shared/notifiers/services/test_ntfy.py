"""ntfy: what its apps show, and what its servers accept."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from shared.channels import configured
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed
from shared.settings import SettingError
from tests.shared.notifiers.messages import HOSTILE, LINKS, NOON, listed, message, notification
from tests.support.stand_ins.service import Service, says

TAKEN = says(200, '{"id": "xE73Iyuabi", "time": 1, "event": "message", "topic": "alerts"}')
ALLOWED = says(200, '{"success": true}')


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(TAKEN) as listening:
        yield listening


def ntfy(service: Service, **fields: Any) -> NotifierKind:
    described = {"kind": "ntfy", "server_url": service.url, "topic": "alerts", **fields}
    return configured({"CHANNELS": json.dumps({"ops": described})})["ops"]


def test_an_outage_is_published_at_the_root_with_its_buttons(service: Service) -> None:
    accepted = ntfy(service).send(message(links=LINKS), timeout_seconds=5)
    assert accepted == ("HTTP 200", "xE73Iyuabi")
    [request], [sent] = service.requests, service.bodies
    assert (request.method, request.path) == ("POST", "/")
    assert sent["topic"] == "alerts"
    assert sent["title"] == "OUTAGE Shop (https://shop.example/)"
    assert sent["message"].startswith("Cause: HTTP 503 Service Unavailable\n")
    assert sent["message"].endswith("\n#17")
    assert (sent["priority"], sent["tags"]) == (5, ["rotating_light"])
    assert sent["click"] == "https://b.example/dashboard/alerts/7"
    post = {"action": "http", "method": "POST", "clear": True}
    assert sent["actions"] == [
        {**post, "label": "Acknowledge", "url": "https://b.example/act/a-token"},
        {**post, "label": "Silence 1 h", "url": "https://b.example/act/s-token"},
        {"action": "view", "label": "Open", "url": "https://b.example/dashboard/alerts/7"},
    ]


def sequence_ids(service: Service, *messages: Message) -> list[str | None]:
    for each in messages:
        ntfy(service).send(each, timeout_seconds=5)
    return [sent.get("sequence_id") for sent in service.bodies]


def test_a_copy_has_the_same_sequence_id(service: Service) -> None:
    test = message("RECOVERY")._replace(notification=None)
    one, copy, none = sequence_ids(service, message(), message(attempts=2), test)
    assert one == copy == "notification-17-1736337600"
    assert none is None


def test_a_number_that_begins_again_replaces_no_message(service: Service) -> None:
    """After a new start with an empty database, or from another installation that posts to the same topic."""
    later = message()._replace(notification=notification(created_at=NOON + timedelta(days=30)))
    one, other = sequence_ids(service, message(), later)
    assert one != other


def test_a_list_replaces_no_message_but_its_copy(service: Service) -> None:
    alone = listed(3)._replace(is_list=False)
    first, *lists, longer = sequence_ids(service, alone, listed(3), listed(3), listed(4))
    assert lists[0] == lists[1]
    assert len({first, lists[0], longer}) == 3


def test_ntfy_takes_the_sequence_id_of_any_notification(service: Service) -> None:
    """ntfy refuses a message whose sequence id has other characters, or more than 64."""
    late = notification(id=2**63 - 1, created_at=datetime.max.replace(tzinfo=UTC))
    [found] = sequence_ids(service, listed(3)._replace(notification=late))
    assert found
    assert re.fullmatch("[-_A-Za-z0-9]{1,64}", found)


@pytest.mark.parametrize(
    ("kind", "asked", "priority"),
    [("OUTAGE", None, 5), ("RECOVERY", None, 3), ("DEGRADED", None, 4), ("OUTAGE", 2, 2), ("RECOVERY", 5, 3)],
)
def test_a_priority_that_is_set_makes_no_recovery_louder(
    service: Service, kind: str, asked: int | None, priority: int
) -> None:
    fields = {} if asked is None else {"priority": asked}
    ntfy(service, **fields).send(message(kind), timeout_seconds=5)
    assert service.bodies[0]["priority"] == priority


@pytest.mark.parametrize(
    ("fields", "sent"),
    [
        ({}, None),
        ({"token": "tk_abc"}, "Bearer tk_abc"),
        ({"username": "kim", "password": "p:ä"}, f"Basic {base64.b64encode('kim:p:ä'.encode()).decode()}"),
    ],
)
def test_credentials_are_in_a_header_only(service: Service, fields: dict[str, str], sent: str | None) -> None:
    ntfy(service, **fields).send(message(), timeout_seconds=5)
    assert service.requests[0].headers["Authorization"] == sent


def test_an_echo_of_the_request_shows_no_password(service: Service) -> None:
    password = 'pa55"wör/d'
    basic = base64.b64encode(f"kim:{password}".encode()).decode()
    forms = (password, basic, quote(basic, safe=""), quote_plus(password), json.dumps(password)[1:-1])
    channel = ntfy(service, username="kim", password=password)
    service.queue = [says(401, json.dumps({"error": f"Basic {form}"})) for form in forms]
    for form in forms:
        with pytest.raises(SendFailed) as raised:
            channel.send(message(), timeout_seconds=5)
        assert str(raised.value) == "HTTP 401 Unauthorized: Basic (hidden)", form
    assert basic not in channel.unexpected(RuntimeError(f"Authorization: Basic {basic}"))


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "kim"},
        {"password": "pa55word"},
        {"token": "tk_abc", "username": "kim", "password": "pa55word"},
        {"username": "kim:lee", "password": "pa55word"},
        {"topic": "alerts/of/ours"},
        {"token": "tk_a b"},
        {"priority": 6},
    ],
)
def test_settings_that_do_not_fit_are_refused(service: Service, fields: dict[str, Any]) -> None:
    with pytest.raises(SettingError) as refused:
        ntfy(service, **fields)
    assert "pa55word" not in str(refused.value)
    assert "tk_a" not in str(refused.value)
    assert "alerts/of" not in str(refused.value)


@pytest.mark.parametrize("letter", ["x", "가", "😀", '"'])
def test_what_is_too_long_is_cut_by_bytes_and_keeps_its_number(service: Service, letter: str) -> None:
    """From 4096 bytes on, ntfy makes a file of a message; more than 8192 in all it refuses."""
    long = message(links=LINKS)._replace(template=letter * 9_000, title=letter * 500)
    ntfy(service).send(long, timeout_seconds=5)
    [sent] = service.bodies
    assert 3_000 < len(sent["message"].encode()) < 4_096
    assert sent["message"].endswith("…\n#17")
    assert len(service.requests[0].body) <= 8_192


def test_nothing_in_a_message_becomes_another_field(service: Service) -> None:
    ntfy(service).send(message(subject=HOSTILE, cause=HOSTILE, cause_data=None), timeout_seconds=5)
    ntfy(service).send(listed(20), timeout_seconds=5)
    plain = {"topic", "title", "message", "priority", "tags", "actions", "sequence_id"}
    assert [set(sent) for sent in service.bodies] == [plain, plain]
    assert "#11" in service.bodies[1]["message"]


@pytest.mark.parametrize(
    ("status", "code", "words", "is_permanent"),
    [
        (400, 40009, "invalid request: topic invalid", True),
        (401, 40101, "unauthorized", True),
        (403, 40301, "forbidden", True),
        (413, 41301, "attachment too large, or bandwidth limit reached", False),
        (429, 42908, "limit reached: daily message quota reached", False),
        (507, 50701, "insufficient storage", False),
    ],
)
def test_ntfy_s_words_are_in_the_log(service: Service, status: int, code: int, words: str, is_permanent: bool) -> None:
    service.queue = [says(status, json.dumps({"code": code, "http": status, "error": words}))]
    with pytest.raises(SendFailed, match=words) as raised:
        ntfy(service).send(message(), timeout_seconds=5)
    assert (raised.value.is_permanent, raised.value.retry_after) == (is_permanent, None)


def test_it_is_paced_like_ntfy_sh_and_no_faster(service: Service) -> None:
    assert ntfy(service).pace == (60, 300.0)


def test_a_probe_asks_whether_the_topic_may_be_read(service: Service) -> None:
    healthy = says(200, '{"healthy": true}')
    unknown = says(401, '{"code": 40101, "http": 401, "error": "unauthorized"}')
    unreadable = says(403, '{"code": 40301, "http": 403, "error": "forbidden"}')
    service.queue = [healthy, ALLOWED, healthy, unknown, healthy, unreadable, says(200, "<html>")]
    channel = ntfy(service, token="tk_abc")
    assert [channel.probe(5).verdict for _ in range(4)] == ["ok", "failure", "warning", "failure"]
    assert {(request.method, request.path) for request in service.requests} == {
        ("GET", "/v1/health"),
        ("GET", "/alerts/auth"),
    }
