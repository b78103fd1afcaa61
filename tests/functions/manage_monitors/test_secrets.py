"""Secrets of a policy: masked in every answer, kept where *** is sent back, and never sent to another host."""

import json
from typing import Any

import pytest

from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import SECRET, SHOP, answer, changed, made, refused

pytestmark = pytest.mark.slow

WITH_SECRETS: dict[str, Any] = {
    "url": f"https://kim:{SECRET}@shop.example.com/",
    "proxy": f"http://kim:{SECRET}@proxy.example:3128",
    "headers": {"Accept": "text/html", "X-Api-Key": SECRET},
    "bearer_token": SECRET,
    "oauth2": {"token_url": f"https://a:{SECRET}@id.example", "client_id": "a", "client_secret": SECRET},
    "client_certificate": {"certificate": "/etc/cert.pem", "key": f"-----BEGIN PRIVATE KEY-----\n{SECRET}"},
}


def stored(api: Api, monitor: dict[str, Any]) -> dict[str, Any]:
    """The policy as agents get it."""
    response = api.call("POST", "/checks/claim", {"agent": "a"})
    found = {policy["name"]: policy for policy in answer(response)["policies"]}
    policy: dict[str, Any] = found[monitor["name"]]
    return policy


@on_each_engine
def test_no_answer_shows_a_secret(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    monitor = made(api, **WITH_SECRETS)
    path = f"/monitors/{monitor['id']}"
    answers = [monitor, api.get(path), api.get("/monitors"), changed(api, monitor, retries=1)]
    answers.append(answer(api.call("PUT", path, api.get(path)["policy"])))
    answers.append(answer(api.call("POST", f"{path}/check")))
    assert SECRET not in json.dumps(answers)
    api.call("DELETE", path)
    printed = capfd.readouterr()
    assert SECRET not in printed.out + printed.err


@on_each_engine
def test_an_answer_that_is_sent_back_changes_nothing(api: Api) -> None:
    monitor = made(api, **WITH_SECRETS)
    before = stored(api, monitor)
    path = f"/monitors/{monitor['id']}"
    for method in ("PUT", "PATCH"):
        sent_back = answer(api.call(method, path, api.get(path)["policy"]))
        assert sent_back["policy"] == monitor["policy"]
        assert stored(api, monitor) == before
    assert before["bearer_token"] == SECRET


def test_a_heartbeats_masked_token_is_kept_too(api: Api) -> None:
    monitor = made(api, url=None, interval="1m", heartbeat={"period": "1h"})
    path = f"/monitors/{monitor['id']}"
    masked = api.call("GET", path, key=None).json["policy"]  # type: ignore[index]
    assert masked["heartbeat"]["token"] == "***"
    assert answer(api.call("PUT", path, masked))["policy"] == monitor["policy"]
    # Without any token, it stays too.
    assert changed(api, monitor, heartbeat={"period": "2h"})["policy"]["heartbeat"] == {
        **monitor["policy"]["heartbeat"],
        "period": "2h",
    }


def test_another_secret_takes_its_place(api: Api) -> None:
    monitor = made(api, bearer_token=SECRET)
    changed(api, monitor, bearer_token="another", url="https://elsewhere.example/")
    assert stored(api, monitor)["bearer_token"] == "another"
    changed(api, monitor, bearer_token=None)
    assert "bearer_token" not in stored(api, monitor)


@pytest.mark.parametrize(
    ("fields", "change", "words"),
    [
        (
            {"bearer_token": SECRET},
            {"url": "https://evil.example/"},
            "bearer_token: expected the secret itself, since url",
        ),
        (
            {"headers": {"Cookie": SECRET}},
            {"url": "https://evil.example/"},
            "headers.Cookie: expected the secret itself",
        ),
        (
            {"basic_auth": {"username": "kim", "password": SECRET}},
            {"url": "https://shop.example.com.evil.example/"},
            "basic_auth.password: expected the secret itself, since url could send it to another server",
        ),
        (
            {"bearer_token": SECRET},
            {"proxy": "http://evil.example:3128"},
            "since proxy could send it to another server",
        ),
        ({"url": f"https://a:{SECRET}@b.example/"}, {"url": "https://a:***@evil.example/"}, "url: expected the secret"),
        ({"url": f"https://a:{SECRET}@b.example/"}, {"proxy": "http://evil.example:1"}, "since proxy could send it"),
        (
            {"oauth2": {"token_url": "https://id.example/", "client_id": "a", "client_secret": SECRET}},
            {"oauth2": {"token_url": "https://evil.example/", "client_id": "a", "client_secret": "***"}},
            "oauth2.client_secret: expected the secret itself, since oauth2.token_url could send it to another server",
        ),
        (
            {"oauth2": {"token_url": "https://id.example/", "client_id": "a", "client_secret": SECRET}},
            {"url": "https://evil.example/"},  # the token goes there
            "oauth2.client_secret: expected the secret itself, since url could send it to another server",
        ),
        ({"bearer_token": SECRET}, {"resolver": "192.0.2.1"}, "since resolver could send it to another server"),
        ({"bearer_token": SECRET}, {"url": "http://shop.example.com/"}, "since url could send it to another server"),
        ({"bearer_token": SECRET}, {"url": "https://shop.example.com:8443/"}, "since url could send it"),
        ({"bearer_token": SECRET}, {"verify_tls": False}, "since verify_tls could send it to another server"),
        ({"bearer_token": SECRET}, {"ca_certificate": "/tmp/ca.pem"}, "since ca_certificate could send it"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_stored_secret_is_not_sent_to_another_host(
    api: Api, fields: dict[str, Any], change: dict[str, Any], words: str
) -> None:
    monitor = made(api, **fields)
    before = stored(api, monitor)
    path = f"/monitors/{monitor['id']}"
    for method, body in (("PATCH", change), ("PUT", monitor["policy"] | change)):
        assert words in refused(api.call(method, path, body))["detail"]
    assert stored(api, monitor) == before


@pytest.mark.parametrize("url", ["https://shop.example.com/other", "https://SHOP.example.com/"])
def test_another_page_of_the_host_keeps_the_secret(api: Api, url: str) -> None:
    monitor = made(api, bearer_token=SECRET)
    changed(api, monitor, url=url)
    assert stored(api, monitor)["bearer_token"] == SECRET


def test_a_placeholder_is_no_secret_and_may_go_elsewhere(api: Api) -> None:
    monitor = made(api, bearer_token="${MONITOR_TOKEN}")
    found = changed(api, monitor, url="https://elsewhere.example/")["policy"]
    assert (found["bearer_token"], found["url"]) == ("${MONITOR_TOKEN}", "https://elsewhere.example/")
    assert SHOP["name"] == found["name"]
