"""The secret fields of a policy, and that no answer shows them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.monitors.masking import masked, unmasked
from shared.monitors.policy import Policy

SECRET = "s3cret-value"
PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"

# Each with a secret, and what is shown of it.
SECRETS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"basic_auth": {"username": "kim", "password": SECRET}}, {"basic_auth": {"username": "kim", "password": "***"}}),
    ({"digest_auth": {"username": "kim", "password": SECRET}}, {"digest_auth": {"username": "kim", "password": "***"}}),
    ({"bearer_token": SECRET}, {"bearer_token": "***"}),
    (
        {"oauth2": {"token_url": f"https://a:{SECRET}@id.example", "client_id": "a", "client_secret": SECRET}},
        {"oauth2": {"token_url": "https://a:***@id.example", "client_id": "a", "client_secret": "***", "scopes": []}},
    ),
    (
        {"client_certificate": {"certificate": "/etc/cert.pem", "key": PEM}},
        {"client_certificate": {"certificate": "/etc/cert.pem", "key": "***"}},
    ),
    (
        {"client_certificate": {"certificate": PEM, "key": "/etc/key.pem"}},
        {"client_certificate": {"certificate": "***", "key": "***"}},
    ),
    ({"url": f"https://kim:{SECRET}@example.org/a"}, {"url": "https://kim:***@example.org/a"}),
    ({"url": f"https://{SECRET}@example.org/a"}, {"url": "https://***@example.org/a"}),
    ({"proxy": f"http://kim:{SECRET}@proxy.example:3128"}, {"proxy": "http://kim:***@proxy.example:3128"}),
    *(
        ({"headers": {"Accept": "text/html", name: SECRET}}, {"headers": {"Accept": "text/html", name: "***"}})
        for name in (
            *("Authorization", "authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Auth", "Api-Token"),
            *("CF-Access-Client-Secret", "X-Password", "X-Waf-Bypass", "X-Session-Id", "X-Hub-Signature"),
        )
    ),
    ({"url": None, "heartbeat": {"period": "1h", "token": SECRET}}, {"heartbeat": {"period": "1h", "token": "***"}}),
]
secrets = st.text(alphabet="abcXYZ019-_.~", min_size=6, max_size=20).map(lambda text: f"q{text}q")


def policy(**fields: Any) -> Policy:
    """A policy with these fields."""
    return Policy.model_validate({"name": "Home", "url": "https://example.org/health", **fields})


@pytest.mark.parametrize(("fields", "shown"), SECRETS)
def test_a_secret_is_masked(fields: dict[str, Any], shown: dict[str, Any]) -> None:
    answer = masked(policy(**fields))
    assert SECRET not in json.dumps(answer)
    for field, value in shown.items():
        assert answer[field] == value if field != "heartbeat" else value.items() <= answer[field].items()


@pytest.mark.parametrize(("fields", "shown"), SECRETS)
def test_an_answer_that_is_sent_back_keeps_its_secrets(fields: dict[str, Any], shown: dict[str, Any]) -> None:
    stored = policy(**fields)
    assert Policy.model_validate(unmasked(masked(stored), stored)) == stored


def test_what_is_no_secret_is_shown() -> None:
    fields = {
        "headers": {"Accept": "text/html", "Authorization": "${MONITOR_TOKEN}"},
        "bearer_token": "${MONITOR_TOKEN}",
        "basic_auth": {"username": "kim", "password": "${MONITOR_PASSWORD}"},
        "client_certificate": {"certificate": "-----BEGIN CERTIFICATE-----", "key": "${MONITOR_KEY}"},
        "body": "a@b",
    }
    answer = masked(policy(**fields))
    assert {field: answer[field] for field in fields} == fields


def test_a_new_secret_takes_the_place_of_the_old() -> None:
    stored = policy(bearer_token="old", headers={"Cookie": "old", "Accept": "a"})
    sent = {**masked(stored), "bearer_token": "new", "headers": {"Cookie": "***", "X-Api-Key": "new"}}
    changed = Policy.model_validate(unmasked(sent, stored))
    assert changed.bearer_token == "new"
    assert changed.headers == {"Cookie": "old", "X-Api-Key": "new"}


def test_a_secret_that_is_three_stars_stays() -> None:
    stored = policy(bearer_token="***")
    assert unmasked(masked(stored), stored)["bearer_token"] == "***"


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"bearer_token": "***"}, "bearer_token: the secret itself, since *** stands for none"),
        ({"headers": {"Cookie": "***"}}, "headers.Cookie: the secret itself"),
        ({"basic_auth": {"username": "kim", "password": "***"}}, "basic_auth.password: the secret itself"),
        # To send a stored password to another host would give it away.
        ({"url": "https://kim:***@evil.example/"}, "url: the secret itself"),
        ({"oauth2": {"token_url": "https://a:***@evil.example"}}, "oauth2.token_url: the secret itself"),
    ],
)
def test_stars_that_stand_for_nothing_are_refused(sent: dict[str, Any], message: str) -> None:
    stored = policy(url="https://kim:s3cret@example.org/")
    with pytest.raises(ValueError, match=r".") as refused:
        unmasked({**masked(stored), **sent}, stored)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (
            {"url": "https://evil.example/"},
            "bearer_token: the secret itself, since url could send it to another server",
        ),
        ({"url": "https://example.org.evil.example/"}, "since url could send it to another server"),
        ({"url": "https://example.org@evil.example/"}, "since url could send it to another server"),
        ({"url": "https://[::1/"}, "since url could send it to another server"),
        ({"url": None, "dns": {"query_name": "a"}}, "since url could send it to another server"),
        ({"proxy": "http://evil.example:3128"}, "since proxy could send it to another server"),
        ({"url": "http://example.org/"}, "since url could send it to another server"),
        ({"url": "https://example.org:8443/"}, "since url could send it to another server"),
        ({"url": "https://example.org:${MONITOR_PORT}/"}, "since url could send it to another server"),
        ({"resolver": "192.0.2.1"}, "since resolver could send it to another server"),
        ({"verify_tls": "off"}, "since verify_tls could send it to another server"),
        ({"ca_certificate": "/tmp/ca.pem"}, "since ca_certificate could send it to another server"),
    ],
)
def test_a_secret_that_another_server_could_get_is_asked_for(sent: dict[str, Any], message: str) -> None:
    stored = policy(url="https://example.org/", bearer_token="s3cret")
    with pytest.raises(ValueError, match=r".") as refused:
        unmasked({**masked(stored), **sent}, stored)
    assert message in str(refused.value)
    given = unmasked({**masked(stored), **sent, "bearer_token": "another"}, stored)
    assert given["bearer_token"] == "another"


@pytest.mark.parametrize(
    ("stored", "sent", "is_kept"),
    [
        ({"url": "http://example.org/a"}, {"url": "https://EXAMPLE.org/b"}, True),
        ({"url": "http://[::1]/"}, {"url": "https://[::1]/"}, True),
        ({"url": "ws://example.org/"}, {"url": "wss://example.org/"}, True),
        ({"url": "http://example.org:8080/"}, {"url": "https://example.org/"}, False),
        ({"url": "http://example.org:8080/"}, {"url": "https://example.org:8080/"}, False),
        ({"url": "http://example.org/"}, {"verify_tls": True, "resolver": None, "timeout": 5}, True),
        ({"url": "https://example.org/", "verify_tls": False}, {"verify_tls": True}, True),
        ({"url": "https://example.org/", "verify_tls": False}, {"timeout": 5}, True),
        ({"url": "https://example.org/", "ca_certificate": "/ca.pem"}, {"ca_certificate": None}, False),
    ],
)
def test_a_secret_may_go_to_the_same_host_by_tls(stored: dict[str, Any], sent: dict[str, Any], is_kept: bool) -> None:
    known = policy(bearer_token=SECRET, **stored)
    if is_kept:
        assert unmasked({**masked(known), **sent}, known)["bearer_token"] == SECRET
    else:
        with pytest.raises(ValueError, match="the secret itself"):
            unmasked({**masked(known), **sent}, known)


def test_a_proxys_password_stays_with_the_proxy() -> None:
    stored = policy(proxy=f"http://kim:{SECRET}@proxy.example:3128")
    elsewhere = unmasked({**masked(stored), "url": "https://elsewhere.example/"}, stored)
    assert elsewhere["proxy"] == stored.proxy
    with pytest.raises(ValueError, match="proxy: the secret itself, since resolver"):
        unmasked({**masked(stored), "resolver": "192.0.2.1"}, stored)


def test_stars_stand_for_nothing_in_a_new_policy() -> None:
    for sent in ({"bearer_token": "***"}, {"url": "https://kim:***@example.org/"}, {"headers": {"Cookie": "***"}}):
        with pytest.raises(ValueError, match="the secret itself, since"):
            unmasked(sent, None)
    assert unmasked({"keyword": "***"}, None) == {"keyword": "***"}


def test_what_is_sent_in_another_form_is_left_to_the_model() -> None:
    sent = {
        "bearer_token": 5,
        "basic_auth": "kim",
        "headers": ["a"],
        "url": None,
        "heartbeat": {"token": 5},
        "x": "***",
    }
    assert unmasked(sent, policy()) == sent


def test_an_error_shows_no_secret() -> None:
    with pytest.raises(ValidationError) as refused:
        policy(basic_auth={"username": 5, "password": SECRET}, packets=3, bearer_token=[SECRET])
    assert SECRET not in str(refused.value)


@pytest.mark.slow
@given(secrets, secrets, secrets, st.sampled_from(["X-Token", "cookie", "AUTHORIZATION"]))
def test_no_secret_is_ever_shown(first: str, second: str, third: str, header: str) -> None:
    stored = policy(
        url=f"https://user:{first}@example.org/",
        proxy=f"http://{second}@proxy.example",
        headers={header: f"Bearer {third}", "Accept": "a"},
        basic_auth={"username": "user", "password": first},
        bearer_token=second,
        oauth2={"token_url": "https://id.example", "client_id": "id", "client_secret": third},
        client_certificate={"certificate": "/cert", "key": first},
    )
    answer = json.dumps(masked(stored))
    assert not any(secret in answer for secret in (first, second, third))
    assert Policy.model_validate(unmasked(json.loads(answer), stored)) == stored
