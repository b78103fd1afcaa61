"""The import of a URL that Uptime Kuma requests."""

import json
from typing import Any

import pytest

from infra.configuration.imports.sources import read
from shared.monitors.conditions import Facts, parse
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.reading import monitor, notes, one, only, said, values
from tests.infra.configuration.imports.set_ups import NOW


def test_a_request_is_carried_over(kuma: Kuma) -> None:
    found, imported = one(
        kuma,
        method="POST",
        body='{"q": 1}',
        http_body_encoding="json",
        headers={"Accept": "text/html", "X-Api-Key": "k3y"},
        accepted_statuscodes_json=["200-299", "301", "401"],
        maxredirects=3,
        ip_family="ipv6",
        description="The shop",
    )
    assert (found["method"], found["body"], found["max_redirects"], found["ip_version"]) == ("POST", '{"q": 1}', 3, 6)
    assert found["headers"] == {
        "Accept": "text/html",
        "X-Api-Key": "${MONITOR_M_X_API_KEY}",
        "Content-Type": "application/json",
    }
    assert found["accepted_status_codes"] == ["200-299", 301, 401]
    assert found["description"] == "The shop"
    assert values(imported) == {"MONITOR_M_X_API_KEY": "k3y"}


def test_a_body_with_a_password_is_a_secret(kuma: Kuma) -> None:
    found, imported = one(kuma, method="POST", body='{"password": "pa$$w0rd"}')
    assert found["body"] == "${MONITOR_M_BODY_SECRET}"
    assert values(imported) == {"MONITOR_M_BODY_SECRET": '{"password": "pa$$w0rd"}'}


@pytest.mark.parametrize(
    ("columns", "fields", "secrets"),
    [
        (
            {"auth_method": "basic", "basic_auth_user": "u", "basic_auth_pass": "p${w}"},
            {"basic_auth": {"username": "u", "password": "${MONITOR_M_PASSWORD}"}},
            {"MONITOR_M_PASSWORD": "p${w}"},
        ),
        (
            {"url": "https://u:p%40w@example.org/"},
            {"url": "https://example.org/", "basic_auth": {"username": "u", "password": "${MONITOR_M_PASSWORD}"}},
            {"MONITOR_M_PASSWORD": "p@w"},
        ),
        (
            {"auth_method": "bearer", "bearer_token": "t0ken"},
            {"bearer_token": "${MONITOR_M_BEARER_TOKEN}"},
            {"MONITOR_M_BEARER_TOKEN": "t0ken"},
        ),
        (
            {
                "auth_method": "oauth2-cc",
                "oauth_token_url": "https://id.example.org/token",
                "oauth_client_id": "kuma",
                "oauth_client_secret": "s3cret",
                "oauth_scopes": "read write",
            },
            {
                "oauth2": {
                    "token_url": "https://id.example.org/token",
                    "client_id": "kuma",
                    "client_secret": "${MONITOR_M_CLIENT_SECRET}",
                    "scopes": ["read", "write"],
                }
            },
            {"MONITOR_M_CLIENT_SECRET": "s3cret"},
        ),
        (
            {
                "auth_method": "mtls",
                "tls_cert": "-----BEGIN CERTIFICATE-----\nA\n",
                "tls_key": "-----BEGIN PRIVATE KEY-----\nB\n",
                "tls_ca": "-----BEGIN CERTIFICATE-----\nC\n",
            },
            {
                "client_certificate": {
                    "certificate": "-----BEGIN CERTIFICATE-----\nA\n",
                    "key": "${MONITOR_M_CLIENT_KEY}",
                },
                "ca_certificate": "-----BEGIN CERTIFICATE-----\nC\n",
            },
            {"MONITOR_M_CLIENT_KEY": "-----BEGIN PRIVATE KEY-----\nB\n"},
        ),
    ],
    ids=["basic", "in the URL", "bearer", "oauth2", "mtls"],
)
def test_credentials_are_carried_over_as_secrets(
    kuma: Kuma, columns: dict[str, Any], fields: dict[str, Any], secrets: dict[str, str]
) -> None:
    found, imported = one(kuma, **columns)
    assert {name: found.get(name) for name in fields} == fields
    assert values(imported) == secrets


@pytest.mark.parametrize("column", ["tls_cert", "tls_key"])
def test_half_a_client_certificate_is_left_out_and_said(kuma: Kuma, column: str) -> None:
    found, imported = one(kuma, auth_method="mtls", **{column: "-----BEGIN x"})
    assert "client_certificate" not in found
    assert said(imported, "tls_cert and tls_key", "client_certificate is left out")


def test_credentials_that_are_switched_off_are_not_sent(kuma: Kuma) -> None:
    found, imported = one(kuma, auth_method=None, basic_auth_user="u", basic_auth_pass="p4ss")
    assert "basic_auth" not in found
    assert values(imported) == {}


