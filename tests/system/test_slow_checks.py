"""Checks that hang, on the whole running system: the others keep their rhythm, and nothing is checked twice at once."""

import resource
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.running import START, LocalSystem
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


def checks_of(system: LocalSystem) -> Counter[str]:
    """How many checks of each target are stored."""
    return Counter(str(row["target_url"]) for row in system.rows("SELECT target_url FROM events"))


@pytest.mark.parametrize("hanging", [1, 3])
def test_a_check_that_hangs_delays_no_other(project: Path, tmp_path: Path, target: Target, hanging: int) -> None:
    with Target() as slow:
        slow.is_hanging = True
        healthy = [f"{target.url}/{number}" for number in range(3)]
        urls = [*(f"{slow.url}/{number}" for number in range(hanging)), *healthy]
        settings = {"CHECK_INTERVAL_SECONDS": "1", "CHECK_TIMEOUT_SECONDS": "10"}
        with LocalSystem(project, tmp_path, TARGET_URL=" ".join(urls), **settings) as system:
            system.wait_until(lambda: len(checks_of(system)) == len(healthy))
            before = checks_of(system)
            system.wait_until(lambda: all(checks_of(system)[url] >= before[url] + 6 for url in healthy))
            # Meanwhile none of those that hang for 10 s has ended, and none was begun twice.
            assert not checks_of(system).keys() - set(healthy)
            assert slow.hits == hanging
            system.wait_until(lambda: len(checks_of(system)) == len(urls))
            times = [row["timestamp"] for row in system.events(is_success=True) if row["target_url"] == healthy[0]]
            assert times == sorted(times)
        assert not [line for line in system.told("OUTAGE") if target.url in line]


# --- few descriptors --------------------------------------------------------------------------------------------------

HANGING, HEALTHY = 60, 20
on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits a running process")


@pytest.fixture
def urls(target: Target) -> Iterator[list[str]]:
    """Many targets that hang, and then a few healthy ones."""
    with Target() as slow:
        slow.is_hanging = True
        yield [
            *(f"{slow.url}/{number}" for number in range(HANGING)),
            *(f"{target.url}/{number}" for number in range(HEALTHY)),
        ]


def with_short_checks(project: Path, folder: Path, urls: list[str], separate: str = "") -> LocalSystem:
    settings = {"CHECK_INTERVAL_SECONDS": "1", "CHECK_TIMEOUT_SECONDS": "0.5", "SEPARATE": separate}
    return LocalSystem(project, folder, TARGET_URL=" ".join(urls), **settings)


def assert_only_those_that_hang_fail(system: LocalSystem, urls: list[str]) -> None:
    """Each is checked twice more, whatever the process lacks."""
    before = checks_of(system)
    system.wait_until(lambda: all(checks_of(system)[url] >= before[url] + 2 for url in urls))
    failed = {row["target_url"]: row["error_message"] for row in system.events(is_success=False)}
    hanging, healthy = urls[:HANGING], urls[HANGING:]
    assert failed.keys() >= set(hanging)
    # On a busy machine half a second may be too short for a healthy one too. Nothing else is said of it.
    assert {failed[url] for url in healthy if url in failed} <= {"no answer within 0.5 s", "no connection within 0.5 s"}


@on_linux
def test_a_few_descriptors_blame_no_healthy_target(project: Path, tmp_path: Path, urls: list[str]) -> None:
    # The first run begins with the limit that the machine has, so its checks are short.
    with with_short_checks(project, tmp_path, urls) as system:
        for process in system.living():
            resource.prlimit(process, resource.RLIMIT_NOFILE, (100, 100))
        assert_only_those_that_hang_fail(system, urls)


@on_linux
@pytest.mark.parametrize(
    ("limit", "separate"),
    [("-n 100", ""), ("-S -n 50", ""), ("-n 100", "1")],
    ids=["100", "50 that can be raised", "SEPARATE=1"],
)
def test_a_start_with_few_descriptors_blames_nobody_healthy(
    project: Path, tmp_path: Path, urls: list[str], limit: str, separate: str
) -> None:
    system = with_short_checks(project, tmp_path, urls, separate)
    system.command = ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *START]
    with system:
        assert_only_those_that_hang_fail(system, urls)
        limits = [resource.prlimit(process, resource.RLIMIT_NOFILE) for process in system.living()]
        # The agent's process has raised its own, as far as it may.
        assert any(soft == hard for soft, hard in limits), limits
