"""A webhook: the fields that a receiver gets, how it knows who sent them, and words of its own."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.channels import configured
from shared.models.message import Message
from shared.notifiers import NotifierKind, SendFailed
from shared.notifiers.services.webhook.standard import headers_of
from shared.settings import SettingError
from tests.shared.notifiers.messages import HOSTILE, LINKS, message
from tests.support.stand_ins.service import Service, hangs, says

# The one in the tests of the standard's own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TEMPLATE = '{"what": "{{ kind }} {{ monitor }}", "why": {{ cause|tojson }}, "id": {{ alert_id }}}'


@pytest.fixture
def service() -> Iterator[Service]:
    with Service(says(204)) as listening:
        yield listening


def webhook(service: Service, **fields: Any) -> NotifierKind:
    described = {"kind": "webhook", "url": f"{service.url}/hook/s3cr3t?a=1#top", **fields}
    return configured({"CHANNELS": json.dumps({"ops": described})})["ops"]


# --- our own fields ---------------------------------------------------------------------------------------------------


def test_an_outage_is_posted_in_exactly_these_fields(service: Service) -> None:
    outage = message(links=LINKS)._replace(group="Web")
    webhook(service).send(outage, timeout_seconds=5)
    [request], [sent] = service.requests, service.bodies
    assert (request.method, request.path) == ("POST", "/hook/s3cr3t?a=1")
    assert request.headers["Content-Type"] == "application/json"
    assert sent == {
        "version": 1,
        "notification_id": 17,
        "alert_id": 7,
        "kind": "OUTAGE",
        "monitor": "Shop",
        "group": "Web",
        "target_url": "https://shop.example/",
        "cause": "HTTP 503 Service Unavailable",
        "since": "2025-01-08T12:00:00.000Z",
        "ended_at": None,
        "duration_seconds": None,
        "text": outage.text,
        "ack_url": "https://b.example/act/a-token",
        "alert_url": "https://b.example/dashboard/alerts/7",
    }


def test_a_recovery_says_how_long_it_lasted(service: Service) -> None:
    webhook(service).send(message("RECOVERY"), timeout_seconds=5)
    [sent] = service.bodies
    assert (sent["ended_at"], sent["duration_seconds"]) == ("2025-01-08T12:05:00.000Z", 300.0)


def test_a_test_message_has_all_fields_and_an_id_of_its_own(service: Service) -> None:
    for _ in range(2):
        webhook(service).send(Message.of_text("TEST Bonghwa can reach this channel"), timeout_seconds=5)
    first, second = service.bodies
    known = {name: value for name, value in first.items() if value is not None}
    assert known == {"version": 1, "text": "TEST Bonghwa can reach this channel"}
    assert len(first) == len(second) == 14
    ids = [request.headers["webhook-id"] for request in service.requests]
    assert len(set(ids)) == 2
    assert all(id_.startswith("test-") for id_ in ids)


@pytest.mark.parametrize("as_query", [False, True])
def test_a_form_and_a_query_have_the_same_fields(service: Service, as_query: bool) -> None:
    asked = {"format": "query", "method": "GET"} if as_query else {"format": "form"}
    webhook(service, **asked).send(message(), timeout_seconds=5)
    webhook(service).send(message(), timeout_seconds=5)
    request = service.requests[0]
    text = urlsplit(request.path).query.removeprefix("a=1&") if as_query else request.body.decode()
    assert request.method == ("GET" if as_query else "POST")
    assert as_query == (request.body == b"")
    expected = {
        name: "" if value is None else str(value) for name, value in json.loads(service.requests[1].body).items()
    }
    assert dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True)) == expected


def test_it_gets_every_message_by_itself(service: Service) -> None:
    assert webhook(service).pace is None


# --- who sent it ------------------------------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_standard_s_own_tests() -> None:
    headers = headers_of("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', SecretStr(SECRET))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("fields", [{}, {"format": "form"}, {"format": "query"}, {"method": "PUT", "body": TEMPLATE}])
def test_a_receiver_can_verify_what_it_got(service: Service, fields: dict[str, str]) -> None:
    webhook(service, secret=SECRET, **fields).send(message(cause="가", cause_data=None), timeout_seconds=5)
    [request] = service.requests
    id_, at = request.headers["webhook-id"], request.headers["webhook-timestamp"]
    key = base64.b64decode(SECRET.split("_", 1)[1])
    own = hmac.new(key, f"{id_}.{at}.".encode() + request.body, hashlib.sha256)
    assert request.headers["webhook-signature"] == f"v1,{base64.b64encode(own.digest()).decode()}"
    assert int(at) > 1_700_000_000


def test_the_standards_own_library_verifies_it(service: Service) -> None:
    for about in (message(), message("RECOVERY", language="ko"), message(cause=HOSTILE, cause_data=None)):
        webhook(service, secret=SECRET).send(about, timeout_seconds=5)
    for request, body in zip(service.requests, service.bodies, strict=True):
        headers = dict(request.headers)
        assert Webhook(SECRET).verify(request.body, headers) == body
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(request.body.replace(b"version", b"Version"), headers)
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_" + base64.b64encode(b"another secret").decode()).verify(request.body, headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(request.body, headers | {"webhook-id": "notification-18"})


def test_a_copy_has_the_same_id(service: Service) -> None:
    """A receiver that keeps the ids takes each notification once, signed or not."""
    webhook(service, secret=SECRET).send(message(), timeout_seconds=5)
    webhook(service).send(message(attempts=2), timeout_seconds=5)
    for request in service.requests:
        assert request.headers["webhook-id"] == request.headers["Idempotency-Key"] == "notification-17"
    assert service.requests[1].headers["webhook-signature"] is None


# --- words of its own -------------------------------------------------------------------------------------------------


def test_a_template_is_filled(service: Service) -> None:
    webhook(service, body=TEMPLATE).send(message(), timeout_seconds=5)
    assert service.bodies == [{"what": "OUTAGE Shop", "why": "HTTP 503 Service Unavailable", "id": 7}]


@pytest.mark.parametrize("format_", ["json", "form", "query"])
def test_what_others_wrote_adds_no_field(service: Service, format_: str) -> None:
    hostile = f'{HOSTILE}", "admin": "yes&admin=yes#\\'
    template = '{"a": "{{ cause }}", "b": {{ cause|tojson }}}'
    if format_ != "json":
        template = "a={{ cause }}&\n  b={{ cause|urlencode }}"
    channel = webhook(service, body=template, format=format_)
    channel.send(message(cause=hostile, cause_data=None), timeout_seconds=5)
    [request] = service.requests
    if format_ == "json":
        found = json.loads(request.body)
    else:
        text = request.body.decode() or urlsplit(request.path).query.removeprefix("a=1&")
        found = dict(parse_qsl(text, strict_parsing=True))
    assert found == {"a": hostile, "b": hostile}


def test_a_body_that_is_not_json_is_left_to_its_filters(service: Service) -> None:
    own = {"body": "<a>{{ cause|e }}</a>{{ kind }}", "headers": {"content-type": "application/xml"}}
    webhook(service, **own).send(message(cause='<b>"', cause_data=None), timeout_seconds=5)
    [request] = service.requests
    assert request.body == b"<a>&lt;b&gt;&#34;</a>OUTAGE"
    assert request.headers.get_all("Content-Type") == ["application/xml"]


def test_each_documented_name_can_be_used(service: Service) -> None:
    template = (
        "{{ kind }}|{{ monitor }}|{{ group }}|{{ cause }}|{{ since }}|{{ duration }}|{{ ended_at }}|{{ by }}|"
        "{{ alert_id }}|{{ notification_id }}|{{ url }}|{{ ack_url }}|{{ language }}|{{ channel }}|"
        "{{ title }}|{{ text }}"
    )
    recovery = message("RECOVERY", links=LINKS)._replace(group="Web", title="t", text="x")
    webhook(service, body=template).send(recovery, timeout_seconds=5)
    assert service.requests[0].body.decode() == (
        "RECOVERY|Shop|Web|HTTP 503 Service Unavailable|2025-01-08T12:00:00.000Z|5m|2025-01-08T12:05:00.000Z||7|17|"
        "https://b.example/dashboard/alerts/7|https://b.example/act/a-token|en|ops|t|x"
    )


BROKEN = ["{{ nobody }}", "{% if", "{{ kind.__class__ }}", "{% include 'x' %}", "{{ 1/0 }}"]


@pytest.mark.parametrize(
    "template", ["{{ nobody }}", "{% if", "{{ kind.__class__ }}", "{% include 'x' %}", "{{ 1/0 }}"]
)
def test_a_template_that_fails_is_left_out_and_that_is_said(service: Service, template: str) -> None:
    channel = webhook(service, body=template)
    accepted = channel.send(message(), timeout_seconds=5)
    assert accepted.answer.startswith("HTTP 204 (template failed: ")
    assert service.bodies[0]["notification_id"] == 17
    assert channel.probe(5).verdict == "failure"


# --- settings ---------------------------------------------------------------------------------------------------------


def test_headers_are_sent_and_never_shown(service: Service) -> None:
    channel = webhook(service, headers={"authorization": "Bearer b34r3r", "X-Team": "web", "User-agent": "ours"})
    channel.send(message(), timeout_seconds=5)
    headers = service.requests[0].headers
    assert headers.get_all("Authorization") == ["Bearer b34r3r"]
    assert (headers.get_all("X-Team"), headers.get_all("User-Agent")) == (["web"], ["ours"])
    assert "b34r3r" not in repr(channel)
    assert channel.secrets()["CHANNELS.ops.headers.Authorization"] == "Bearer b34r3r"


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": {"X-Key": "s3cr3t\r\nEvil: yes"}},
        {"headers": {"X-Key": "s3cr3t\nEvil: yes"}},
        {"headers": {"X-Key: s3cr3t\r\nEvil": "yes"}},
        {"headers": {"X-Key": "s3cr3t-ä"}},
        {"headers": {"webhook-id": "s3cr3t"}},
        {"headers": {"Content-Length": "1"}},
        {"headers": "s3cr3t"},
        {"secret": "s3cr3t"},
        {"secret": "whsec_s3cr3t"},
        {"secret": "whsec_" + "!" * 40},
        {"method": "FETCH"},
        {"format": "xml"},
        {"url": "ftp://s3cr3t.example"},
        {"body": ""},
    ],
)
def test_settings_that_do_not_fit_are_refused_and_not_shown(service: Service, fields: dict[str, Any]) -> None:
    with pytest.raises(SettingError) as refused:
        webhook(service, **fields)
    assert "s3cr3t" not in str(refused.value)
    assert "Evil" not in str(refused.value)


def test_the_receiver_is_not_quoted(service: Service) -> None:
    """Many frameworks repeat the path that they do not know, and this one is secret."""
    service.queue = [says(422, '{"message": "the route hook/s3cr3t wants JSON"}')]
    with pytest.raises(SendFailed) as raised:
        webhook(service).send(message(), timeout_seconds=5)
    assert str(raised.value) == "HTTP 422 Unprocessable Entity"


# --- a probe ----------------------------------------------------------------------------------------------------------


def test_a_probe_connects_and_requests_nothing(service: Service) -> None:
    probed = webhook(service, body=TEMPLATE).probe(5)
    assert (probed.verdict, "only a test message shows" in probed.found) == ("ok", True)
    assert service.requests == []


def test_a_probe_says_that_nobody_listens(service: Service) -> None:
    service.is_down = True
    channel = webhook(service, url="http://127.0.0.1:9/hook/s3cr3t")
    assert channel.probe(1)[:2] == ("failure", "it was not reached: the connection was refused")


def test_a_probe_waits_for_no_tls_that_never_comes(service: Service) -> None:
    service.usual = hangs
    secure = webhook(service, url=service.url.replace("http:", "https:"))
    assert secure.probe(0.5).verdict == "failure"


def test_a_probe_finds_a_template_that_makes_no_json(service: Service) -> None:
    probed = webhook(service, body='{"a": {{ cause }}}').probe(5)
    assert (probed.verdict, probed.fix) == ("failure", "CHANNELS.ops.body")
    assert webhook(service, body="a={{ cause }}", format="form").probe(5).verdict == "ok"
