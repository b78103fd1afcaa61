"""Docker checks against an engine's stand-in, over its socket and over TCP, and against a real engine."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.podman import Podman
from tests.support.servers.raw_servers import RawServers

RUNNING = {"Status": "running", "Running": True, "Paused": False, "Restarting": False, "ExitCode": 0}
EXITED = {"Status": "exited", "Running": False, "Paused": False, "Restarting": False, "ExitCode": 137}


def health(status: str, output: str = "") -> dict[str, Any]:
    return {**RUNNING, "Health": {"Status": status, "Log": [{"ExitCode": 1, "Output": output}]}}


CONTAINERS: dict[str, Any] = {
    "web": {"State": RUNNING, "Config": {"Image": "nginx:1"}},
    "Web_2.a": {"State": RUNNING},
    "well": {"State": health("healthy")},
    "young": {"State": health("starting")},
    "ill": {"State": health("unhealthy", "curl: (7) refused\nmore")},
    "mute": {"State": health("unhealthy")},
    "gone": {"Path": "serve", "Args": ["--password", "hunter2"], "State": EXITED},
    "paused": {"State": {**RUNNING, "Status": "paused", "Paused": True}},
    "looping": {"State": {**RUNNING, "Status": "restarting", "Restarting": True}},
    "odd": {"status": "no state"},
}


def engine(connection: Any) -> None:
    request = connection.recv(65536)
    if not request:
        return  # whoever does not trust the certificate asks nothing
    path = request.split(b" ")[1].decode()
    name = path.removeprefix("/containers/").removesuffix("/json")
    found = CONTAINERS.get(name)
    body = json.dumps(found or {"message": f"No such container: {name}"}).encode()
    head = f"HTTP/1.1 {'200 OK' if found else '404 Not Found'}\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)


@pytest.fixture
def engine_socket(tmp_path: Path) -> Iterator[str]:
    path = str(tmp_path / "docker.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        engine(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield path
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ("web", None),
        ("Web_2.a", None),
        ("well", None),
        ("ill", "the container ill is unhealthy: curl: (7) refused"),
        ("gone", "the container gone does not run: exited (exit code 137)"),
        ("mute", "the container mute is unhealthy"),
        ("paused", "the container paused does not run: paused (exit code 0)"),
        ("looping", "the container looping does not run: restarting (exit code 0)"),
        ("nobody", "the Docker engine knows no container nobody"),
        ("odd", "not an answer of a Docker engine"),
    ],
)
def test_a_container_is_well_or_not(engine_socket: str, container: str, message: str | None) -> None:
    for host in (engine_socket, f"unix://{engine_socket}"):
        event = check_policy(f"docker://{container}?host={host}")
        assert (event.error_message, event.is_inconclusive) == (message, False)
        assert (event.ip, event.status_code) == (None, None)


def test_an_event_does_not_show_a_containers_command(engine_socket: str) -> None:
    url = f"docker://gone?host={engine_socket}"
    assert "hunter2" not in check_policy(url).model_dump_json()
    judged = check_policy(url, conditions=["[BODY].State.Status == running"])
    assert judged.condition == "[BODY].State.Status (exited) == running"
    assert "hunter2" not in judged.model_dump_json()


def test_a_container_that_has_just_started_is_not_known_yet(engine_socket: str) -> None:
    event = check_policy(f"docker://young?host={engine_socket}")
    assert (event.is_success, event.is_inconclusive) == (False, True)


def test_conditions_read_what_the_engine_says(engine_socket: str) -> None:
    url = f"docker://web?host={engine_socket}"
    assert check_policy(url, conditions=["[BODY].Config.Image == nginx:1"]).error_message is None
    event = check_policy(url, conditions=["[BODY].State.Status == exited"])
    assert event.condition == "[BODY].State.Status (running) == exited"


def test_an_engine_may_listen_on_tcp(serve: RawServers, forbid: Callable[[str], None]) -> None:
    url = f"docker://web?host=tcp://127.0.0.1:{serve(engine)}"
    event = check_policy(url)
    assert (event.error_message, event.ip) == (None, "127.0.0.1")
    forbid("127.0.0.1/32")
    assert check_policy(url).error_message == "refused: 127.0.0.1 is a cloud metadata address"


def test_an_engine_may_want_a_client_certificate(serve: RawServers, authority: Authority) -> None:
    context = authority.context(TODAY - A_DAY, TODAY + A_DAY)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    url = f"docker://web?host=https://localhost:{serve(engine, context)}"
    certificate, key = authority.client()
    pair = {"certificate": certificate, "key": key}
    assert check_policy(url, client_certificate=pair, ca_certificate=authority.file).error_message is None
    assert check_policy(url, client_certificate=pair, verify_tls=False).error_message is None
    assert "not trusted" in str(check_policy(url, client_certificate=pair).error_message)
    unknown = check_policy(url, ca_certificate=authority.file)
    assert unknown.error_message == "the server requires a client certificate"


def test_a_socket_out_of_reach_says_nothing_of_the_container(tmp_path: Path) -> None:
    event = check_policy(f"docker://web?host={tmp_path}/none.sock", upside_down=True)
    assert event.error_message == f"not checked: the agent cannot use the Docker engine's socket {tmp_path}/none.sock"
    assert (event.is_success, event.is_inconclusive) == (False, True)


def test_an_engine_that_does_not_run_is_a_failure(tmp_path: Path) -> None:
    path = str(tmp_path / "dead.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    event = check_policy(f"docker://web?host={path}")
    assert (event.error_message, event.is_inconclusive) == ("connection refused", False)


@pytest.mark.slow
def test_a_real_engine_is_understood() -> None:
    with Podman() as engine:

        def said_of(name: str) -> str | None:
            return check_policy(f"docker://{name}?host={engine.socket}").error_message

        healthy = ("--health-cmd=/bin/busybox true", "--health-interval=disable")
        unhealthy = ("--health-cmd=echo broken; exit 1", "--health-retries=1", "--health-interval=disable")
        engine.run("web", "sleep 60", *healthy)
        engine.run("ill", "sleep 60", *unhealthy)
        engine.run("gone", "exit 7")
        for name in ("web", "ill"):
            engine.asked("healthcheck", "run", name)
        engine.asked("wait", "gone")
        assert said_of("web") is None
        assert said_of("ill") == "the container ill is unhealthy: broken"
        assert said_of("gone") == "the container gone does not run: exited (exit code 7)"
        assert said_of("none") == "the Docker engine knows no container none"
        engine.asked("pause", "web")
        assert said_of("web") == "the container web does not run: paused (exit code 0)"
