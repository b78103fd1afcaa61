"""Processes that a test starts beside its own."""

import multiprocessing
import multiprocessing.util
import time
from collections.abc import Callable

# A fork of a test's own process would copy the locks that its threads hold, and could wait for one of them for ever.
beside = multiprocessing.get_context("forkserver")
# A test that sets the folder for temporary files would move its socket there, where its path may be too long.
multiprocessing.util.get_temp_dir()
# Imported once, and not by each process.
beside.set_forkserver_preload(["tests.support.backlogs", "tests.support.store.monitor_names"])

MOST_SECONDS = 60.0


def killed_when(is_time: Callable[[], bool], target: Callable[..., None], *arguments: object) -> bool:
    """Call ``target`` in a process of its own and kill that as soon as it is time; whether it had not ended before."""
    process = beside.Process(target=target, args=arguments)
    process.start()
    give_up_at = time.monotonic() + MOST_SECONDS
    while process.is_alive() and not is_time():
        assert time.monotonic() < give_up_at, "it neither ends nor gets there"
    process.kill()
    process.join()
    return process.exitcode is not None and process.exitcode < 0
