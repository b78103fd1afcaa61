"""Decides how many checks this process can run at once, and whether its own shortage made one fail."""

import contextlib
import errno
import os
import threading
from typing import Any

import pycurl

from shared.models import Cause
from shared.threads import started

# A check's socket, and what libcurl and the name's lookup open beside it for a moment.
DESCRIPTORS_PER_CHECK = 2
# The rest of the process goes on posting, storing and serving meanwhile.
SPARE_DESCRIPTORS = 32
_MIN_SLOTS = 4  # tried even if nothing is to spare
_MAX_KEPT = 8192  # each takes memory, too

FILES = Cause.of("agent_short_of_files")
MEMORY = Cause.of("agent_short_of_memory")
THREADS = Cause.of("agent_short_of_threads")
# Causes that say nothing of the target: its check is put off, and inconclusive in the end.
SHORTAGES = (FILES, MEMORY, THREADS)
_BY_ERRNO = {errno.EMFILE: FILES, errno.ENFILE: FILES, errno.ENOMEM: MEMORY, errno.ENOBUFS: MEMORY}
OUT_OF_MEMORY = {pycurl.E_OUT_OF_MEMORY, pycurl.E_FAILED_INIT}
# Codes that have another cause if a file could be opened.
_MAY_LACK_FILES = {
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_COULDNT_RESOLVE_HOST,
    pycurl.E_COULDNT_RESOLVE_PROXY,
    pycurl.E_SSL_CACERT_BADFILE,
    *OUT_OF_MEMORY,
}


class Slots:
    """The checks that may be under way in this process, over all its loops. A check that gets none waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0
        self._limit = 1

    def measure(self, wanted: int) -> None:
        """See how many there are, before a run that would like to have ``wanted`` more."""
        limit = descriptors()
        with self._lock:
            is_plenty = limit - kept_at_most(limit) >= DESCRIPTORS_PER_CHECK * (self._taken + wanted) + 1024
            free = limit if is_plenty else limit - _open_descriptors() - SPARE_DESCRIPTORS
            self._limit = self._taken + max(_MIN_SLOTS, free // DESCRIPTORS_PER_CHECK)

    def take(self) -> bool:
        """Take one, if there is one."""
        with self._lock:
            is_free = self._taken < self._limit
            self._taken += is_free
            return is_free

    def give_back(self, *, has_lacked: bool = False) -> None:
        """Give one back. If its check lacked something, there were too many."""
        with self._lock:
            self._taken -= 1
            if has_lacked:
                self._limit = max(1, min(self._limit, self._taken))


class TakenSlots:
    """The slots that one loop has taken."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._count = 0

    def take(self) -> bool:
        """Take one, if there is one."""
        is_free = self._slots.take()
        self._count += is_free
        return is_free

    def give_back(self, *, has_lacked: bool = False) -> None:
        """Give one back. If its check lacked something, there were too many."""
        self._slots.give_back(has_lacked=has_lacked)
        self._count -= 1

    def give_back_all(self) -> None:
        """Give back those of checks that have not ended: the run broke off."""
        while self._count:
            self.give_back()


def kept_at_most(descriptors: int) -> int:
    """How many connections may be kept for later checks, where so many descriptors may be open."""
    return min(descriptors // 4, _MAX_KEPT)


def by_errno(number: int | None) -> Cause | None:
    """Return what this process lacked, if an errno says so."""
    return _BY_ERRNO.get(number or 0)


def raise_the_limit() -> None:
    """Raise the limit of open files as far as this process may."""
    import resource  # not everywhere

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Some systems refuse what they name as the hard limit.
    for limit in (hard, 65_536, 10_240):
        if soft == resource.RLIM_INFINITY or (soft >= limit and limit != resource.RLIM_INFINITY):
            return
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return


def shortage(curl: Any, code: int, text: str, error_number: int, *, has_lent_tcp: bool) -> Cause | None:
    """Return what this process lacked, if that made a transfer fail with libcurl's ``code`` and ``text``.

    ``error_number``: that of a socket which could not be made, or 0. ``has_lent_tcp``: one for TCP was made, and lent
    to pycurl.
    """
    number = error_number or (curl.getinfo(pycurl.OS_ERRNO) if code in _MAY_LACK_FILES else 0)
    if known := _BY_ERRNO.get(number):
        return known
    # pycurl duplicates what it is lent. If it cannot, nothing has an error number.
    is_not_duplicated = code == pycurl.E_COULDNT_CONNECT and has_lent_tcp and not number
    if is_not_duplicated or (code in _MAY_LACK_FILES and cannot_open()):
        return FILES
    # libcurl's threads look names up. If it can start none, the lookup just never ends.
    if is_still_resolving(curl, text) and _cannot_start_a_thread():
        return THREADS
    if code in OUT_OF_MEMORY:
        return THREADS if _cannot_start_a_thread() else MEMORY
    return None


def is_still_resolving(curl: Any, text: str) -> bool:
    """Whether the time of a transfer was over while its name was being looked up."""
    # A millisecond decides which of the two texts libcurl gives.
    is_first = text.startswith("Connection timeout after") and not curl.getinfo(pycurl.NAMELOOKUP_TIME)
    return text.startswith("Resolving timed out") or is_first


def cannot_open() -> bool:
    """Whether this process cannot open what a check needs."""
    # The failed check itself may have given a few back by now.
    opened: list[int] = []
    try:
        opened.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(2 * DESCRIPTORS_PER_CHECK))
    except OSError as error:
        return error.errno in _BY_ERRNO
    finally:
        for number in opened:
            os.close(number)
    return False


def _cannot_start_a_thread() -> bool:
    return not started(threading.Thread(target=bool, daemon=True))


def descriptors() -> int:
    """How many this process may have open."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 2**20


def _open_descriptors() -> int:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return len(os.listdir(folder))  # noqa: PTH208  # only their number counts
    return SPARE_DESCRIPTORS
