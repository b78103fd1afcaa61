"""A monitor's page, its form and its buttons: what people do there is what the API does."""

import json
import re
from typing import Any

import pytest

from infra.configuration.file import read
from shared.monitors.policy import Policy
from shared.store import Store
from tests.functions.api import Api
from tests.functions.dashboard.conftest import Browser, location
from tests.functions.dashboard.made import MX, URL, new, stored, text

pytestmark = pytest.mark.slow


def test_the_first_monitor_takes_an_address_alone(signed_in: Browser, api: Api) -> None:
    assert location(signed_in.send("/dashboard/monitors/new", first="1", url="shop.example", channels="console")) == (
        "/dashboard"
    )
    policy = stored(api)
    assert (policy["name"], policy["url"], policy["interval"]) == ("shop.example", "https://shop.example", "30s")
    assert (policy["failure_threshold"], policy["channels"]) == (3, None)


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("shop.example:5432", "tcp://shop.example:5432"),
        ("shop.example:443/x", "https://shop.example:443/x"),
        ("http://shop.example", "http://shop.example"),
        ("shop.example/a:1", "https://shop.example/a:1"),
    ],
)
def test_a_host_or_a_port_is_understood(signed_in: Browser, api: Api, typed: str, url: str) -> None:
    signed_in.send("/dashboard/monitors/new", first="1", url=typed)
    assert stored(api)["url"] == url


@pytest.mark.parametrize("typed", ["", "  ", "gopher://x", "https://", "exa mple", "http://a..b/"])
def test_a_wrong_first_address_is_said(signed_in: Browser, api: Api, typed: str) -> None:
    response = signed_in.send("/dashboard/monitors/new", first="1", url=typed)
    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert api.get("/monitors")["monitors"] == []


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("http", {"url": "a.example", "headers": "A: b\nC: d:e", "body": "x"}, {"headers": {"A": "b", "C": "d:e"}}),
        ("http", {"url": "a.example", "method": "POST"}, {"method": "POST", "url": "https://a.example"}),
        ("http", {"url": URL, "verify_tls": "", "basic_auth.username": "u", "basic_auth.password": "p"}, {}),
        ("tcp", {"url": "db.example:5432"}, {"url": "tcp://db.example:5432"}),
        ("icmp", {"url": "db.example", "packets": "3"}, {"url": "icmp://db.example", "packets": 3}),
        ("dns", {"dns.query_name": "a.example", "dns.query_type": "MX"}, {"dns": MX}),
        ("heartbeat", {"heartbeat.period": "25h", "heartbeat.grace": "1h", "name": "backup"}, {}),
        ("tls", {"url": "a.example:443", "certificate_expiry": "14d, 3d"}, {"certificate_expiry": ["14d", "3d"]}),
        ("database", {"url": "postgres://db.example/x", "query": "SELECT 1"}, {"query": "SELECT 1"}),
        ("mail", {"url": "mail.example:587"}, {"url": "smtp://mail.example:587"}),
        ("ssh", {"url": "server.example"}, {"url": "ssh://server.example"}),
        ("websocket", {"url": "a.example/x"}, {"url": "wss://a.example/x"}),
        ("grpc", {"url": "grpcs://a.example:443"}, {}),
        ("docker", {"url": "web"}, {"url": "docker://web"}),
    ],
)
def test_there_is_a_form_for_each_kind(
    signed_in: Browser, api: Api, kind: str, fields: dict[str, str], expected: dict[str, Any]
) -> None:
    page = signed_in.page(f"/dashboard/monitors/new?kind={kind}")
    typed = dict(re.findall(r'name="([a-z_.]+)"[^>]*? value="([^"]*)"', page))
    for name in fields:
        assert f'name="{name}"' in page, name
    sent = {"kind": kind, **{name: value for name, value in typed.items() if name in ("interval", "failure_threshold")}}
    assert location(signed_in.send("/dashboard/monitors/new", **{**sent, **fields})) == "/dashboard/monitors/1"
    policy = stored(api)
    assert {name: policy[name] for name in expected} == expected
    assert policy["failure_threshold"] == 3
    assert signed_in.get("/dashboard/monitors/1").status_code == 200


def test_a_mistake_stands_beside_its_field(signed_in: Browser, api: Api) -> None:
    typed = {
        "name": 'a "b" <c>',
        "interval": "0.1s",
        "conditions": "[STATUS == 200\n[BODY] == x",
        "headers": "bad name: x",
    }
    response = new(signed_in, **typed)
    assert response.status_code == 422
    page = response.text
    for name in ("interval", "conditions", "headers"):
        assert re.search(rf'id="f-{name}"[^>]*aria-invalid="true"', page), name
    assert "a duration of 1s or more" in page
    assert f'value="{"a &#34;b&#34; &lt;c&gt;"}"' in page, "what was typed stays"
    assert "[STATUS == 200\n[BODY] == x</textarea>" in page
    assert '<details id="rest" open>' in page
    assert api.get("/monitors")["monitors"] == []


