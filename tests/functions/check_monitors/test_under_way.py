"""Runs that overlap in one process: each monitor is checked by one of them, and its events stay in order."""

import threading
from collections.abc import Callable

import pytest

from functions.check_monitors.reporting.connectivity import Connectivity, ConnectivityVerdict
from functions.check_monitors.under_way import checking
from shared.settings import Settings
from tests.support.running import free_port, wait_until
from tests.support.stand_ins import Backend, Target


def test_a_monitor_belongs_to_one_run_at_a_time() -> None:
    with checking(["a", "b"]) as (first, release), checking(["a", "b", "c"]) as (second, _):
        assert (first, second) == (["a", "b"], ["c"])
        release(["a", "c"])  # c is not its own
        with checking(["a", "b", "c"]) as (third, _):
            assert third == ["a"]
            release(["a"])  # no longer
            with checking(["a"]) as (fourth, _):
                assert fourth == []
    with checking(["a", "b", "c"]) as (after, _):
        assert after == ["a", "b", "c"]


def test_a_run_that_fails_leaves_nothing_taken() -> None:
    with pytest.raises(RuntimeError), checking(["a"]):
        raise RuntimeError
    with checking(["a"]) as (after, _):
        assert after == ["a"]


@pytest.mark.slow
def test_an_overlapping_run_leaves_out_what_hangs(
    run: Callable[[], dict[str, int]], environ: Callable[..., Settings], backend: Backend, target: Target
) -> None:
    answers: list[dict[str, int]] = []
    with Target() as slow:
        slow.is_hanging = True
        environ(TARGET_URL=f"{slow.url} {target.url}", CHECK_TIMEOUT_SECONDS="5")
        first = threading.Thread(target=lambda: answers.append(run()))
        first.start()
        wait_until(lambda: len(backend.events) == 1)
        wait_until(lambda: run()["checked"] == 1)  # the healthy one is released once its report has been answered
        assert run()["checked"] == 1
        assert slow.hits == 1
        slow.is_hanging = False
        first.join()
    assert answers[0]["checked"] == 2
    assert len(backend.events) == 4


def test_an_overlapping_run_without_anything_to_check_pings_nobody(
    run: Callable[[], dict[str, int]], environ: Callable[..., Settings], target: Target
) -> None:
    with Target() as slow:
        slow.is_hanging = True
        environ(TARGET_URL=slow.url, CHECK_TIMEOUT_SECONDS="5", HEARTBEAT_URL=target.url)
        first = threading.Thread(target=run)
        first.start()
        wait_until(lambda: slow.hits == 1)
        assert run() == {"checked": 0, "failed": 0, "posted": 0, "refused": 0, "spooled": 0}
        assert target.hits == 0
        slow.is_hanging = False
        first.join()


@pytest.mark.parametrize(("succeeds", "verdict"), [(True, "CONCLUSIVE"), (False, "INCONCLUSIVE")])
def test_another_runs_success_shows_that_we_are_online(succeeds: bool, verdict: str) -> None:
    own, other = (Connectivity(f"127.0.0.1:{free_port()}", 5, lambda: None, elsewhere=4) for _ in range(2))
    own.saw(is_success=False)
    other.saw(is_success=succeeds)
    assert own.final_verdict() is ConnectivityVerdict[verdict]
