"""Checks of all kinds side by side: their modules, their starts, and a defect of one."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from functions.check_monitors.probes.checks import check_all, check_as_due
from functions.check_monitors.probes.kinds import tcp
from functions.check_monitors.probes.transfers.talk import Talk
from shared import ROOT
from shared.models import Event
from shared.monitors.kinds import Kind
from shared.monitors.policy import Policy
from shared.settings import SettingError, Settings
from tests.support.policies import policy
from tests.support.running import wait_until
from tests.support.servers.dns_server import DnsServer
from tests.support.servers.raw_servers import OK, RawServers, says, stays_silent

pytestmark = pytest.mark.slow

_SILENT = ("http", "ssh", "smtp", "redis", "ws", "tls", "grpc", "docker")
KINDS = ROOT / "functions" / "check_monitors" / "probes" / "kinds"


def test_every_kind_has_its_module() -> None:
    for kind in set(Kind) - {Kind.HEARTBEAT}:
        assert (KINDS / f"{kind}.py").is_file(), kind


def test_a_kind_is_loaded_when_it_is_checked() -> None:
    script = """
import sys
import threading
from functions.check_monitors.probes.checks import check_all
loaded = {"dns", "psycopg", "json.tool"} & set(sys.modules)
assert not loaded, loaded
modules = [name for name in sys.modules if name.startswith("functions.check_monitors.probes.")]
for kind in ("tcp", "dns", "icmp", "database", "websocket", "docker", "mail", "tls", "grpc", "ssh"):
    assert f"functions.check_monitors.probes.kinds.{kind}" not in modules, kind
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_all_kinds_run_side_by_side(serve: RawServers) -> None:
    silent = serve(stays_silent(30))
    http = serve(says(OK))
    urls = [
        f"http://127.0.0.1:{http}/",
        *(
            f"{scheme}://127.0.0.1:{silent}"
            for scheme in ("http", "ssh", "smtp", "redis", "ws", "tls", "grpc", "docker")
        ),
        f"tcp://127.0.0.1:{http}",
    ]
    policies = [(0.0, policy(url, name=url, timeout="500ms")) for url in urls]
    seen: list[Event] = []
    events = check_all(policies, Settings.from_env({}), on_event=seen.append)
    assert [event.monitor for event in events] == urls
    assert [event.is_success for event in events] == [True, *[False] * 8, True]
    # The servers are silent for 30 s.
    assert max(event.response_time_ms or 0 for event in events) < 10_000
    assert {seen[0].monitor, seen[1].monitor, seen[2].monitor} >= {urls[0], urls[-1]}


def test_no_policies_are_no_events() -> None:
    assert check_all([], Settings.from_env({})) == []


class Edited:
    """A monitor that is checked once, and edited meanwhile."""

    def __init__(self, old: Policy) -> None:
        self.old = old
        self.newest: Policy | None = old
        self.later: Policy | None = None  # the policy that it gets once its first attempt has failed
        self.events: list[Event] = []
        self.dropped: list[str] = []
        self._asks = 0

    def check(self) -> None:
        check_as_due(
            self._more,
            Settings.from_env({}),
            interval=lambda: 1.0,
            on_event=self.events.append,
            newest=lambda _: self.newest,
            on_dropped=lambda policy: self.dropped.append(policy.name),
        )

    def _more(self) -> tuple[float, list[Policy]] | None:
        self._asks += 1
        if self.later and self._asks > 20:
            self.newest = self.later
        return None if self._asks > 40 or self.events else (0.05, [self.old] if self._asks == 1 else [])


