"""The address that the system listens on: others may reach it, and then it warns, or refuses to start."""

import re
import socket
import sys
from pathlib import Path

import pytest
import requests

from tests.infra.local.starts import listening_addresses, on_linux, refusal_to_start
from tests.support.keys import KEYS
from tests.support.running import API_KEY, LocalSystem, Running, environment, free_port
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")


@pytest.mark.parametrize("threads", ["1", "4"], ids=["gunicorn's sync worker", "gunicorn's threads"])
def test_a_function_learns_its_address_from_its_server(forked_project: Path, tmp_path: Path, threads: str) -> None:
    environ = environment(tmp_path, LOG_DIR=None, API_KEY="hunter2") | {"THREADS": threads}
    program = str(Path(sys.executable).with_name("functions-framework"))
    # Without --host, as a person starts it who does not know that option.
    command = [program, "--source=main.py", "--target=health", f"--port={environ['FLASK_PORT']}"]
    with Running(command, forked_project, tmp_path, environ, forkable=command) as function:
        answer = function.get("/", headers={"Host": "127.0.0.1"})
        assert answer.status_code == 500
        assert "API_KEY is '(hidden)'" in answer.json()["detail"]
        assert '"API_KEY is ' in function.output()
        assert "hunter2" not in function.output() + answer.text


@on_linux
def test_the_system_on_every_address_works_and_warns(forked_project: Path, tmp_path: Path, target: Target) -> None:
    settings = {"TARGET_URL": target.url, "FLASK_HOST": "0.0.0.0"}
    with LocalSystem(forked_project, tmp_path, **settings) as system:
        # The schedules run, and the agent's events arrive.
        system.wait_for_further_events(2, is_success=True)
        others = {address for address, port in listening_addresses(system.living()) if port == system.port}

    assert others == {"00000000"}
    [warning] = re.findall(r"(?m)^WARNING +(.+)$", system.output())
    assert warning == "others can read and change alerts without a key on 0.0.0.0: set API_AUTH=all"
    assert f"http://localhost:{system.port} " in system.output()


@needs_ipv6
def test_separate_functions_are_reached_on_ipv6(forked_project: Path, tmp_path: Path, target: Target) -> None:
    two_keys = f"{API_KEY},{KEYS[1]}"
    settings = {"TARGET_URL": target.url, "FLASK_HOST": "::", "SEPARATE": "1", "API_AUTH": "all", "API_KEY": two_keys}
    with LocalSystem(forked_project, tmp_path, **settings) as system:
        system.wait_for_further_events(1, is_success=True)
        for key, status in ((API_KEY, 200), (KEYS[1], 200), (KEYS[2], 401)):
            url = f"http://[::1]:{system.port}/alerts"
            assert requests.get(url, headers={"X-API-Key": key}, timeout=5).status_code == status
        # While it still runs: at its end, an agent may have to keep a report for the next start, and says so.
        assert "WARNING" not in system.output()
        assert f"http://[::1]:{system.port} " in system.output()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_weak_key_stops_a_start_that_others_could_reach(forked_project: Path, tmp_path: Path, host: str) -> None:
    keys = {"0.0.0.0": "my-secret-key-12345", "::": f"{KEYS[0]},hunter2"}
    environ = environment(tmp_path, FLASK_HOST=host, API_KEY=keys[host], API_AUTH="all", FLASK_PORT=str(free_port()))
    line = refusal_to_start(forked_project, environ)
    assert line.startswith("bonghwa: API_KEY is '(hidden)': expected secrets of at least 16 characters")
    assert not any(key in line for key in keys[host].split(","))


def test_a_weak_key_behind_a_proxy_refuses_others_and_stops_no_check(
    forked_project: Path, tmp_path: Path, target: Target
) -> None:
    token = "a-token-of-the-nightly-job"
    settings = {"PUBLIC_URL": "https://a.example", "API_KEY": "hunter2", "TARGET_URL": target.url}
    with LocalSystem(forked_project, tmp_path, **settings) as system:
        system.wait_for_further_events(2, is_success=True)
        weak = "WARNING   no key opens anything on https://a.example, except to agents: API_KEY is '(hidden)': expected"
        assert weak in system.output()
        job = {"name": "Nightly job", "heartbeat": {"period": "1h", "token": token}}
        by_proxy, key = {"Host": "a.example"}, {"X-API-Key": "hunter2"}
        assert requests.post(f"{system.url}/monitors", json=job, headers=key, timeout=5).status_code == 201
        assert requests.get(f"{system.url}/alerts", headers=by_proxy | key, timeout=5).status_code == 500
        assert requests.get(f"{system.url}/heartbeats/{token}", headers=by_proxy, timeout=5).status_code == 200
        claim = {"agent": "elsewhere", "location": "elsewhere", "seconds": 60}
        claimed = requests.post(f"{system.url}/checks/claim", json=claim, headers=by_proxy | key, timeout=5)
        assert claimed.status_code == 200, claimed.text
        assert system.output().count("anybody who guesses the key reports events through the proxy") == 1


@pytest.mark.parametrize(("host", "words"), [("example.com", "an IP address"), ("192.0.2.1", "Cannot assign")])
def test_an_address_of_another_machine_stops_the_start(
    forked_project: Path, tmp_path: Path, host: str, words: str
) -> None:
    line = refusal_to_start(forked_project, environment(tmp_path, FLASK_HOST=host))
    assert line.startswith(f"bonghwa: FLASK_HOST is '{host}': expected an IP address of this machine")
    assert words in line
