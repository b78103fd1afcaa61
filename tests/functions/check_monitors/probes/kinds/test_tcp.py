"""TCP checks: a port takes connections, and says what the policy awaits."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from functions.check_monitors.probes.checks import check_all
from shared.models import Event
from shared.settings import Settings
from tests.support.policies import check_policy, policy
from tests.support.running import free_port
from tests.support.servers.raw_servers import RawServers, resets, stays_silent

pytestmark = pytest.mark.slow


def greets(*parts: bytes) -> Callable[[Any], None]:
    """A handler that speaks first, and then waits for the client to go."""

    def handler(connection: Any) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.02)
        connection.recv(65536)

    return handler


CUT = 'only the first 65536 bytes of the answer were read, too few to judge "x"'


def echoes(connection: Any) -> None:
    while part := connection.recv(65536):
        connection.sendall(part.upper())


def test_a_port_that_takes_connections_is_up(serve: RawServers) -> None:
    event = check_policy(f"tcp://127.0.0.1:{serve(greets())}")
    assert (event.is_success, event.ip, event.status_code) == (True, "127.0.0.1", None)
    assert (event.connect_ms or 0) > 0
    assert event.response_time_ms is not None


@pytest.mark.parametrize(
    ("handler", "fields", "message"),
    [
        (greets(b"220 mail.", b"example ESMTP\r\n"), {"keyword": "ESMTP"}, None),
        (echoes, {"keyword": "PING", "body": "ping"}, None),
        (echoes, {"body": "ping"}, None),
        (greets(b"hello"), {"keyword": "bye", "timeout": "300ms"}, 'the answer does not contain "bye"'),
        (greets(b"error"), {"forbidden_keyword": "error", "timeout": "300ms"}, 'the answer contains "error"'),
        (greets(b"fine"), {"forbidden_keyword": "error"}, None),
        (greets(b"." * 50_000, b"x"), {"keyword": "x"}, None),
        (greets(b"." * 50_000, b"x"), {"forbidden_keyword": "x"}, 'the answer contains "x"'),
        (greets(b"." * 70_000 + b"x"), {"keyword": "x"}, CUT),
        (greets(b"." * 70_000 + b"x"), {"forbidden_keyword": "x"}, CUT),
        (greets(b"." * 70_000 + b"x"), {"forbidden_keyword": "x", "upside_down": True}, CUT),
        (greets(b"ok "), {"forbidden_keyword": "x", "conditions": ["[BODY] == ok"]}, None),
        (greets(), {"keyword": "x", "timeout": "300ms"}, "no answer within 0.3 s"),
        (lambda _: None, {"keyword": "x"}, "connection closed without an answer"),
        (lambda c: c.sendall(b"bye"), {"keyword": "x"}, 'the answer does not contain "x"'),
        (resets, {"keyword": "x", "body": "y"}, "connection reset"),
    ],
)
def test_what_a_port_says_is_judged(
    serve: RawServers, handler: Any, fields: dict[str, Any], message: str | None
) -> None:
    event = check_policy(f"tcp://127.0.0.1:{serve(handler)}", **fields)
    assert event.error_message == message
    # Most of these checks may last 10 s.
    assert (event.response_time_ms or 0) < 9000


def test_a_forbidden_keyword_may_come_a_little_later(serve: RawServers) -> None:
    def later(connection: Any) -> None:
        connection.sendall(b"ok ")
        time.sleep(0.2)
        connection.sendall(b"ERROR db")
        connection.recv(100)

    event = check_policy(f"tcp://127.0.0.1:{serve(later)}", keyword="ok", forbidden_keyword="ERROR")
    assert event.error_message == 'the answer contains "ERROR"'
    event = check_policy(f"tcp://127.0.0.1:{serve(greets(b'ok'))}", forbidden_keyword="ERROR")
    assert event.is_success
    assert (event.response_time_ms or 0) < 450, "to hear on is no slow answer"


def test_the_time_to_the_first_byte_is_a_phase(serve: RawServers) -> None:
    def slow(connection: Any) -> None:
        time.sleep(0.2)
        connection.sendall(b"x")

    event = check_policy(f"tcp://127.0.0.1:{serve(slow)}", keyword="x")
    assert 190 < (event.first_byte_ms or 0) <= (event.response_time_ms or 0) < 9000


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("tcp://127.0.0.1:${MONITOR_NO_PORT}", "not a valid URL"),
        ("tcp://nobody.invalid:80", "host not found: nobody.invalid"),
    ],
)
def test_a_target_that_cannot_be_reached_says_why(url: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONITOR_NO_PORT", "99999")
    assert check_policy(url).error_message == message


def test_a_closed_port_refuses_the_connection() -> None:
    event = check_policy(f"tcp://127.0.0.1:{free_port()}")
    assert (event.error_message, event.is_inconclusive) == ("connection refused", False)


def test_a_proxy_of_the_environment_is_for_http_alone(serve: RawServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert check_policy(f"tcp://127.0.0.1:{serve(greets())}").is_success


def test_a_metadata_server_is_refused(serve: RawServers, forbid: Callable[[str], None]) -> None:
    forbid("127.0.0.1/32")
    for host in ("127.0.0.1", "localhost", "0x7f000001"):
        event = check_policy(f"tcp://{host}:{serve(greets())}", ip_version=4)
        assert "is a cloud metadata address" in str(event.error_message)


def test_hanging_targets_delay_no_other(serve: RawServers) -> None:
    hanging, healthy = serve(stays_silent(30)), serve(greets(b"hello"))
    policies = [
        (
            0.01 * number,
            policy(f"tcp://127.0.0.1:{port}", name=f"m{number}", keyword="hello", timeout="2s"),
        )
        for number, port in enumerate([hanging, healthy] * 20)
    ]
    seen: list[Event] = []
    events = check_all(policies, Settings.from_env({}), on_event=seen.append)
    assert [event.monitor for event in events] == [f"m{number}" for number in range(40)]
    assert [event.is_success for event in events] == [False, True] * 20
    assert sorted(seen, key=lambda event: int(event.monitor[1:])) == events
    assert [event.is_success for event in seen] == [True] * 20 + [False] * 20, "none waited until another hung no more"
    # The server hangs for 30 s. The two seconds include the time that a busy machine takes before a check connects.
    waited = [event.response_time_ms or 0 for event in events[::2]]
    assert all(1500 <= milliseconds < 10_000 for milliseconds in waited), waited


def test_each_check_starts_at_its_time(serve: RawServers) -> None:
    port = serve(greets())
    began = time.monotonic()
    ends: dict[str, float] = {}
    policies = [(seconds, policy(f"tcp://127.0.0.1:{port}", name=str(seconds))) for seconds in (0.6, 0.0, 0.3)]
    events = check_all(policies, Settings.from_env({}), on_event=lambda e: ends.update({e.monitor: time.monotonic()}))
    assert [event.monitor for event in events] == ["0.6", "0.0", "0.3"]
    for name, end in ends.items():
        assert float(name) - 0.02 <= end - began < float(name) + 0.25
