"""A store that another process has locked."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system.store_trouble.troubles import locked
from tests.system.store_trouble.watched import Watched, report

pytestmark = [pytest.mark.system, pytest.mark.together("watched")]


READING_SECONDS = 2.0


def test_a_lock_leaves_the_server_free_for_readers(watched: Watched) -> None:
    system = watched.system
    system.wait_until(lambda: system.get("/").ok)

    with ThreadPoolExecutor(60) as threads:
        with locked(system):
            # More reports than the server has threads.
            reports = [threads.submit(report, system) for _ in range(60)]
            system.wait_until(lambda: any(each.done() for each in reports))
            began, reads = time.monotonic(), list[float]()
            while len(reads) < 20 and time.monotonic() - began < READING_SECONDS:
                asked_at = time.monotonic()
                assert system.get("/alerts").ok
                reads.append(time.monotonic() - asked_at)
            # The reads overtake the reports, which have threads of their own.
            system.wait_until(lambda: sum(each.done() for each in reports) > 40)
        statuses = Counter(each.result().status_code for each in reports)

    # A writer waits for 5 s. A reader behind the writers would wait as long.
    assert max(reads) < 3
    assert set(statuses) == {201, 503}, "a few waited for the lock, and the others are to come again"
    assert statuses[503] > 40
