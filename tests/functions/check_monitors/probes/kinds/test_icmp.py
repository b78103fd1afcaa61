"""Pings of this machine, and of places that do not reply; each needs the right to ping."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from functions.check_monitors.probes.judgement import NotCheckable
from functions.check_monitors.probes.kinds.icmp import _ping_socket
from shared import ROOT
from tests.support.policies import check_policy

pytestmark = pytest.mark.slow


def can_ping() -> bool:
    try:
        _ping_socket(socket.AF_INET)[0].close()
    except NotCheckable:
        return False
    return True


needs_ping = pytest.mark.skipif(not can_ping(), reason="needs the right to ping")


@needs_ping
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_host_that_replies_is_up(host: str) -> None:
    event = check_policy(f"icmp://{host}")
    if "Address family" in str(event.error_message) or "assign" in str(event.error_message):
        pytest.skip("this machine has no IPv6")
    assert (event.error_message, event.message) == (None, None)
    assert event.ip in ("127.0.0.1", "::1")
    assert 0 < (event.response_time_ms or 0) < 9000


@needs_ping
def test_conditions_see_the_address_and_the_time() -> None:
    conditions = ["[IP] == 127.0.0.1", "[CONNECTED] == true", "[RESPONSE_TIME] < 1s"]
    assert check_policy("icmp://127.0.0.1", packets=3, conditions=conditions).error_message is None


@needs_ping
@pytest.mark.parametrize(("packets", "timeout"), [(20, "1s"), (3, "300ms")])
def test_packets_that_find_no_time_are_not_called_lost(packets: int, timeout: str) -> None:
    event = check_policy("icmp://127.0.0.1", packets=packets, timeout=timeout)
    assert (event.is_success, event.message) == (True, None)


@needs_ping
def test_a_refused_address_is_not_pinged(forbid: Callable[[str], None]) -> None:
    forbid("127.0.0.1/32")
    for host in ("127.0.0.1", "localhost"):
        event = check_policy(f"icmp://{host}", ip_version=4)
        assert event.error_message == "refused: 127.0.0.1 is a cloud metadata address"


def test_an_unknown_host_is_named() -> None:
    assert "nobody.invalid" in str(check_policy("icmp://nobody.invalid").error_message)


def test_without_the_right_to_ping_nothing_is_said_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "socket", refused)
    event = check_policy("icmp://127.0.0.1", retries=3, upside_down=True)
    assert (event.is_inconclusive, event.is_success, event.attempts) == (True, False, ())
    assert str(event.error_message).startswith("not checked: cannot ping from here: no right to ICMP")
    assert "use tcp://" in str(event.error_message)


def in_a_network_of_its_own(setup: str, url: str) -> Any:
    """The finding of a user without any capability: whether it succeeded, is inconclusive, and the message."""
    script = (
        "import json; from tests.support.policies import check_policy; "
        f"e = check_policy({url!r}, timeout='300ms'); "
        "print(json.dumps([e.is_success, e.is_inconclusive, e.error_message]))"
    )
    setpriv = "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all"
    shell = f'ip link set lo up && cd /proc/sys/net/ipv4 && {setup} && cd "$0" && exec {setpriv} "$@"'
    command = ["unshare", "--net", "sh", "-c", shell, str(ROOT), sys.executable, "-c", script]
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    output = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if output.returncode:
        pytest.skip(f"no network of its own here: {output.stderr[-200:]}")
    return json.loads(output.stdout)


@pytest.mark.skipif(not shutil.which("unshare") or os.getuid() != 0, reason="needs unshare and root")
@pytest.mark.parametrize(
    ("setup", "host", "found"),
    [
        ("echo 0 2147483647 > ping_group_range", "127.0.0.1", [True, False, None]),
        (
            "echo 0 2147483647 > ping_group_range && echo 1 > icmp_echo_ignore_all",
            "127.0.0.1",
            [False, False, "no reply to a ping within 0.3 s"],
        ),
        ("echo 0 2147483647 > ping_group_range", "192.0.2.1", [False, False, "network unreachable"]),
    ],
)
def test_a_user_in_the_group_range_may_ping(setup: str, host: str, found: list[Any]) -> None:
    assert in_a_network_of_its_own(setup, f"icmp://{host}") == found


LOSSES = """
import json, threading
from pathlib import Path
from tests.support.policies import check_policy
check_policy("icmp://127.0.0.1")
ignoring = Path("/proc/sys/net/ipv4/icmp_echo_ignore_all")
threading.Timer(0.5, ignoring.write_text, ("1",)).start()
event = check_policy("icmp://127.0.0.1", packets=10, timeout="3s")
print(json.dumps([event.is_success, event.message]))
"""


@pytest.mark.skipif(not shutil.which("unshare") or os.getuid() != 0, reason="needs unshare and root")
def test_packets_without_a_reply_are_lost() -> None:
    command = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable, "-c", LOSSES]
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    output = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if output.returncode:
        pytest.skip(f"no network of its own here: {output.stderr[-200:]}")
    is_success, message = json.loads(output.stdout)
    assert is_success
    assert re.fullmatch(r"[1-9] of 10 packets lost", message)


@pytest.mark.skipif(not shutil.which("unshare") or os.getuid() != 0, reason="needs unshare and root")
def test_a_user_outside_the_group_range_may_not() -> None:
    is_success, is_inconclusive, message = in_a_network_of_its_own("echo 1 0 > ping_group_range", "icmp://127.0.0.1")
    assert (is_success, is_inconclusive) == (False, True)
    assert "net.ipv4.ping_group_range is 1 0" in message
