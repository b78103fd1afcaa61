"""The report of a run in which this program has a defect."""

import pytest

from functions.check_monitors.reporting.reporter import Reporter
from shared.settings import Settings
from tests.support.backlogs import event
from tests.support.stand_ins import Backend

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("breaks_off", [False, True])
def test_a_defect_that_comes_again_hides_nothing(backend: Backend, settings: Settings, breaks_off: bool) -> None:
    defects = iter([LookupError("the first"), LookupError("another")])

    def settle(_: object) -> None:
        raise next(defects)

    def run() -> None:
        with Reporter(settings, watched=1, on_settled=settle) as reporter:
            reporter.take(event("a"))
            if breaks_off:
                raise RuntimeError("the run's own")

    with pytest.raises((LookupError, RuntimeError), match="the run's own" if breaks_off else "the first"):
        run()
    assert next(defects, None) is None
    assert backend.taken == ["a"]