def test_ntlm_is_imported_paused_and_noted(kuma: Kuma) -> None:
    columns = {"auth_method": "ntlm", "basic_auth_user": "u", "basic_auth_pass": "p4ss", "auth_domain": "CORP"}
    kuma.monitor("NTLM", **columns)
    found, imported = only(kuma)
    assert (found["name"], found["enabled"]) == ("NTLM", False)
    assert len(notes(imported, "monitors 'NTLM'")) == 1
    assert said(imported, "monitors 'NTLM': user, domain and workstation: NTLM is not supported", "imported paused")
    assert "p4ss" not in str(imported)


def test_a_proxy_is_carried_over_with_its_password(kuma: Kuma) -> None:
    proxy = kuma.add("proxy", protocol="socks5", host="proxy", port=1080, auth=1, username="u", password="p@x")
    found, imported = one(kuma, proxy_id=proxy)
    assert found["proxy"] == "socks5://u:${MONITOR_M_PROXY_PASSWORD}@proxy:1080"
    assert values(imported) == {"MONITOR_M_PROXY_PASSWORD": "p%40x"}


def test_keywords_are_carried_over_as_they_are(kuma: Kuma) -> None:
    kuma.monitor("Wanted", "keyword", keyword="Costs $5 $$")
    kuma.monitor("Forbidden", "keyword", keyword="error", invert_keyword=1)
    kuma.monitor("Braces", "keyword", keyword="${name}")
    imported = read(kuma.close(), NOW)
    assert monitor(imported, "Wanted")["keyword"] == "Costs $5 $$$$"
    assert monitor(imported, "Forbidden")["forbidden_keyword"] == "error"
    assert monitor(imported, "Braces")["keyword"] == "$${name}"


@pytest.mark.parametrize(
    ("columns", "conditions"),
    [
        (
            {"json_path": "$.data[0].state", "expected_value": "UP"},
            ["[STATUS] >= 200", "[STATUS] <= 299", "[BODY].data[0].state == UP"],
        ),
        (
            {"json_path": "size", "expected_value": "5", "json_path_operator": ">="},
            ["[STATUS] >= 200", "[STATUS] <= 299", "[BODY].size >= 5"],
        ),
        (
            {
                "json_path": "$",
                "expected_value": "ok",
                "json_path_operator": "contains",
                "accepted_statuscodes_json": ["200", "204", "301"],
            },
            ["[STATUS] == any(200, 204, 301)", "[BODY] == pat(*ok*)"],
        ),
        (
            {"json_path": "a", "expected_value": "1", "accepted_statuscodes_json": ["404"]},
            ["[STATUS] == 404", "[BODY].a == 1"],
        ),
    ],
)
def test_a_json_query_becomes_conditions(kuma: Kuma, columns: dict[str, Any], conditions: list[str]) -> None:
    """They take the place of the default judgement, so the status codes are among them."""
    found, _ = one(kuma, "json-query", **columns)
    assert found["conditions"] == conditions
    assert "accepted_status_codes" not in found


def test_what_must_differ_must_be_there(kuma: Kuma) -> None:
    found, _ = one(kuma, "json-query", json_path="state", expected_value="DOWN", json_path_operator="!=")
    assert found["conditions"][2:] == ["has([BODY].state) == true", "[BODY].state != DOWN"]


@pytest.mark.parametrize(
    "value", ["any(a, b)", "pat(*)", '"UP"', "'UP'", "a*b", "[BODY]", "a == b", "a && b", "UP, and up"]
)
def test_an_expected_value_means_itself(kuma: Kuma, value: str) -> None:
    found, _ = one(kuma, "json-query", json_path="state", expected_value=value, json_path_operator="==")
    condition = parse(found["conditions"][2])
    assert condition.holds(Facts(body=json.dumps({"state": value}).encode()))
    for other in ("a", "UP", "axb", "", value + "x"):
        assert not condition.holds(Facts(body=json.dumps({"state": other}).encode())), other


def test_an_expected_part_with_a_star_is_noted(kuma: Kuma) -> None:
    """No spelling of a pattern has a star that stands for itself."""
    found, imported = one(kuma, "json-query", json_path="a", expected_value="5 * 5", json_path_operator="contains")
    assert "conditions" not in found
    assert said(imported, "monitors 'M': expected_value: a condition cannot have it", "only the status code is judged")


def test_a_query_in_jsonata_is_noted(kuma: Kuma) -> None:
    found, imported = one(kuma, "json-query", json_path="$count(items[price > 5])", expected_value="1")
    assert found["accepted_status_codes"] == ["200-299"]
    assert said(imported, "monitors 'M': json_path $count(items[price > 5])", "only the status code is judged")
