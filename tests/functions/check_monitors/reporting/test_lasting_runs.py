"""The report of a run that lasts: no end of it is near at which everything would be made up for."""

import pytest

from functions.check_monitors.reporting import backend as backend_module
from functions.check_monitors.reporting import reporter as reporter_module
from functions.check_monitors.reporting.reporter import Reported, Reporter
from shared.settings import Settings
from tests.support.backlogs import event
from tests.support.running import wait_until
from tests.support.stand_ins import Backend


def test_a_backend_that_hung_is_tried_again_within_the_run(
    backend: Backend, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause is as long as the try, so a backend that goes on hanging is asked less often."""
    monkeypatch.setattr(backend_module, "RESPONSE_SECONDS", 1.0)
    monkeypatch.setattr(reporter_module, "PAUSE_SECONDS", 0.1)
    backend.is_hanging = True
    with Reporter(settings, watched=0, lasts=lambda: 9) as reporter:
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
