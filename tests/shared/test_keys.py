"""Who is let in: the keys that are taken, those that are too weak to be shown to the world, and where that begins."""

import hmac
import json
import re
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import functions_framework
import pytest
import requests
from werkzeug.test import Client

from infra.table import MAIN
from shared import logs
from shared.settings import SettingError, Settings, is_loopback
from shared.web.function import warn_of_open_access
from tests.infra.test_runner import listening_addresses, on_linux, refusal_to_start
from tests.support.running import API_KEY, LocalSystem, Running, environment, free_port
from tests.support.stand_ins import Target

KEYS = ["the-first-of-three-keys", "the-second-of-three-keys", "the-third-of-three-keys"]
WEAK = ["hunter2", "fifteen-letters", "my-secret-key-12345", "a-secret-of-your-own", f"{KEYS[0]},hunter2"]
EVENT = {"target_url": "http://pushed.example/", "timestamp": "2025-01-08T10:30:00Z", "is_success": True}


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


# --- the settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["one-key,other-key", "one-key other-key", " one-key , other-key,"])
def test_several_keys_are_separated_by_spaces_or_commas_and_the_first_is_sent(value: str) -> None:
    settings = Settings.from_env({"API_KEY": value})
    assert [key.get_secret_value() for key in settings.keys] == ["one-key", "other-key"]
    assert settings.key.get_secret_value() == "one-key"
    assert "one-key" not in repr(settings)


def test_one_malformed_key_among_several_is_told_without_any_of_them() -> None:
    with pytest.raises(SettingError, match=r"API_KEY is '\(hidden\)': expected a secret of ASCII"):
        Settings.from_env({"API_KEY": "one-key,비밀"})


@pytest.mark.parametrize("keys", WEAK)
def test_a_key_that_can_be_guessed_is_refused(keys: str) -> None:
    with pytest.raises(SettingError, match=r"API_KEY is .+: expected secrets of at least 16 characters") as raised:
        Settings.from_env({"API_KEY": keys}).refuse_weak_keys()
    assert not any(key in str(raised.value) for key in keys.split(","))


@pytest.mark.parametrize("keys", ["", "sixteen-letters!", ",".join(KEYS)])
def test_a_key_that_cannot_be_guessed_is_not_refused(keys: str) -> None:
    Settings.from_env({"API_KEY": keys}).refuse_weak_keys()


@pytest.mark.parametrize(
    ("host", "is_own", "why"),
    [
        ("127.0.0.1", True, "the default"),
        ("127.8.8.8", True, "all of 127/8 stays here"),
        ("::1", True, "the same in IPv6"),
        ("localhost", True, "what a client in the same process is told"),
        ("0.0.0.0", False, "every address"),
        ("::", False, "every address, in both families"),
        ("192.168.1.5", False, "the neighbours' network"),
        ("10.0.0.1", False, "private is not alone"),
        ("169.254.1.1", False, "link-local reaches the neighbours"),
        ("localhost.evil.example", False, "only a name like it"),
        ("", False, "nothing is known, so the worst is assumed"),
    ],
)
def test_only_loopback_is_this_machine_alone(host: str, is_own: bool, why: str) -> None:
    assert is_loopback(host) is is_own, why


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:5000"),
        ("localhost", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://127.0.0.1:5000"),
        ("::", "http://[::1]:5000"),
        ("::1", "http://[::1]:5000"),
        ("192.168.1.5", "http://192.168.1.5:5000"),
    ],
)
def test_the_agent_and_the_schedules_call_where_it_listens(host: str, url: str) -> None:
    settings = Settings.from_env({"FLASK_HOST": host})
    assert settings.own_url == settings.backend_url == url


# --- a function -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Calls a function under functions-framework whose server is bound to ``bound``."""
    for name, value in environment(tmp_path, LOG_DIR=None, API_KEY=",".join(KEYS)).items():
        monkeypatch.setenv(name, value)
    for name in ("LOG_DIR", "K_SERVICE", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)
    # Both remember: what was said already, and the standard output of the test before.
    warn_of_open_access.cache_clear()
    logs._logger.cache_clear()

    def ask(name: str, method: str, *, key: str = KEYS[0], bound: str = "127.0.0.1", **environ: str) -> Any:
        for variable, value in environ.items():
            monkeypatch.setenv(variable, value)
        app = functions_framework.create_app(name, str(MAIN))  # type: ignore[no-untyped-call]
        # The Host header is the caller's, and must not count.
        server = {"SERVER_NAME": bound, "HTTP_HOST": "127.0.0.1"}
        body = EVENT if name == "ingest_event" else None
        return Client(app).open("/", method=method, environ_overrides=server, headers={"X-API-Key": key}, json=body)

    yield ask
    warn_of_open_access.cache_clear()
    logs._logger.cache_clear()


@pytest.mark.parametrize("auth", ["ingest", "writes", "all"])
def test_each_of_several_keys_is_taken_and_no_other(ask: Callable[..., Any], auth: str) -> None:
    for key in KEYS:
        assert ask("ingest_event", "POST", key=key, API_AUTH=auth).status_code in (200, 201), key
    for key in ("", KEYS[0][:-1], f"{KEYS[0]}x", f"{KEYS[0]},{KEYS[1]}", f"{KEYS[0]} {KEYS[1]}", ",".join(KEYS)):
        assert ask("ingest_event", "POST", key=key, API_AUTH=auth).status_code == 401, key


