"""The agent's report: what the backend does not take now is posted later, oldest first, and nothing twice."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.check_monitors.reporting import backend as backend_module
from functions.check_monitors.reporting import backlog as backlog_module
from functions.check_monitors.reporting import backlog_database
from functions.check_monitors.reporting import reporter as reporter_module
from functions.check_monitors.reporting.posting import Reported, report
from functions.check_monitors.reporting.reporter import Reporter
from shared.models import Event
from shared.settings import Settings
from tests.support.backlogs import event, waiting_in
from tests.support.running import wait_until
from tests.support.stand_ins import Backend, Exchange

pytestmark = pytest.mark.slow


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., Event]:
    """The event of one check of the monitor of that name, which no other test checks."""

    def of_monitor(name: str, monitor: str = "", *, is_success: bool = False) -> Event:
        return event(name, monitor=f"{tmp_path.name} {monitor or name}", is_success=is_success)

    return of_monitor


def spooled(settings: Settings) -> list[str]:
    return waiting_in(settings.spool_dirs[0])


# --- one report -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status", [500, 502, 503, 401, 402, 403, 404, 405, 407, 409, 415, 421, 426, 429, 431, 451, 301, 302, 308]
)
def test_what_is_not_taken_is_posted_later_oldest_first(backend: Backend, settings: Settings, status: int) -> None:
    backend.status = status
    assert report([event("a", 0)], settings) == Reported(spooled=1)
    assert report([event("b", 1), event("c", 1)], settings) == Reported(spooled=3)
    backend.status = 201
    assert report([event("d", 2)], settings) == Reported(posted=4)
    assert backend.taken == ["a", "b", "c", "d"]
    assert [posted["timestamp"][14:16] for posted in backend.bodies[-1]] == ["00", "01", "01", "02"]
    assert spooled(settings) == []


def test_a_backend_that_is_down_costs_no_event(backend: Backend, settings: Settings) -> None:
    backend.is_down = True
    assert report([event("a")], settings) == Reported(spooled=1)
    assert spooled(settings) == ["a"]


def test_a_refused_event_does_not_hold_up_the_others(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(name, minute) for minute, name in enumerate("abcd")], settings)
    backend.status, backend.poison = 201, {"b"}
    assert report([event("e", 9)], settings) == Reported(posted=4, refused=1)
    assert backend.taken == ["a", "c", "d", "e"]
    assert spooled(settings) == []


def test_a_long_backlog_is_posted_in_portions(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(str(number), number) for number in range(2500)], settings)
    backend.status = 201
    assert report([], settings) == Reported(posted=2500)
    assert [len(body) for body in backend.bodies[-3:]] == [1000, 1000, 500]
    assert backend.taken == [str(number) for number in range(2500)]


@pytest.mark.parametrize("count", [2, 2500])
def test_newer_events_that_wait_already_overtake_nothing(backend: Backend, settings: Settings, count: int) -> None:
    """They were added while the report of the older ones waited for its turn; and one of those was, too."""
    events = [event(str(number), number) for number in range(count + 2)]
    report(events[1:-1], settings, is_tried=False)
    assert report([*events[:2], events[-1]], settings).spooled == 0
    assert backend.taken == [str(number) for number in range(count + 2)]


class Tiring(Backend):
    """Takes so many requests, and then no more."""

    takes = 0

    def answer(self, exchange: Exchange) -> None:
        self.status = 201 if self.takes else 503
        self.takes = max(0, self.takes - 1)
        super().answer(exchange)


def test_a_portion_that_was_taken_does_not_wait_again(settings: Settings) -> None:
    with Tiring() as backend:
        settings = settings.model_copy(update={"backend_url_given": backend.url})
        report([event(str(number), number) for number in range(1500)], settings)
        backend.takes = 1
        assert report([event("new", 9999)], settings) == Reported(posted=1000, spooled=501)
        backend.takes = 9
        assert report([], settings) == Reported(posted=501)
    assert backend.taken == [*(str(number) for number in range(1500)), "new"]


def test_past_the_bound_the_oldest_are_dropped(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch, steps: list[str]
) -> None:
    monkeypatch.setattr(backlog_database, "MAX_EVENTS", 3)
    backend.status = 503
    assert report([event(name, minute) for minute, name in enumerate("abcde")], settings) == Reported(spooled=3)
    assert spooled(settings) == ["c", "d", "e"]
    assert [line for line in steps if line.startswith("events_dropped {'count': 2,")]


def test_events_in_memory_are_posted_first(backend: Backend, settings: Settings) -> None:
    settings.spool_dirs[0].write_text("a file where the folder should be")
    assert report([event("a")], settings) == Reported(posted=1)
    backend.status = 503
    assert report([event("b", 1)], settings) == Reported(spooled=1)
    assert report([event("c", 2)], settings) == Reported(spooled=2)
    backend.status = 201
    assert report([event("d", 3)], settings) == Reported(posted=3)
    assert backend.taken == ["a", "b", "c", "d"]


# --- one run ----------------------------------------------------------------------------------------------------------


def test_a_failure_is_reported_while_others_are_checked(
    backend: Backend, settings: Settings, check: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_module, "LINGER_SECONDS", 60)
    with Reporter(settings, watched=4) as reporter:
        reporter.take(check("a", is_success=True))
        time.sleep(0.05)
        assert backend.bodies == []
        reporter.take(check("b"))
        wait_until(lambda: backend.taken == ["a", "b"])
    assert reporter.reported == Reported(posted=2)


def test_successes_linger_so_that_many_share_one_request(
    backend: Backend, settings: Settings, check: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_module, "LINGER_SECONDS", 1.0)
    with Reporter(settings, watched=50) as reporter:
        for number in range(20):
            reporter.take(check(str(number), is_success=True))
            time.sleep(0.002)
        wait_until(lambda: len(backend.taken) == 20)
        for number in range(20, 25):
            reporter.take(check(str(number), is_success=True))
    assert [len(body) for body in backend.bodies] == [20, 5], "what is left goes at the run's end"
    assert reporter.reported == Reported(posted=25)


def test_a_hundred_successes_are_enough_for_a_request(
    backend: Backend, settings: Settings, check: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_module, "LINGER_SECONDS", 60)
    with Reporter(settings, watched=200) as reporter:
        for number in range(reporter_module.MAX_BATCH_EVENTS):
            reporter.take(check(str(number), is_success=True))
        wait_until(lambda: len(backend.taken) == 100)


def test_in_a_cloud_successes_wait_for_the_end_and_failures_do_not(
    backend: Backend, settings: Settings, check: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "bonghwa-check-monitors")
    with Reporter(settings, watched=300) as reporter:
        for number in range(150):
            reporter.take(check(str(number), is_success=True))
        time.sleep(2 * reporter_module.LINGER_SECONDS)
        assert backend.taken == []
        reporter.take(check("down"))
        wait_until(lambda: len(backend.taken) == 151)
        for number in range(150, 300):
            reporter.take(check(str(number), is_success=True))
    assert [len(body) for body in backend.bodies] == [151, 150]


def test_a_success_after_a_failure_is_reported_at_once(
    backend: Backend, settings: Settings, check: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_module, "LINGER_SECONDS", 60)
    with Reporter(settings, watched=1) as reporter:
        reporter.take(check("a", "shop"))
    with Reporter(settings, watched=2) as reporter:
        reporter.take(check("b", "shop", is_success=True))
        wait_until(lambda: backend.taken == ["a", "b"])
        reporter.take(check("c", "shop", is_success=True))
        time.sleep(0.1)
        assert backend.taken == ["a", "b"], "the next one lingers"
    assert backend.taken == ["a", "b", "c"]


def test_a_run_that_breaks_off_reports_what_it_saw(
    backend: Backend, settings: Settings, check: Callable[..., Event]
) -> None:
    def run() -> None:
        with Reporter(settings, watched=3) as reporter:
            reporter.take(check("a", is_success=True))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()
    assert backend.taken == ["a"]


def test_a_backend_that_hangs_costs_a_run_one_try(
    backend: Backend, settings: Settings, check: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend_module, "RESPONSE_SECONDS", 0.4)
    monkeypatch.setattr(reporter_module, "PAUSE_SECONDS", 0.1)
    backend.is_hanging = True
    began = time.monotonic()
    with Reporter(settings, watched=9) as reporter:
        for name in "abc":
            reporter.take(check(name))
            time.sleep(0.2)
    # It hangs for ever.
    assert time.monotonic() - began < 10
    assert len(backend.bodies) == 1
    assert reporter.reported == Reported(spooled=3)
    assert reporter.reported.is_reached is False
    assert spooled(settings) == ["a", "b", "c"]


def test_a_backend_that_comes_back_within_a_run_gets_all(
    backend: Backend, settings: Settings, check: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_module, "PAUSE_SECONDS", 0.1)
    backend.status = 503
    with Reporter(settings, watched=2) as reporter:
        reporter.take(check("a"))
        wait_until(lambda: spooled(settings) == ["a"])
        backend.status = 201
        reporter.take(check("b"))
        wait_until(lambda: backend.taken == ["a", "b"])
    assert reporter.reported == Reported(posted=2)


# --- several runs at once ---------------------------------------------------------------------------------------------


def test_runs_post_in_turn_and_never_the_same_events(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(name) for name in "abc"], settings)
    backend.status, backend.answers_after = 201, 0.2
    runs = [threading.Thread(target=report, args=([event(name)], settings)) for name in "defg"]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert backend.taken[:3] == ["a", "b", "c"]
    assert sorted(backend.taken) == list("abcdefg")


def test_a_run_without_a_turn_leaves_its_events_to_the_next(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch, steps: list[str]
) -> None:
    monkeypatch.setattr(backlog_module, "TURN_SECONDS", 0.2)
    backend.is_hanging = True
    stuck = threading.Thread(target=report, args=([event("a")], settings))
    stuck.start()
    wait_until(lambda: backend.bodies)
    assert report([event("b")], settings) == Reported(spooled=1)
    assert any(line.startswith("report_put_off") for line in steps)
    backend.is_hanging = False
    backend.release()
    stuck.join()
    assert report([event("c")], settings).spooled == 0
    assert sorted(backend.taken) == ["a", "b", "c"]


def test_runs_that_overlap_post_from_memory_once(backend: Backend, settings: Settings) -> None:
    folder = settings.spool_dirs[0]
    folder.write_text("a file where the folder should be")
    backend.status = 503
    report([event("a")], settings)
    backend.status, backend.is_hanging, asked = 201, True, len(backend.bodies)
    stuck = threading.Thread(target=report, args=([event("b", 1)], settings))
    stuck.start()
    wait_until(lambda: len(backend.bodies) > asked)
    folder.unlink()
    assert report([event("c", 2)], settings, is_tried=False) == Reported(spooled=2)
    backend.is_hanging = False
    backend.release()
    stuck.join()
    assert report([event("d", 3)], settings).spooled == 0
    assert backend.taken == ["a", "b", "c", "d"]
