"""Access to a function: with which key, and from where."""

import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from werkzeug.test import Client

from infra.table import MAIN
from shared.web.function import warn_of_open_access, warn_of_weak_key
from tests.support.keys import KEYS, WEAK_KEYS
from tests.support.running import environment

pytestmark = pytest.mark.slow

EVENT = {"target_url": "http://pushed.example/", "timestamp": "2025-01-08T10:30:00Z", "is_success": True}


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_logs: object) -> Iterator[Callable[..., Any]]:
    """Calls a function under functions-framework whose server is bound to ``bound``."""
    for name, value in environment(tmp_path, LOG_DIR=None, API_KEY=",".join(KEYS)).items():
        monkeypatch.setenv(name, value)
    for name in ("LOG_DIR", "K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)
    # This process warns once.
    warn_of_open_access.cache_clear()
    warn_of_weak_key.cache_clear()

    def ask(
        name: str,
        method: str,
        path: str = "/",
        *,
        key: str | None = KEYS[0],
        bound: str = "127.0.0.1",
        way: str | None = None,
        host: str = "127.0.0.1",
        **environ: str,
    ) -> Any:
        for variable, value in environ.items():
            monkeypatch.setenv(variable, value)
        app = functions_framework.create_app(name, str(MAIN))  # type: ignore[no-untyped-call]
        server = {"SERVER_NAME": bound, "HTTP_HOST": host, "REMOTE_ADDR": "127.0.0.1"}
        server |= {} if way is None else {"HTTP_X_FORWARDED_FOR": way}
        body = EVENT if name == "ingest_event" else None
        headers = {} if key is None else {"X-API-Key": key}
        return Client(app).open(path, method=method, environ_overrides=server, headers=headers, json=body)

    yield ask
    warn_of_open_access.cache_clear()
    warn_of_weak_key.cache_clear()


@pytest.mark.parametrize("auth", ["ingest", "writes", "all"])
def test_each_of_several_keys_is_accepted_and_no_other(ask: Callable[..., Any], auth: str) -> None:
    for key in KEYS:
        assert ask("ingest_event", "POST", key=key, API_AUTH=auth).status_code in (200, 201), key
    for key in ("", KEYS[0][:-1], f"{KEYS[0]}x", f"{KEYS[0]},{KEYS[1]}", f"{KEYS[0]} {KEYS[1]}", ",".join(KEYS)):
        assert ask("ingest_event", "POST", key=key, API_AUTH=auth).status_code == 401, key


@pytest.mark.parametrize("key", [*KEYS, "none-of-the-three-keys"])
def test_a_key_is_compared_with_every_known_key(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    compared = []

    def compare(given: bytes, known: bytes, compare: Callable[[bytes, bytes], bool] = hmac.compare_digest) -> bool:
        compared.append(known.decode())
        return compare(given, known)

    monkeypatch.setattr("hmac.compare_digest", compare)
    ask("ingest_event", "POST", key=key)
    assert compared == KEYS


REACHED_BY_OTHERS = [
    ("0.0.0.0", {}, "functions-framework's default"),
    ("::", {}, "every address"),
    ("192.168.1.5", {}, "an address of the network"),
    ("127.0.0.1", {"K_SERVICE": "list-alerts"}, "in Google's cloud"),
    (
        "127.0.0.1",
        {"AWS_LAMBDA_FUNCTION_NAME": "list-alerts"},
        "in Amazon's, whose server takes its name from the caller",
    ),
]


@pytest.mark.parametrize(("bound", "where", "why"), REACHED_BY_OTHERS)
@pytest.mark.parametrize("keys", WEAK_KEYS)
def test_a_weak_key_closes_a_function_that_others_reach(
    ask: Callable[..., Any], capsys: pytest.CaptureFixture[str], bound: str, where: dict[str, str], why: str, keys: str
) -> None:
    for name, method in (("health", "GET"), ("list_alerts", "GET"), ("ingest_event", "POST")):
        answer = ask(name, method, key=keys.partition(",")[0], bound=bound, API_KEY=keys, API_AUTH="all", **where)
        assert (name, answer.status_code) == (name, 500), why
        assert answer.content_type == "application/problem+json"
        assert "API_KEY is '(hidden)': expected secrets of at least 16 characters" in answer.json["detail"]
    logged = capsys.readouterr().out
    assert logged.count("setting_error") == 3
    assert logged.count("API_KEY is") == 3
    assert not any(key in logged for key in keys.split(","))


BEHIND_A_PROXY = [
    {"PUBLIC_URL": "https://status.example.com", "host": "status.example.com"},
    {"way": "203.0.113.9"},
    {"way": "127.0.0.1, 203.0.113.9"},
    {"way": "unknown"},
    # This name is known without a PUBLIC_URL too.
    {"BACKEND_URL": "https://status.example.com", "host": "status.example.com"},
]


@pytest.mark.parametrize("passed_on", BEHIND_A_PROXY)
def test_a_weak_key_closes_a_function_behind_a_proxy(
    ask: Callable[..., Any], capsys: pytest.CaptureFixture[str], passed_on: dict[str, str]
) -> None:
    assert ask("list_alerts", "GET", key="hunter2", API_KEY="hunter2", **passed_on).status_code == 500
    assert ask("list_alerts", "GET", API_KEY=KEYS[0], **passed_on).status_code == 200
    assert capsys.readouterr().out.count("open_to_others") == 1


@pytest.mark.parametrize("passed_on", BEHIND_A_PROXY)
@pytest.mark.parametrize(
    ("auth", "name", "method", "key", "status"),
    [
        # A key that can be guessed opens nothing, and the response does not tell that it is the right one.
        ("all", "list_alerts", "GET", None, 500),
        ("writes", "list_alerts", "GET", "hunter2", 500),
        ("writes", "list_alerts", "GET", "another", 500),
        ("ingest", "manage_monitors", "POST", None, 500),
        ("writes", "update_alert", "PATCH", None, 500),
        # These are open to everybody, and no key is shown.
        ("writes", "list_alerts", "GET", None, 200),
        ("ingest", "update_alert", "PATCH", None, 400),
        # Pings, pages and buttons need none: a ping that is not taken would open an outage.
        ("all", "receive_heartbeat", "GET", None, 404),
        ("all", "status_page", "GET", None, 404),
        ("all", "dashboard", "GET", None, 303),
        ("all", "receive_telegram", "POST", None, 404),
        ("all", "receive_heartbeat", "GET", "hunter2", 404),
        # Agents elsewhere go on.
        ("all", "ingest_event", "POST", "hunter2", 201),
        ("all", "ingest_event", "POST", "another", 401),
        ("all", "ingest_event", "POST", None, 401),
    ],
)
def test_a_weak_key_behind_a_proxy_stops_no_ping_and_no_agent(
    ask: Callable[..., Any],
    passed_on: dict[str, str],
    auth: str,
    name: str,
    method: str,
    key: str | None,
    status: int,
) -> None:
    path = {"update_alert": "/alerts/1", "receive_heartbeat": "/heartbeats/some-unknown-token"}.get(name, "/")
    path = {"status_page": "/status", "dashboard": "/dashboard", "manage_monitors": "/monitors"}.get(name, path)
    path = "/telegram" if name == "receive_telegram" else path
    answer = ask(name, method, path, key=key, API_AUTH=auth, API_KEY="hunter2", **passed_on)
    assert answer.status_code == status, answer.text


def test_an_agent_with_a_weak_key_behind_a_proxy_is_warned_of_once(
    ask: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        answer = ask("ingest_event", "POST", key="hunter2", way="203.0.113.9", API_KEY="hunter2", API_AUTH="all")
        assert answer.status_code in (200, 201)
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    [warning] = [line for line in lines if line["message"] == "weak_key"]
    assert warning["severity"] == "WARNING"
    assert "API_KEY is '(hidden)': expected secrets of at least 16 characters" in warning["reason"]


def test_a_weak_key_behind_a_proxy_is_enough_for_our_own_calls(ask: Callable[..., Any]) -> None:
    url = "https://status.example.com"
    assert ask("list_alerts", "GET", key="hunter2", API_KEY="hunter2", PUBLIC_URL=url).status_code == 200


@pytest.mark.parametrize("way", [None, "127.0.0.1", "::1, 127.0.0.1"])
@pytest.mark.parametrize("host", ["127.0.0.1:5000", "localhost", "localhost.:5000", "a.localhost", "[::1]:5000"])
def test_a_proxy_of_this_machine_alone_opens_nothing(
    ask: Callable[..., Any], capsys: pytest.CaptureFixture[str], way: str | None, host: str
) -> None:
    url = "http://localhost:5000"
    given = {"way": way, "host": host, "API_KEY": "hunter2", "PUBLIC_URL": url}
    assert ask("list_alerts", "GET", key="hunter2", **given).status_code == 200
    assert "open_to_others" not in capsys.readouterr().out


def test_a_weak_key_is_enough_on_this_machine_alone(ask: Callable[..., Any]) -> None:
    for bound in ("127.0.0.1", "::1", "localhost"):
        assert ask("ingest_event", "POST", key="hunter2", bound=bound, API_KEY="hunter2").status_code in (200, 201)


@pytest.mark.parametrize(("bound", "where", "why"), REACHED_BY_OTHERS)
@pytest.mark.parametrize(("auth", "words"), [("ingest", "reads alerts and changes them"), ("writes", "reads alerts")])
def test_a_function_that_others_reach_warns_once(
    ask: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
    bound: str,
    where: dict[str, str],
    why: str,
    auth: str,
    words: str,
) -> None:
    for _ in range(3):
        answer = ask("list_alerts", "GET", bound=bound, API_AUTH=auth, **where)
        # In a cloud the store of this test, which is SQLite, is refused afterwards.
        assert answer.status_code == (503 if where else 200)
    [warning] = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "open" in line["message"]]
    assert (warning["severity"], warning["api_auth"]) == ("WARNING", auth), why
    assert f"{words} without a key" in warning["reason"]


def test_a_function_does_not_warn_if_nothing_is_open(
    ask: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ask("list_alerts", "GET", bound="0.0.0.0", API_AUTH="all")
    ask("list_alerts", "GET", bound="127.0.0.1", API_AUTH="ingest")
    assert "open_to_others" not in capsys.readouterr().out