def test_a_policy_that_changes_between_two_attempts_is_checked_at_once(serve: RawServers) -> None:
    attempts: list[bytes] = []
    url = f"http://127.0.0.1:{serve(lambda connection: attempts.append(connection.recv(100)))}/"
    edited = Edited(policy(url, retries=1, retry_interval="4s"))
    edited.later = policy(f"tcp://127.0.0.1:{serve(says(OK))}")
    edited.check()
    assert [(event.is_success, event.target_url, event.attempts) for event in edited.events] == [
        (True, edited.later.target, ())
    ]
    assert len(attempts) == 1


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_policy_that_changes_during_its_last_attempt_is_not_reported(serve: RawServers, is_gone: bool) -> None:
    new = policy(f"tcp://127.0.0.1:{serve(says(OK))}")

    def edits(connection: Any) -> None:
        connection.recv(100)
        edited.newest = None if is_gone else new

    edited = Edited(policy(f"http://127.0.0.1:{serve(edits)}/"))
    edited.check()
    assert [event.target_url for event in edited.events] == ([] if is_gone else [new.target])
    assert edited.dropped == (["shop"] if is_gone else [])


@pytest.mark.parametrize("place", ["first", "conversation", "talk"])
def test_a_defect_of_one_check_ends_no_other(
    serve: RawServers, monkeypatch: pytest.MonkeyPatch, steps: list[str], place: str
) -> None:
    def broken(_: Any) -> Any:
        raise RuntimeError("s3cret")

    if place == "talk":
        monkeypatch.setattr(Talk, "watched", broken)
        monkeypatch.setattr(Talk, "proceed", broken)
    else:
        monkeypatch.setattr(tcp.TcpCheck, place, broken)
    http = serve(says(OK))
    policies = [
        (0.0, policy(f"tcp://127.0.0.1:{http}", name="broken", retries=2, keyword="x")),
        (0.0, policy(f"http://127.0.0.1:{http}/", name="whole")),
    ]
    broken_event, whole_event = check_all(policies, Settings.from_env({}))
    assert (broken_event.is_inconclusive, broken_event.attempts, whole_event.is_success) == (True, (), True)
    assert broken_event.error_message == "not checked: a defect of the agent (RuntimeError)"
    assert any("check_broke_off" in line for line in steps)
    assert "s3cret" not in "".join(steps)


def test_a_file_of_certificates_that_is_missing_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/none.pem")
    with pytest.raises(SettingError, match="SSL_CERT_FILE"):
        check_all([(0.0, policy("tcp://127.0.0.1:1"))], Settings.from_env({}))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts in /proc")
def test_nothing_leaks_over_many_checks_of_all_kinds(serve: RawServers) -> None:
    def greets(connection: Any) -> None:
        connection.sendall(b"220 x ESMTP\r\nSSH-2.0-x\r\n")
        connection.recv(100)

    http, silent, talking = serve(says(OK)), serve(stays_silent(0.3)), serve(greets)
    with DnsServer() as names:
        urls = [
            f"http://127.0.0.1:{http}/",
            *(f"{scheme}://127.0.0.1:{talking}" for scheme in ("tcp", "ssh", "smtp", "redis", "ws", "tls")),
            *(f"{scheme}://127.0.0.1:{silent}" for scheme in ("tcp", "ssh", "ftp", "mysql", "wss", "starttls", "grpc")),
            "postgres://me:secret@127.0.0.1:1/x",
            "icmp://127.0.0.1",
            "docker://web?host=/none.sock",
        ]
        policies = [(0.0, policy(url, name=url, timeout="200ms")) for url in urls]
        query = {"query_name": "shop.example"}
        policies.append((0.0, policy(f"dns://127.0.0.1:{names.port}", dns=query)))
        resolver = f"127.0.0.1:{names.port}"
        policies.append((0.0, policy(f"http://shop.example:{http}/", name="own", resolver=resolver)))
        policies.append((0.0, policy(f"tcp://127.0.0.1:{talking}", name="word", keyword="ESMTP")))

        def used() -> tuple[int, int]:
            return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir()))

        def is_no_more_than_before() -> bool:
            files_now, threads_now = used()
            return files_now <= files + 3 and threads_now <= threads + 2

        check_all(policies, Settings.from_env({}))
        wait_until(lambda: threading.active_count() < 20)
        files, threads = used()
        for _ in range(6):
            check_all(policies, Settings.from_env({}))
        wait_until(is_no_more_than_before, otherwise=used)