def test_a_name_is_taken_once(signed_in: Browser) -> None:
    new(signed_in, name="shop")
    response = new(signed_in, name="shop")
    assert response.status_code == 422
    assert "There is a monitor with this name already" in response.text


def test_an_unknown_parent_is_said(signed_in: Browser) -> None:
    response = new(signed_in, depends_on="nothing")
    assert response.status_code == 422
    assert "no monitor and no group named “nothing”" in response.text


def test_an_unknown_escalation_is_said(signed_in: Browser) -> None:
    response = new(signed_in, escalation="nigth")
    assert response.status_code == 422
    assert re.search(r'id="f-escalation"[^>]*aria-invalid="true"', response.text)
    assert "no escalation named “nigth” in bonghwa.yaml" in response.text


def test_another_kind_keeps_what_fits(signed_in: Browser, api: Api) -> None:
    response = new(signed_in, name="mine", show="dns")
    assert response.status_code == 200
    assert 'name="dns.query_name"' in response.text
    assert 'value="mine"' in response.text
    assert api.get("/monitors")["monitors"] == []


def test_an_edit_keeps_what_the_form_has_no_field_for(signed_in: Browser, api: Api) -> None:
    policy = {
        "name": "shop",
        "url": URL,
        "oauth2": {"token_url": "https://id.example/", "client_id": "a", "client_secret": "s3cret-of-oauth"},
        "max_redirects": 3,
        "bearer_token": None,
    }
    api.call("POST", "/monitors", {name: value for name, value in policy.items() if value is not None})
    page = signed_in.page("/dashboard/monitors/1/edit")
    assert "s3cret-of-oauth" not in page
    fields = {"name": "shop 2", "url": URL, "interval": "1m", "follow_redirects": "on", "verify_tls": "on"}
    response = signed_in.send("/dashboard/monitors/1/edit", **fields)
    assert location(response) == "/dashboard/monitors/1"
    changed = stored(api)
    assert (changed["name"], changed["max_redirects"], changed["oauth2"]["client_id"]) == ("shop 2", 3, "a")


def test_what_needs_several_fields_is_edited(signed_in: Browser, api: Api, store: Store) -> None:
    """OAuth 2, a certificate with its key, a proxy with a password: their secrets are masked and stay."""
    fields = {
        "oauth2.token_url": "https://id.example/token",
        "oauth2.client_id": "${MONITOR_CLIENT}",
        "oauth2.client_secret": "s3cret-of-oauth",
        "oauth2.scopes": "read  write",
        "client_certificate.certificate": "/etc/client.pem",
        "client_certificate.key": "-----BEGIN PRIVATE KEY-----\ns3cret-key\n-----END PRIVATE KEY-----",
        "ca_certificate": "${MONITOR_CA}",
        "proxy": "http://u:s3cret-of-proxy@proxy.example:3128",
    }
    assert new(signed_in, name="shop", **fields).status_code == 303
    page = signed_in.page("/dashboard/monitors/1/edit")
    assert "s3cret" not in page
    assert 'value="read write"' in page
    assert 'value="http://u:***@proxy.example:3128"' in page
    masked = {"oauth2.client_secret": "***", "client_certificate.key": "***", "oauth2.scopes": "read"}
    masked |= {"proxy": "http://u:***@proxy.example:3128", "name": "shop", "url": URL, "interval": "1m"}
    assert signed_in.send("/dashboard/monitors/1/edit", **{**fields, **masked}).status_code == 303
    policy = store.monitors.get(1).policy
    assert policy is not None
    assert policy.oauth2 is not None
    assert policy.client_certificate is not None
    assert (policy.oauth2.client_secret, policy.oauth2.scopes) == ("s3cret-of-oauth", ("read",))
    assert (policy.oauth2.client_id, policy.ca_certificate) == ("${MONITOR_CLIENT}", "${MONITOR_CA}")
    assert policy.client_certificate.key == fields["client_certificate.key"]
    assert policy.proxy == fields["proxy"]
    gone = dict.fromkeys(fields, "") | {"name": "shop", "url": URL, "interval": "1m"}
    assert signed_in.send("/dashboard/monitors/1/edit", **gone).status_code == 303
    policy = stored(api)
    assert [policy[name] for name in ("oauth2", "client_certificate", "ca_certificate", "proxy")] == [None] * 4


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_part_that_lacks_something_says_where(signed_in: Browser, language: str) -> None:
    token = signed_in.token()
    signed_in.headers["Accept-Language"] = language
    fields = {"kind": "http", "url": URL, "interval": "soon", "csrf": token, "oauth2.client_id": "a"}
    response = signed_in.post("/dashboard/monitors/new", **fields)
    assert response.status_code == 422
    shown = text(response.text)
    there, soon = {
        "en": ("Expected: a value, since it has to be there", "Expected: a duration such as 30s or 5m"),
        "ko": ("올바른 값: 값이 꼭 있어야 합니다", "올바른 값: 30s, 5m 같은 시간"),
    }[language]
    assert there in shown
    assert soon in shown
    assert 'href="#f-oauth2-token_url"' in response.text
    assert '<details id="rest" open>' in response.text


