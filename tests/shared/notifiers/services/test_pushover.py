"""Pushover: what a phone shows, and what its API says."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from shared.channels import configured
from shared.notifiers import NotifierKind, SendFailed
from shared.settings import SettingError
from tests.shared.notifiers.messages import LINKS, NOON, message
from tests.support.stand_ins.service import Doing, Service, says

TAKEN = says(200, '{"status": 1, "request": "647d2300-702c-4b38-8b2f-d56326ae460b"}')
TOKEN, USER = "azGDORePK8gMaC0QOYAMyEEuzJnyUi", "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"
DAY = 86_400


def refuses(*errors: str, status: int = 400, headers: dict[str, str] | None = None) -> Doing:
    """Respond with errors as Pushover writes them."""
    return says(status, json.dumps({"errors": errors, "status": 0, "request": "5042853c"}), headers)


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(TAKEN) as listening:
        yield listening


def pushover(service: Service, **fields: Any) -> NotifierKind:
    described = {"kind": "pushover", "api_url": service.url, "api_token": TOKEN, "user_key": USER, **fields}
    return configured({"CHANNELS": json.dumps({"ops": described})})["ops"]


def forms(service: Service) -> list[dict[str, str]]:
    """The posted fields."""
    return [dict(parse_qsl(request.body.decode(), strict_parsing=True)) for request in service.requests]


def test_an_outage_is_posted_as_a_form_with_a_link(service: Service) -> None:
    assert pushover(service, device="phone,tablet", sound="siren").send(message(links=LINKS), timeout_seconds=5)
    [request], [sent] = service.requests, forms(service)
    assert (request.method, request.path) == ("POST", "/1/messages.json")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    text = sent.pop("message")
    assert text.startswith("Cause: HTTP 503 Service Unavailable\n")
    assert text.endswith("\n#17")
    assert sent == {
        "token": TOKEN,
        "user": USER,
        "title": "OUTAGE Shop (https://shop.example/)",
        "priority": "1",
        "device": "phone,tablet",
        "sound": "siren",
        "url": "https://b.example/act/a-token",
        "url_title": "Acknowledge",
    }


def test_an_emergency_rings_until_it_is_acknowledged_and_a_recovery_does_not(service: Service) -> None:
    for kind in ("OUTAGE", "RECOVERY"):
        pushover(service, priority=2).send(message(kind), timeout_seconds=5)
    outage, recovery = forms(service)
    assert (outage["priority"], outage["retry"], outage["expire"]) == ("2", "60", "3600")
    assert (recovery["priority"], "retry" in recovery) == ("0", False)


def test_what_is_too_long_is_cut_to_pushover_s_limits(service: Service) -> None:
    long = message(links=(LINKS[2]._replace(url="https://b.example/" + "x" * 600),))
    pushover(service).send(long._replace(template="가" * 2_000, title="t" * 500), timeout_seconds=5)
    [sent] = forms(service)
    assert (len(sent["message"]), len(sent["title"])) == (1_024, 250)
    assert sent["message"].endswith("…\n#17")
    assert "url" not in sent


@pytest.mark.parametrize("error", ["application token is invalid", "user identifier is not a valid user"])
def test_a_bad_key_fails_at_once_in_pushover_s_words(service: Service, error: str) -> None:
    service.queue = [refuses(error)]
    with pytest.raises(SendFailed, match=error) as raised:
        pushover(service).send(message(), timeout_seconds=5)
    assert raised.value.is_permanent


def test_no_key_gets_into_the_log(service: Service) -> None:
    service.queue = [refuses(f"{USER} is not known to {TOKEN}")]
    with pytest.raises(SendFailed) as raised:
        pushover(service).send(message(), timeout_seconds=5)
    assert str(raised.value) == "HTTP 400 Bad Request: (hidden) is not known to (hidden)"


@pytest.mark.parametrize(("days", "is_permanent"), [(0.5, False), (20, True)])
def test_the_month_s_quota_is_waited_for_only_if_it_ends_in_time(
    service: Service, days: float, is_permanent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise nobody would hear for days that this channel is mute."""
    monkeypatch.setattr(time, "time", NOON.timestamp)
    reset = {"X-Limit-App-Remaining": "0", "X-Limit-App-Reset": f"{NOON.timestamp() + days * DAY:.0f}"}
    service.queue = [refuses("application is over its quota", status=429, headers=reset)]
    with pytest.raises(SendFailed, match="over its quota") as raised:
        pushover(service).send(message(), timeout_seconds=5)
    assert raised.value.is_permanent == is_permanent
    assert raised.value.retry_after == (None if is_permanent else days * DAY)


@pytest.mark.parametrize(
    "fields", [{"api_token": "a-secret and more"}, {"user_key": ""}, {"device": "a phone"}, {"priority": 3}]
)
def test_settings_that_do_not_fit_are_refused(service: Service, fields: dict[str, Any]) -> None:
    with pytest.raises(SettingError) as refused:
        pushover(service, **fields)
    assert "a-secret and more" not in str(refused.value)


def test_a_probe_validates_the_user_and_sends_nothing(service: Service) -> None:
    valid = says(200, '{"status": 1, "group": 0, "devices": ["phone"], "licenses": ["Android"], "request": "r"}')
    service.queue = [valid, refuses("user key is invalid")]
    assert [pushover(service, device="phone").probe(5).verdict for _ in range(2)] == ["ok", "failure"]
    assert {request.path for request in service.requests} == {"/1/users/validate.json"}
    assert forms(service)[0] == {"token": TOKEN, "user": USER, "device": "phone"}


def test_a_probe_validates_each_device_by_itself(service: Service) -> None:
    valid = says(200, '{"status": 1, "group": 0, "devices": ["phone", "tablet"], "licenses": [], "request": "r"}')
    service.queue = [valid, valid, valid, refuses("device name is not valid for user")]
    several = pushover(service, device="phone,tablet")
    assert several.probe(5).verdict == "ok"
    assert "device name is not valid for user" in several.probe(5).found
    assert [form["device"] for form in forms(service)] == ["phone", "tablet"] * 2
