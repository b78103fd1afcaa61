"""The report of a run that lasts: no end of it is near at which everything would be made up for."""

import socket
import threading
from collections.abc import Iterator

import pytest

from functions.check_monitors.reporting import backend as backend_module
from functions.check_monitors.reporting import reporter as reporter_module
from functions.check_monitors.reporting import sliding
from functions.check_monitors.reporting.connectivity import ConnectivityVerdict
from functions.check_monitors.reporting.posting import Reported, report
from functions.check_monitors.reporting.reporter import Reporter
from functions.check_monitors.reporting.sliding import HOLD_SECONDS, TRY_SECONDS, SlidingConnectivity
from shared.settings import Settings
from tests.support.backlogs import event, waiting_in
from tests.support.running import free_port, wait_until
from tests.support.stand_ins import Backend

pytestmark = pytest.mark.slow

CONCLUSIVE, UNDECIDED = ConnectivityVerdict.CONCLUSIVE, ConnectivityVerdict.UNDECIDED
INCONCLUSIVE = ConnectivityVerdict.INCONCLUSIVE


# --- a backend that hangs ---------------------------------------------------------------------------------------------


def test_a_backend_that_hung_is_tried_again_within_the_run(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause is as long as the try, so a backend that goes on hanging is asked less often."""
    monkeypatch.setattr(backend_module, "RESPONSE_SECONDS", 1.0)
    monkeypatch.setattr(reporter_module, "PAUSE_SECONDS", 0.1)
    backend.is_hanging = True
    with Reporter(settings, watched=lambda: 9) as reporter:
        reporter.take(event("a"))
        wait_until(lambda: backend.bodies)
        backend.is_hanging = False
        reporter.take(event("b", 1))
        wait_until(lambda: backend.taken == ["a", "b"])
        first, second = backend.asked_at
        assert second - first > 1.6
        reporter.take(event("c", 2))
    assert backend.taken == ["a", "b", "c"], "at its end the run no longer takes it for one that hangs"
    assert reporter.reported == Reported(posted=3)


def test_while_a_backend_hangs_events_wait_in_the_backlog(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their monitors are free for their next checks, and a kill at this moment loses none of them."""
    monkeypatch.setattr(reporter_module, "PAUSE_SECONDS", 0.1)
    backend.is_hanging = True
    free: list[str] = []
    with Reporter(settings, watched=lambda: 9, on_settled=free.extend) as reporter:
        reporter.take(event("a", monitor="shop"))
        wait_until(lambda: len(free) == 1)
        reporter.take(event("b", 1, monitor="shop"))
        wait_until(lambda: len(free) == 2)
        reporter.take(event("c", 2, monitor="shop"))
        wait_until(lambda: len(free) == 3)
        assert waiting_in(settings.spool_dirs[0]) == ["a", "b", "c"]
        assert (len(backend.bodies), backend.taken) == (1, [])
        backend.is_hanging = False
        backend.release()
        wait_until(lambda: len(backend.taken) == 3)
    assert backend.taken == ["a", "b", "c"]
    assert (reporter.reported.spooled, waiting_in(settings.spool_dirs[0])) == (0, [])
    assert free == ["shop"] * 3, "each check is released once: the next one may be under way"


def test_in_the_pause_after_a_backend_hung_events_wait_in_the_backlog(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "RESPONSE_SECONDS", 0.5)
    monkeypatch.setattr(reporter_module, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(Reporter, "_pause_seconds", lambda *_: 60.0)
    backend.is_hanging = True
    with Reporter(settings, watched=lambda: 9) as reporter:
        reporter.take(event("a"))
        wait_until(lambda: reporter.reported.is_reached is False)
        reporter.take(event("b", 1))
        wait_until(lambda: waiting_in(settings.spool_dirs[0]) == ["a", "b"])
    assert len(backend.bodies) == 1
    assert reporter.reported == Reported(spooled=2)


def test_what_waits_is_posted_although_no_check_follows(backend: Backend, settings: Settings) -> None:
    """An earlier run left it, and the next check may be due in an hour."""
    report([event("a")], settings, is_tried=False)
    with Reporter(settings, watched=lambda: 1) as reporter:
        wait_until(lambda: backend.taken == ["a"])
    assert reporter.reported == Reported(posted=1)


# --- a location that goes offline -------------------------------------------------------------------------------------


class Line:
    """A location's line at the time ``at``, with nine monitors and a reference at its other end."""

    def __init__(self) -> None:
        self.at = 1000.0
        self._port = free_port()
        self._tried = threading.Semaphore(0)
        self._reference: socket.socket | None = None
        reference = f"127.0.0.1:{self._port}"
        self.connectivity = SlidingConnectivity(reference, lambda: 9, self._tried.release, lambda: self.at)

    def connect(self) -> None:
        self._reference = socket.create_server(("127.0.0.1", self._port))

    def disconnect(self) -> None:
        if self._reference is not None:
            self._reference.close()

    def check(self, *, is_success: bool, tries: int) -> ConnectivityVerdict:
        """The verdict after a check, and after so many tries of the reference that follow from it."""
        self.connectivity.saw(is_success=is_success)
        for _ in range(tries):
            assert self._tried.acquire(timeout=30)
        assert not self._tried.acquire(timeout=0.05)
        return self.connectivity.verdict


@pytest.fixture
def line() -> Iterator[Line]:
    """It is offline."""
    line = Line()
    yield line
    line.disconnect()


def test_failures_without_a_success_are_held_and_say_nothing(line: Line) -> None:
    assert line.check(is_success=False, tries=1) is UNDECIDED
    line.at += HOLD_SECONDS
    assert line.check(is_success=False, tries=0) is INCONCLUSIVE


@pytest.mark.parametrize("seconds", [0.5, TRY_SECONDS - 1, 3 * TRY_SECONDS])
def test_a_line_that_drops_again_is_judged_afresh(line: Line, seconds: float) -> None:
    line.check(is_success=False, tries=1)
    line.at += 3
    line.connect()
    assert line.check(is_success=True, tries=1) is CONCLUSIVE
    line.at += seconds
    line.disconnect()
    assert line.check(is_success=False, tries=1) is UNDECIDED
    line.at += HOLD_SECONDS
    assert line.check(is_success=False, tries=0) is INCONCLUSIVE


def test_a_reference_that_alone_is_offline_holds_back_no_failure(line: Line) -> None:
    line.check(is_success=False, tries=1)
    line.at += 0.1
    assert line.check(is_success=True, tries=1) is CONCLUSIVE
    line.at += 0.1
    assert line.check(is_success=True, tries=0) is CONCLUSIVE
    assert line.check(is_success=False, tries=0) is CONCLUSIVE
    line.at += TRY_SECONDS
    assert line.check(is_success=False, tries=1) is CONCLUSIVE


def test_a_line_that_works_is_tried_seldom(line: Line) -> None:
    line.connect()
    assert line.check(is_success=False, tries=1) is CONCLUSIVE
    for _ in range(3):
        assert line.check(is_success=True, tries=0) is CONCLUSIVE
        assert line.check(is_success=False, tries=0) is CONCLUSIVE
    line.at += TRY_SECONDS
    assert line.check(is_success=False, tries=1) is CONCLUSIVE


def test_a_success_during_the_try_lets_it_be_repeated(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(sliding, "is_reachable", lambda _: not may_end.wait(30))
    assert line.check(is_success=False, tries=0) is UNDECIDED
    line.at += 1
    assert line.check(is_success=True, tries=0) is CONCLUSIVE
    may_end.set()
    assert line.check(is_success=True, tries=2) is CONCLUSIVE