def test_a_secret_is_never_shown_and_stays(signed_in: Browser, api: Api, store: Store) -> None:
    login, headers = {"username": "u", "password": "s3cret-password"}, {"Authorization": "s3cret-header"}
    api.call("POST", "/monitors", {"name": "shop", "url": URL, "basic_auth": login, "headers": headers})
    for path in ("", "/edit", "/export"):
        assert "s3cret" not in signed_in.page(f"/dashboard/monitors/1{path}"), path
    assert "s3cret" not in signed_in.page("/dashboard/monitors/new?from=1")
    fields = {"basic_auth.username": "u", "basic_auth.password": "***", "headers": "Authorization: ***"}
    fields |= {"name": "shop", "url": URL, "interval": "1m"}
    # The box for verify_tls is empty: another server could get the secrets.
    assert signed_in.send("/dashboard/monitors/1/edit", **fields).status_code == 422
    fields["verify_tls"] = "on"
    assert signed_in.send("/dashboard/monitors/1/edit", **fields).status_code == 303
    policy = store.monitors.get(1).policy
    assert policy is not None
    assert policy.basic_auth is not None
    assert policy.basic_auth.password == "s3cret-password"
    assert policy.headers == {"Authorization": "s3cret-header"}


def test_a_heartbeat_keeps_its_token_at_an_edit(signed_in: Browser, api: Api) -> None:
    made = api.call("POST", "/monitors", {"name": "backup", "heartbeat": {"period": "1d"}}).json
    assert made is not None
    token = made["policy"]["heartbeat"]["token"]
    fields = {"heartbeat.period": "2d", "heartbeat.grace": "1h"}
    assert signed_in.send("/dashboard/monitors/1/edit", name="backup", **fields).status_code == 303
    assert stored(api)["heartbeat"] == {"period": "2d", "grace": "1h", "token": token}
    assert token in signed_in.page("/dashboard/monitors/1")
    signed_in.client.delete_cookie("bonghwa_session")
    assert token not in signed_in.page("/dashboard/monitors/1"), "whoever is not signed in does not see it"


def test_a_duplicate_is_another_monitor(signed_in: Browser, api: Api) -> None:
    api.call("POST", "/monitors", {"name": "shop", "url": URL, "group": "Web", "conditions": ["[STATUS] == 200"]})
    page = signed_in.page("/dashboard/monitors/new?from=1")
    assert 'value="shop (copy)"' in page
    assert 'value="Web"' in page
    assert "[STATUS] == 200</textarea>" in page


def test_an_export_is_a_part_of_the_file(signed_in: Browser, api: Api, tmp_path: Any) -> None:
    policy = {"name": 'a: "b" # c', "url": URL, "tags": ["x, y", "z"], "headers": {"A": "1"}, "interval": "90s"}
    api.call("POST", "/monitors", policy)
    file = tmp_path / "bonghwa.yaml"
    file.write_text(signed_in.page("/dashboard/monitors/1/export"), "utf-8")
    [found] = read(file, {}).monitors
    assert found == Policy.model_validate(policy)


def test_what_the_file_says_is_not_changed_here(signed_in: Browser, api: Api) -> None:
    body = {"monitors": [{"name": "shop", "url": URL, "line": 42}]}
    assert api.call("PUT", "/config", body).status_code == 200
    page = signed_in.page("/dashboard/monitors/1")
    assert "bonghwa.yaml:42 (edit it there)" in page
    for button in ("Pause", "Edit", "Delete"):
        assert f">{button}<" not in page
    assert signed_in.get("/dashboard/monitors/1/edit").status_code == 409
    for action in ("pause", "remove"):
        response = signed_in.send("/dashboard/monitors/1", do=action)
        assert response.status_code == 409
        assert response.mimetype == "text/html"
    assert stored(api)["enabled"]


def test_json_of_the_api_is_what_the_form_made(signed_in: Browser, api: Api) -> None:
    new(signed_in, name="one", accepted_status_codes="200-299, 401", tags="a, b")
    api.call("POST", "/monitors", {**stored(api), "name": "two"})
    one, two = stored(api, 1), stored(api, 2)
    assert json.dumps({**one, "name": "two"}) == json.dumps(two)
