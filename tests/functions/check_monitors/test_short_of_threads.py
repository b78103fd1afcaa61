"""An agent on a machine that has no thread left loses no event, and goes on checking."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.check_monitors.reporting import posting
from functions.check_monitors.reporting.posting import Reported
from functions.check_monitors.reporting.reporter import Reporter
from functions.check_monitors.reporting.sliding import SlidingConnectivity
from functions.check_monitors.self_watch.backend_outage import watch_backend
from shared.settings import Settings
from tests.support.backlogs import event, waiting_in
from tests.support.builders import NOON
from tests.support.running import free_port, wait_until
from tests.support.stand_ins import Backend, BotApi

pytestmark = pytest.mark.slow


def test_events_in_hand_are_reported(backend: Backend, settings: Settings, lack: threading.Event) -> None:
    with Reporter(settings, watched=3) as reporter:
        lack.set()
        reporter.take(event("a"))
        wait_until(lambda: backend.taken == ["a"])
        reporter.take(event("b"))
    assert backend.taken == ["a", "b"]
    assert reporter.reported == Reported(posted=2)


def test_a_run_without_a_reporters_thread_reports_at_its_end(
    backend: Backend, settings: Settings, lack: threading.Event
) -> None:
    lack.set()
    with Reporter(settings, watched=3) as reporter:
        reporter.take(event("a"))
    assert backend.taken == ["a"]
    assert reporter.reported == Reported(posted=1)


def test_a_defect_leaves_the_events_in_the_backlog(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those in hand, and those that came later."""
    broken = threading.Event()

    def breaks(*_: object) -> None:
        broken.set()
        raise TypeError("a defect")

    monkeypatch.setattr(posting, "_post_in_order", breaks)

    def run() -> None:
        with Reporter(settings, watched=3) as reporter:
            reporter.take(event("a"))
            assert broken.wait(30)
            reporter.take(event("b"))

    with pytest.raises(TypeError, match="a defect"):
        run()
    assert waiting_in(settings.spool_dirs[0]) == ["a", "b"]


def test_a_reference_counts_as_not_reached(
    environ: Callable[..., Settings], backend: Backend, lack: threading.Event
) -> None:
    settings = environ(CONNECTIVITY_CHECK=f"127.0.0.1:{free_port()}")
    with Reporter(settings, watched=3) as reporter:
        lack.set()
        for name in "abc":
            reporter.take(event(name))
    assert [posted["is_inconclusive"] for posted in backend.events] == [True] * 3


def test_a_lasting_run_takes_the_reference_for_not_reached(lack: threading.Event) -> None:
    lack.set()
    ended: list[bool] = []
    connectivity = SlidingConnectivity("127.0.0.1:1", lambda: 9, lambda: ended.append(True))
    connectivity.saw(is_success=False)
    assert ended == [True]
    assert connectivity.final_verdict().name == "INCONCLUSIVE"


def test_people_hear_of_a_backend_that_is_gone(
    environ: Callable[..., Settings], bot_api: BotApi, lack: threading.Event
) -> None:
    settings = environ(**bot_api.environ)
    lack.set()
    for seconds in (0, 60, 120):
        watch_backend(settings, is_reached=False, clock=lambda at=seconds: NOON + timedelta(seconds=at))  # type: ignore[misc]
    assert len(bot_api.messages) == 1