@pytest.mark.parametrize("key", [*KEYS, "none-of-the-three-keys"])
def test_a_key_is_compared_with_all_whichever_it_is(
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
        "in Amazon's, where the server's name is the caller's word",
    ),
]


@pytest.mark.parametrize(("bound", "where", "why"), REACHED_BY_OTHERS)
@pytest.mark.parametrize("keys", WEAK)
def test_a_function_that_others_reach_serves_nobody_with_a_weak_key(
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


def test_on_this_machine_alone_a_weak_key_will_do(ask: Callable[..., Any]) -> None:
    for bound in ("127.0.0.1", "::1", "localhost"):
        assert ask("ingest_event", "POST", key="hunter2", bound=bound, API_KEY="hunter2").status_code in (200, 201)


@pytest.mark.parametrize(("bound", "where", "why"), REACHED_BY_OTHERS)
@pytest.mark.parametrize(("auth", "words"), [("ingest", "reads alerts and changes them"), ("writes", "reads alerts")])
def test_a_function_that_others_reach_says_once_and_loudly_what_is_open(
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
    [said] = [line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "open" in line["message"]]
    assert (said["severity"], said["api_auth"]) == ("WARNING", auth), why
    assert f"{words} without a key" in said["reason"]


def test_nothing_is_said_where_everybody_needs_the_key_or_nobody_else_can_call(
    ask: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ask("list_alerts", "GET", bound="0.0.0.0", API_AUTH="all")
    ask("list_alerts", "GET", bound="127.0.0.1", API_AUTH="ingest")
    assert "open_to_others" not in capsys.readouterr().out


@pytest.mark.system
@pytest.mark.parametrize("threads", ["1", "4"], ids=["gunicorn's sync worker", "gunicorn's threads"])
def test_a_function_alone_on_every_address_knows_it_from_its_server(
    project: Path, tmp_path: Path, threads: str
) -> None:
    environ = environment(tmp_path, LOG_DIR=None, API_KEY="hunter2") | {"THREADS": threads}
    program = str(Path(sys.executable).with_name("functions-framework"))
    # Without --host: what somebody gets who does not know of it.
    command = [program, "--source=main.py", "--target=health", f"--port={environ['FLASK_PORT']}"]
    with Running(command, project, tmp_path, environ) as function:
        answer = function.get("/", headers={"Host": "127.0.0.1"})
        assert answer.status_code == 500
        assert "API_KEY is '(hidden)'" in answer.json()["detail"]
        assert '"API_KEY is ' in function.output()
        assert "hunter2" not in function.output() + answer.text


# --- the local system -------------------------------------------------------------------------------------------------


@pytest.mark.system
@on_linux
def test_on_every_address_the_system_works_and_says_loudly_what_is_open(
    project: Path, tmp_path: Path, target: Target
) -> None:
    settings = {"TARGET_URL": target.url, "FLASK_HOST": "0.0.0.0"}
    with LocalSystem(project, tmp_path, **settings) as system:
        # The schedules run, and the agent's events arrive.
        system.wait_for_further_events(2, is_success=True)
        others = {address for address, port in listening_addresses(system.living()) if port == system.port}

    assert others == {"00000000"}
    [warning] = re.findall(r"(?m)^WARNING +(.+)$", system.output())
    assert warning == "others can read and change alerts without a key on 0.0.0.0: set API_AUTH=all"
    assert f"http://localhost:{system.port} " in system.output()


@pytest.mark.system
@needs_ipv6
def test_functions_apart_are_reached_on_ipv6_where_that_is_told(project: Path, tmp_path: Path, target: Target) -> None:
    two_keys = f"{API_KEY},{KEYS[1]}"
    settings = {"TARGET_URL": target.url, "FLASK_HOST": "::", "SEPARATE": "1", "API_AUTH": "all", "API_KEY": two_keys}
    with LocalSystem(project, tmp_path, **settings) as system:
        system.wait_for_further_events(1, is_success=True)
        for key, status in ((API_KEY, 200), (KEYS[1], 200), (KEYS[2], 401)):
            url = f"http://[::1]:{system.port}/alerts"
            assert requests.get(url, headers={"X-API-Key": key}, timeout=5).status_code == status
    assert "WARNING" not in system.output()
    assert f"http://[::1]:{system.port} " in system.output()


@pytest.mark.system
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_weak_key_stops_a_start_that_others_could_reach(project: Path, tmp_path: Path, host: str) -> None:
    keys = {"0.0.0.0": "my-secret-key-12345", "::": f"{KEYS[0]},hunter2"}
    environ = environment(tmp_path, FLASK_HOST=host, API_KEY=keys[host], API_AUTH="all", FLASK_PORT=str(free_port()))
    line = refusal_to_start(project, environ)
    assert line.startswith("bonghwa: API_KEY is '(hidden)': expected secrets of at least 16 characters")
    assert not any(key in line for key in keys[host].split(","))


@pytest.mark.system
@pytest.mark.parametrize(("host", "words"), [("example.com", "an IP address"), ("192.0.2.1", "Cannot assign")])
def test_an_address_that_is_not_this_machines_stops_the_start(
    project: Path, tmp_path: Path, host: str, words: str
) -> None:
    line = refusal_to_start(project, environment(tmp_path, FLASK_HOST=host))
    assert line.startswith(f"bonghwa: FLASK_HOST is '{host}': expected an IP address of this machine")
    assert words in line
