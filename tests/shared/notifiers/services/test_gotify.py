"""Gotify: what its app shows, and where the token is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.channels import configured
from shared.notifiers import NotifierKind, SendFailed
from shared.settings import SettingError
from tests.shared.notifiers.messages import LINKS, message
from tests.support.stand_ins.service import Doing, Service, says

TAKEN = says(200, '{"id": 25, "appid": 5, "message": "m", "title": "t", "priority": 8}')


def refuses(status: int, error: str, description: str) -> Doing:
    """Respond with an error as Gotify writes it."""
    return says(status, json.dumps({"error": error, "errorCode": status, "errorDescription": description}))


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(TAKEN) as listening:
        yield listening


def gotify(service: Service, **fields: Any) -> NotifierKind:
    described = {"kind": "gotify", "server_url": f"{service.url}/push/", "token": "AbCdEf123.ghIJk", **fields}
    return configured({"CHANNELS": json.dumps({"ops": described})})["ops"]


def test_an_outage_is_posted_as_plain_text_with_a_page_to_open(service: Service) -> None:
    accepted = gotify(service).send(message(links=LINKS), timeout_seconds=5)
    assert accepted == ("HTTP 200", "25")
    [request], [sent] = service.requests, service.bodies
    assert (request.method, request.path) == ("POST", "/push/message")
    assert request.headers["X-Gotify-Key"] == "AbCdEf123.ghIJk"
    assert (sent["title"], sent["priority"]) == ("OUTAGE Shop (https://shop.example/)", 8)
    assert sent["message"].endswith("\n#17")
    assert sent["extras"] == {
        "client::display": {"contentType": "text/plain"},
        "client::notification": {"click": {"url": "https://b.example/dashboard/alerts/7"}},
    }


@pytest.mark.parametrize(
    ("kind", "asked", "priority"), [("RECOVERY", None, 5), ("OUTAGE", 10, 10), ("RECOVERY", 10, 5), ("RECOVERY", 0, 0)]
)
def test_a_priority_that_is_set_makes_no_recovery_louder(
    service: Service, kind: str, asked: int | None, priority: int
) -> None:
    gotify(service, priority=asked).send(message(kind), timeout_seconds=5)
    assert service.bodies[0]["priority"] == priority


def test_gotify_s_words_are_in_the_log_without_the_token(service: Service) -> None:
    service.queue = [refuses(401, "Unauthorized", "no application has the token AbCdEf123.ghIJk")]
    with pytest.raises(SendFailed) as raised:
        gotify(service).send(message(), timeout_seconds=5)
    assert str(raised.value) == "HTTP 401 Unauthorized: no application has the token (hidden)"
    assert raised.value.is_permanent


@pytest.mark.parametrize("fields", [{"token": "a b"}, {"priority": 11}, {"server_url": "gotify.example"}])
def test_settings_that_do_not_fit_are_refused(service: Service, fields: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        gotify(service, **fields)


def test_a_probe_posts_nothing_that_gotify_would_show(service: Service) -> None:
    unnamed = refuses(400, "Bad Request", "Field 'message' is required")
    service.queue = [unnamed, refuses(401, "Unauthorized", "you need to provide a valid access token"), says(404)]
    assert [gotify(service).probe(5).verdict for _ in range(3)] == ["ok", "failure", "failure"]
    assert service.bodies == [{}, {}, {}]
