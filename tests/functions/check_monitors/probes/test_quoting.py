"""A server that echoes the request: no secret of the policy enters the event of a failed check."""

import base64
import json
import os
from typing import Any

import pytest

from functions.check_monitors.probes.quoting import hider
from tests.support.policies import check_policy, policy
from tests.support.servers.raw_servers import RawServers

SECRET = "s3cret/välue"
BASIC = base64.b64encode(f"kim:{SECRET}".encode()).decode()


def as_text(request: str) -> str:
    return request


def as_json(request: str) -> str:
    return json.dumps({"request": request})


def as_phps_json(request: str) -> str:
    return as_json(request).replace("/", "\\/")


def echoes(form: Any = as_text, *, status: int = 500, before: str = "") -> Any:
    """A handler that responds with the request, without its first line and the agent's own headers."""

    def handler(connection: Any) -> None:
        head, _, sent = connection.recv(65536).decode().partition("\r\n\r\n")
        lines = [line for line in head.split("\r\n")[1:] if not line.startswith(("Host", "User-Agent", "Accept"))]
        body = (before + form("\n".join([*lines, sent]))).encode()
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body))

    return handler


@pytest.mark.parametrize("form", [as_text, as_json, as_phps_json])
@pytest.mark.parametrize(
    ("fields", "secrets"),
    [
        ({"headers": {"X-Api-Key": SECRET}}, [SECRET]),
        ({"headers": {"Authorization": "Bearer ${MONITOR_TOKEN}"}}, [SECRET]),
        ({"headers": {"X-Plain": "${MONITOR_TOKEN}"}}, [SECRET]),
        ({"headers": {"Cookie": "theme=nightly; sid=0123456789"}}, ["nightly", "0123456789"]),
        ({"bearer_token": SECRET}, [SECRET]),
        ({"basic_auth": {"username": "kim", "password": SECRET}}, [SECRET, BASIC]),
        ({"basic_auth": {"username": "kim", "password": "${MONITOR_TOKEN}"}}, [SECRET, BASIC]),
        ({"method": "POST", "body": "password=${MONITOR_TOKEN}"}, [SECRET]),
    ],
)
def test_an_echo_shows_no_secret(
    serve: RawServers, monkeypatch: pytest.MonkeyPatch, form: Any, fields: dict[str, Any], secrets: list[str]
) -> None:
    monkeypatch.setenv("MONITOR_TOKEN", SECRET)
    url = f"http://127.0.0.1:{serve(echoes(form))}/"
    ways: list[dict[str, Any]] = [{}, {"conditions": ["[BODY] == well"]}]
    for terms in ways:
        event = check_policy(url, **fields, **terms)
        shown = (event.message or "", event.condition or "", event.error_message or "", str(event.cause))
        assert not [secret for secret in secrets for text in shown if secret in text.replace("\\/", "/")]
        assert not [each for each in ("v\\u00e4lue", "v\\\\u00e4lue") if each in str(shown)]
        assert "(hidden)" in (event.message or "")


@pytest.mark.parametrize(
    "echo",
    [
        "p&amp;q&lt;r&gt;&quot;s&#x27;t u+v",
        "p&amp;q&lt;r&gt;&#34;s&#39;t u+v",
        "p&amp;q&lt;r&gt;&quot;s&#039;t u+v",
        "p&amp;q&lt;r&gt;&quot;s't u+v",
        "p%26q%3Cr%3E%22s%27t%20u%2Bv",
        "p%26q%3cr%3e%22s%27t+u%2bv",
    ],
)
def test_a_page_or_a_url_shows_no_secret(echo: str) -> None:
    own = policy("http://127.0.0.1/", bearer_token="p&q<r>\"s't u+v")
    assert hider(own, None)(f"token: {echo}.") == "token: (hidden)."


@pytest.mark.parametrize(
    "fields",
    [
        {"bearer_token": "${MONITOR_TOKEN}"},
        {"headers": {"X-Plain": "${MONITOR_TOKEN}"}},
        {"basic_auth": {"username": "kim", "password": "${MONITOR_TOKEN}"}},
    ],
)
def test_a_value_that_is_no_text_fails_its_check_alone(monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any]) -> None:
    """An environment holds bytes. Those that are no UTF-8 are sent to nobody."""
    monkeypatch.setenv("MONITOR_TOKEN", os.fsdecode(b"secret\xff\xfevalue"))
    assert not check_policy("http://127.0.0.1:1/", **fields).is_success


def test_the_password_of_a_url_is_not_shown(serve: RawServers) -> None:
    event = check_policy(f"http://kim:s3cret%2Fv%C3%A4lue@127.0.0.1:{serve(echoes())}/")
    assert event.message == "Authorization: Basic (hidden)"


def test_a_secret_amid_which_a_value_is_cut_is_not_shown(serve: RawServers) -> None:
    token = "0123456789" * 20
    for before in ("." * 120, " " * 700):
        port = serve(echoes(before=before))
        event = check_policy(f"http://127.0.0.1:{port}/", bearer_token=token, conditions=["[BODY] == well"])
        assert "012345" not in event.model_dump_json()


def test_what_is_no_secret_is_shown(serve: RawServers) -> None:
    headers = {"X-Api-Key": "short", "X-Trace": "checked by Bonghwa", "Authorization": "Bearer abcdefgh"}
    event = check_policy(f"http://127.0.0.1:{serve(echoes())}/", headers=headers)
    assert event.message == "X-Api-Key: short X-Trace: checked by Bonghwa Authorization: (hidden)"
    assert hider(policy("http://127.0.0.1/", headers=headers), None)("Bearer is missing") == "Bearer is missing"


def test_a_token_of_oauth2_is_not_shown() -> None:
    assert hider(policy("http://127.0.0.1/"), "tokens-secret")("Bearer tokens-secret") == "Bearer (hidden)"
