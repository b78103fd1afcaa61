"""The agent when its own connection fails: failures of everything at once say nothing about the monitors."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from functions.check_monitors.reporting import connectivity
from functions.check_monitors.reporting import reporter as reporter_module
from functions.check_monitors.reporting.connectivity import ConnectivityVerdict, judge
from functions.check_monitors.reporting.reporter import Reporter
from shared.settings import Settings
from tests.support.backlogs import event
from tests.support.running import free_port, wait_until
from tests.support.stand_ins import Backend, Target

CONCLUSIVE, UNDECIDED = ConnectivityVerdict.CONCLUSIVE, ConnectivityVerdict.UNDECIDED
INCONCLUSIVE = ConnectivityVerdict.INCONCLUSIVE


def dead_urls(count: int) -> str:
    return " ".join(f"http://127.0.0.1:{free_port()}/" for _ in range(count))


@pytest.mark.parametrize(
    ("watched", "succeeded", "failed", "is_reachable", "verdict"),
    [
        (2, 0, 2, False, CONCLUSIVE),  # two may well be down together
        (3, 1, 0, None, CONCLUSIVE),
        (3, 1, 2, False, CONCLUSIVE),  # one responded, whatever the reference says
        (3, 0, 1, None, UNDECIDED),  # the reference is being tried
        (3, 0, 1, True, CONCLUSIVE),
        (3, 0, 1, False, UNDECIDED),  # one of the two others may still respond
        (3, 0, 3, None, UNDECIDED),  # the reference may still respond
        (3, 0, 3, True, CONCLUSIVE),  # they are down, and we are not
        (3, 0, 3, False, INCONCLUSIVE),
        (3, 0, 0, False, UNDECIDED),
    ],
)
def test_a_reference_decides_if_everything_fails_at_once(
    watched: int, succeeded: int, failed: int, is_reachable: bool | None, verdict: ConnectivityVerdict
) -> None:
    assert judge(watched=watched, succeeded=succeeded, failed=failed, is_reachable=is_reachable) is verdict


def test_an_offline_location_reports_only_inconclusive_checks(
    run: Callable[[], dict[str, int]], environ: Callable[..., Settings], backend: Backend
) -> None:
    environ(TARGET_URL=dead_urls(3), CONNECTIVITY_CHECK=f"127.0.0.1:{free_port()}")
    assert run() == {"checked": 3, "failed": 3, "posted": 3, "refused": 0, "spooled": 0}
    assert [posted["is_inconclusive"] for posted in backend.events] == [True] * 3


@pytest.mark.parametrize("count", [2, 3], ids=["too little is watched", "the reference is reached"])
def test_otherwise_failures_are_failures(
    run: Callable[[], dict[str, int]], environ: Callable[..., Settings], backend: Backend, target: Target, count: int
) -> None:
    environ(TARGET_URL=dead_urls(count), CONNECTIVITY_CHECK=f"127.0.0.1:{target.port if count == 3 else free_port()}")
    run()
    assert [posted["is_inconclusive"] for posted in backend.events] == [False] * count


def test_a_failure_goes_at_once_if_the_reference_is_reached(
    environ: Callable[..., Settings], backend: Backend, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_module, "LINGER_SECONDS", 60)
    settings = environ(CONNECTIVITY_CHECK=f"localhost:{target.port}")
    with Reporter(settings, watched=3) as reporter:
        reporter.take(event("a"))
        wait_until(lambda: backend.taken == ["a"])
        reporter.take(event("b"))
        wait_until(lambda: backend.taken == ["a", "b"])
    assert {posted["is_inconclusive"] for posted in backend.events} == {False}


@pytest.mark.slow
def test_otherwise_failures_are_held_until_something_succeeds(
    environ: Callable[..., Settings], backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_module, "LINGER_SECONDS", 60)
    settings = environ(CONNECTIVITY_CHECK=f"127.0.0.1:{free_port()}")
    with Reporter(settings, watched=4) as reporter:
        reporter.take(event("a"))
        reporter.take(event("b"))
        time.sleep(0.4)
        assert backend.taken == []
        reporter.take(event("c", is_success=True))
        wait_until(lambda: backend.taken == ["a", "b", "c"])
        reporter.take(event("d"))
    assert {posted["is_inconclusive"] for posted in backend.events} == {False}


@contextmanager
def silent_port() -> Iterator[int]:
    """A port at which no connection is answered."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):  # nobody accepts them, and a third does not fit into the queue
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


@pytest.mark.slow
def test_a_reference_that_hangs_is_waited_for_only_so_long(
    environ: Callable[..., Settings], backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connectivity, "REFERENCE_SECONDS", 0.4)
    with silent_port() as port:
        began = time.monotonic()
        with Reporter(environ(CONNECTIVITY_CHECK=f"127.0.0.1:{port}"), watched=3) as reporter:
            for name in "abc":
                reporter.take(event(name))
    # A connection that nobody answers is given up by Linux after two minutes.
    assert 0.3 < time.monotonic() - began < 20
    assert [posted["is_inconclusive"] for posted in backend.events] == [True] * 3


def test_a_reference_whose_name_is_not_found_is_not_reached(environ: Callable[..., Settings], backend: Backend) -> None:
    with Reporter(environ(CONNECTIVITY_CHECK="nobody.invalid:53"), watched=3) as reporter:
        for name in "abc":
            reporter.take(event(name))
    assert [posted["is_inconclusive"] for posted in backend.events] == [True] * 3
