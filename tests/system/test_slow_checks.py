"""Checks that hang, on the whole running system: the others keep their rhythm, and nothing is checked twice at once."""

import resource
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.running import LocalSystem
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
            time.sleep(8)
            after = checks_of(system)
            assert all(after[url] - before[url] >= 6 for url in healthy), (before, after)
            # One check each, which has not ended, or the next one.
            assert hanging <= slow.hits <= 2 * hanging
            system.wait_until(lambda: len(checks_of(system)) == len(urls))
            times = [row["timestamp"] for row in system.events(is_success=True) if row["target_url"] == healthy[0]]
            assert times == sorted(times)
        assert not [line for line in system.told("OUTAGE") if target.url in line]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits a running process")
def test_a_few_descriptors_blame_no_healthy_target(project: Path, tmp_path: Path, target: Target) -> None:
    with Target() as slow:
        slow.is_hanging = True
        urls = [f"{slow.url}/{number}" for number in range(60)] + [f"{target.url}/{number}" for number in range(20)]
        # The first run begins with the limit that the machine has, so its checks are short.
        settings = {"CHECK_INTERVAL_SECONDS": "1", "CHECK_TIMEOUT_SECONDS": "0.5"}
        with LocalSystem(project, tmp_path, TARGET_URL=" ".join(urls), **settings) as system:
            for process in system.living():
                resource.prlimit(process, resource.RLIMIT_NOFILE, (100, 100))
            before = checks_of(system)
            system.wait_until(lambda: all(checks_of(system)[url] >= before[url] + 2 for url in urls))
            failed = {row["target_url"] for row in system.events(is_success=False)}
            assert failed == set(urls[:60])
