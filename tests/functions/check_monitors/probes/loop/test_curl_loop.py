"""Many checks at the same time: their order, their starts and deadlines, names that hang, and what stays behind."""

import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from functions.check_monitors.probes.checks import check_of
from functions.check_monitors.probes.http import HttpCheck, probe_all
from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.loop import curl_loop
from functions.check_monitors.probes.loop.capacity import Slots
from functions.check_monitors.probes.loop.curl_loop import Loop
from functions.check_monitors.probes.loop.multi import LOOKUPS_PER_MULTI
from shared.models import Event, now
from tests.support.checks import check, check_settings, monitor
from tests.support.policies import policy
from tests.support.running import free_port, wait_until
from tests.support.servers.raw_servers import OK, RawServers, resets, says, stays_silent

pytestmark = pytest.mark.slow


def test_many_slow_targets_take_as_long_as_one(serve: RawServers) -> None:
    ports = [serve(says(OK if i % 2 else b"HTTP/1.1 500 X\r\n\r\n", then=0)) for i in range(4)]
    slow = serve(says(then=10))
    targets = [slow if i % 3 == 0 else ports[i % 4] for i in range(30)]
    monitors = [monitor(target, f"m{i}") for i, target in enumerate(targets)]
    began = time.monotonic()
    events = probe_all(monitors, check_settings(1.0))
    # One after the other, the ten slow targets would take 10 s.
    assert time.monotonic() - began < 5
    assert [(e.monitor, e.target_url) for e in events] == [(m.name, m.target_url) for m in monitors]
    expected = [None if i % 3 == 0 else 200 if i % 2 else 500 for i in range(30)]
    assert [event.status_code for event in events] == expected
    assert len({event.event_id for event in events}) == 30


def test_no_monitors_are_no_events() -> None:
    assert probe_all([], check_settings()) == []


def test_starts_are_spread_and_so_are_the_deadlines(serve: RawServers) -> None:
    port = serve(says(then=5))
    began = now()
    events = probe_all([monitor(port)] * 10, check_settings(0.5), spread_seconds=1.0)
    durations = [event.response_time_ms or 0 for event in events]
    ends = [(event.timestamp - began).total_seconds() for event in events]
    starts = [end - duration / 1000 for end, duration in zip(ends, durations, strict=True)]
    # A busy machine may start and end a check late, but none early.
    assert all(start > 0.1 * number - 0.05 for number, start in enumerate(starts)), starts
    assert starts[-1] < 1.9, starts
    # If all had until half a second after the last start, the first one would have 1.4 s.
    assert all(500 <= duration < 1300 for duration in durations), durations


def run(loop: Loop, port: int, seconds: float = 5.0) -> Event:
    """One check in this loop."""
    check = HttpCheck(monitor(port), check_settings(seconds), ca_file="", environ={})
    loop.run([check], 0.0, lambda _: None)
    return check.event


def test_names_that_hang_do_not_hold_up_the_others() -> None:
    # libcurl has few threads for names, and a name that hangs occupies one for a while.
    loop = Loop()
    for _ in range(2):
        run(loop, free_port())
    assert len(loop.multis) == 1
    loop.multis[0].hung_until.extend([time.monotonic() + 9] * LOOKUPS_PER_MULTI)
    began = time.monotonic()
    assert run(loop, free_port()).error_message == "connection refused"
    # The names hang for 9 s.
    assert time.monotonic() - began < 5
    assert len(loop.multis) == 2
    for multi in loop.multis:
        multi.hung_until.clear()
        multi.hung_until.extend([time.monotonic() - 1] * LOOKUPS_PER_MULTI)
    assert run(loop, free_port()).error_message == "connection refused"
    assert len(loop.multis) == 2


def test_a_target_that_hangs_holds_no_thread_for_names(serve: RawServers) -> None:
    loop = Loop()
    assert run(loop, serve(stays_silent(5)), seconds=0.4).error_message == "no answer within 0.4 s"
    [multi] = loop.multis
    assert (multi.hanging(time.monotonic()), multi.lookups) == (0, [])


def test_checks_may_run_in_several_threads(serve: RawServers) -> None:
    port = serve(says(OK))
    events: list[Event] = []
    threads = [threading.Thread(target=lambda: events.extend(check(port) for _ in range(5))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.is_success for event in events] == [True] * 40


def test_a_run_that_breaks_off_gives_its_slots_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that of a lookup, which has no handle of libcurl's."""
    slots = Slots()
    monkeypatch.setattr(curl_loop, "_slots", slots)
    lookup_ends, loop = threading.Event(), Loop()

    def hang(*_: object) -> list[object]:
        lookup_ends.wait(30)
        return []

    def break_off(_: object) -> None:
        raise RuntimeError("broken off")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    waits = check_of(Subject(policy("icmp://a.example"), check_settings(), "", {}))
    refused = HttpCheck(monitor(free_port()), check_settings(), ca_file="", environ={})
    with pytest.raises(RuntimeError, match="broken off"):
        loop.run_timed([(0.0, waits), (0.0, refused)], 2, break_off)
    lookup_ends.set()
    slots.take()
    slots.give_back(has_lacked=True)
    assert [slots.take(), slots.take()] == [True, False], "once a check lacks something, a leaked slot would be missing"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts in /proc")
def test_nothing_leaks_over_many_checks(serve: RawServers) -> None:
    good, bad = serve(says(OK)), serve(resets)

    def used() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), len(list(Path("/proc/self/task").iterdir()))

    def is_no_more_than_before() -> bool:
        files_now, threads_now = used()
        return files_now <= files + 3 and threads_now <= threads

    probe_all([monitor(port) for port in [good, bad, free_port()] * 5], check_settings())
    time.sleep(0.1)  # the threads of the servers take a moment to end
    files, threads = used()
    for _ in range(10):
        targets = (good, bad, free_port(), "ftp://nobody.invalid/")
        probe_all([monitor(target) for target in targets] * 5, check_settings())
    wait_until(is_no_more_than_before, otherwise=used)


def test_nothing_is_made_at_import() -> None:
    # The process forks after the import, and its children would share everything that was made before.
    code = (
        "import threading, functions.check_monitors.probes.http, functions.check_monitors.probes.loop.curl_loop as p; "
        "assert p.idle_loops == [] == threading.enumerate()[1:]"
    )
    assert os.spawnl(os.P_WAIT, sys.executable, sys.executable, "-c", code) == 0
