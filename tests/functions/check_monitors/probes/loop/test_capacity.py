"""The agent's own shortage: checks wait for descriptors, and whatever the agent lacks is no target's fault."""

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pycurl
import pytest

from functions.check_monitors.probes.loop.capacity import FILES, MEMORY, Slots, shortage
from shared import ROOT
from tests.support.servers.raw_servers import OK, RawServers, says

pytestmark = pytest.mark.slow

# In a process of its own, as its limits cannot be raised again. The arguments: JSON of the limits, a user, the URLs or
# policies, and whether all descriptors are spent.
SCRIPT = """
import contextlib, json, os, resource, sys
limits, user, given, is_spent = json.loads(sys.argv[1])
from functions.check_monitors.probes.transfers import socket_check, transfer
from functions.check_monitors.probes.checks import check_all
from functions.check_monitors.probes.http import probe_all
from shared.monitors.policy import Policy
from tests.support.checks import check_settings, monitor
settings = check_settings(0.5)
# What lacks here lacks for good. This is long enough to begin again a few times.
transfer.PATIENCE_SECONDS = socket_check.PATIENCE_SECONDS = 2.0
policies = [(0.0, Policy.model_validate({"name": "shop", "timeout": "1s", **each})) for each in given if "url" in each]
if policies:
    check_all(policies, settings)  # loads what they need
for name, limit in limits.items():
    resource.setrlimit(getattr(resource, name), tuple(limit))
if user:
    os.setuid(user)
if is_spent:
    probe_all([monitor("http://127.0.0.1:1/")], settings)  # makes its loop
    held = []
    with contextlib.suppress(OSError):
        while True:
            held.append(os.dup(0))
def check():
    if policies:
        return check_all(policies, settings)
    return probe_all([monitor(url, f"{i} {url}") for i, url in enumerate(given)], settings)
for event in check():
    print(json.dumps([event.is_success, event.is_inconclusive, event.error_message]))
print(json.dumps(resource.getrlimit(resource.RLIMIT_NOFILE)[0]))
"""


def probe_within(
    limits: dict[str, Any], given: Sequence[str | dict[str, Any]], user: int = 0, *, is_spent: bool = False
) -> tuple[list[Any], int]:
    """The outcomes of the checks in a process with these limits, and how many files it may open in the end."""
    arguments = json.dumps([limits, user, given, is_spent])
    environ = {**os.environ, "no_proxy": "*"}
    command = [sys.executable, "-c", SCRIPT, arguments]
    output = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True).stdout
    *outcomes, files = map(json.loads, output.splitlines())
    return outcomes, files


def hanging(serve: RawServers, host: str, count: int) -> list[str]:
    return [f"http://{host}:{serve(says(then=9))}/"] * count


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("limit", [60, 100])
def test_a_hundred_hanging_targets_blame_no_other(serve: RawServers, host: str, limit: int) -> None:
    healthy = [f"http://{host}:{serve(says(OK))}/"] * 40
    outcomes, files = probe_within({"RLIMIT_NOFILE": [limit, limit]}, [*hanging(serve, host, 120), *healthy])
    assert outcomes == [[False, False, "no answer within 0.5 s"]] * 120 + [[True, False, None]] * 40
    assert files == limit


def test_the_soft_limit_is_raised_to_the_hard_one(serve: RawServers) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 3000)
    outcomes, files = probe_within({"RLIMIT_NOFILE": [50, wanted]}, hanging(serve, "127.0.0.1", 2))
    assert (len(outcomes), files) == (2, wanted)


def test_without_any_descriptor_nothing_is_known(serve: RawServers) -> None:
    urls = [f"{scheme}://127.0.0.1:{serve(says(OK))}/" for scheme in ("http", "https")]
    outcomes, _ = probe_within({"RLIMIT_NOFILE": [64, 64]}, urls, is_spent=True)
    assert outcomes == [[False, True, "not checked: the agent has no file descriptor left"]] * 2


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_without_a_thread_nothing_is_known(serve: RawServers) -> None:
    url = f"http://{os.uname().nodename}:{serve(says(OK))}/"
    outcomes, _ = probe_within({"RLIMIT_NPROC": [1, 1]}, [url] * 2, user=54_321)
    assert outcomes == [[False, True, "not checked: the agent can start no further thread"]] * 2


# The first need of each of these: a lookup in a thread, or a socket of its own.
OF_NAMES = ({"url": "icmp://localhost"}, {"url": "dns://localhost:1", "dns": {"query_name": "shop.example"}})
OF_SOCKETS = (
    {"url": "dns://127.0.0.1:1", "dns": {"query_name": "shop.example"}},
    {"url": "http://shop.example/", "resolver": "127.0.0.1:1"},
    {"url": "icmp://shop.example", "resolver": "127.0.0.1:1"},
)


def test_without_a_descriptor_a_lookup_or_an_own_socket_blames_nobody() -> None:
    outcomes, _ = probe_within({"RLIMIT_NOFILE": [64, 64]}, [*OF_NAMES, *OF_SOCKETS], is_spent=True)
    assert outcomes == [[False, True, "not checked: the agent has no file descriptor left"]] * 5


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_without_a_thread_a_lookup_blames_nobody() -> None:
    outcomes, _ = probe_within({"RLIMIT_NPROC": [1, 1]}, OF_NAMES, user=54_321)
    assert outcomes == [[False, True, "not checked: the agent can start no further thread"]] * 2


class Handle:
    """A transfer that ended with this errno."""

    def __init__(self, number: int) -> None:
        self._number = number

    def getinfo(self, _: int) -> int:
        return self._number


@pytest.mark.parametrize(
    ("number", "code", "socket_number", "has_lent_tcp", "expected"),
    [
        (0, pycurl.E_OUT_OF_MEMORY, 0, False, MEMORY),
        (0, pycurl.E_FAILED_INIT, 0, False, MEMORY),
        (errno.ENOBUFS, pycurl.E_COULDNT_CONNECT, 0, False, MEMORY),
        (errno.EMFILE, pycurl.E_COULDNT_RESOLVE_HOST, 0, False, FILES),
        (0, pycurl.E_COULDNT_CONNECT, errno.ENFILE, False, FILES),
        (0, pycurl.E_COULDNT_CONNECT, 0, True, FILES),
        (0, pycurl.E_COULDNT_CONNECT, 0, False, None),
        (0, pycurl.E_COULDNT_CONNECT, errno.EAFNOSUPPORT, True, None),
        (errno.ECONNREFUSED, pycurl.E_COULDNT_CONNECT, 0, False, None),
        (errno.EMFILE, pycurl.E_OPERATION_TIMEDOUT, 0, False, None),
        (0, pycurl.E_COULDNT_RESOLVE_HOST, 0, False, None),
    ],
)
def test_a_shortage_is_told_from_a_targets_fault(
    number: int, code: int, socket_number: int, has_lent_tcp: bool, expected: object
) -> None:
    assert shortage(Handle(number), code, "", socket_number, has_lent_tcp=has_lent_tcp) == expected


def test_slots_are_shared_and_shrink_when_something_lacks() -> None:
    slots = Slots()
    slots.measure(5)
    assert all(slots.take() for _ in range(5))
    slots.give_back(has_lacked=True)
    assert not slots.take()
    slots.give_back()
    assert slots.take()
    assert not slots.take()
