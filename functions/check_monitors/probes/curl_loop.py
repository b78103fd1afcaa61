"""Many transfers side by side over libcurl's multi interface, each started when it is due."""

import selectors
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import pycurl

# libcurl resolves names in 20 threads per CurlMulti, two for each name (IPv4, IPv6), and further names wait behind
# them: a few names that hang would let healthy targets miss their deadlines. So a CurlMulti gets fewer names than that
# at a time, and what is beyond them goes to another CurlMulti.
_LOOKUPS_PER_MULTI = 8
# To wake costs more than to start a look: a few start together, too few to be in each other's way.
_GRAIN_SECONDS = 0.02
_SLOW_LOOKUP_SECONDS = 0.05  # a start waits so long for a free thread before another CurlMulti is made
_HUNG_LOOKUP_SECONDS = 60.0  # a thread counts as busy for so long after its look gave up on it


class Look(Protocol):
    """What a loop runs: one transfer, or one after the other."""

    def handle(self) -> Any:
        """The first transfer's handle, or None where there is nothing to transfer."""

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Take a transfer's end (libcurl's code and text); the next one's handle, or None."""


ALook = TypeVar("ALook", bound=Look)


class _Multi:
    """A CurlMulti, and how many of its threads are at names."""

    def __init__(self, watch: Callable[..., None]) -> None:
        self.curl_multi = pycurl.CurlMulti()
        self.curl_multi.setopt(pycurl.M_SOCKETFUNCTION, watch)
        self.curl_multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        self.lookups: list[Any] = []  # handles whose name may still be looked up
        self.hung_until: deque[float] = deque()

    def has_room(self, at: float) -> bool:
        """Whether a name that is looked up from now on gets a thread at once."""
        self.lookups = [curl for curl in self.lookups if not curl.getinfo(pycurl.NAMELOOKUP_TIME)]
        while self.hung_until and self.hung_until[0] <= at:
            self.hung_until.popleft()
        return len(self.lookups) + len(self.hung_until) < _LOOKUPS_PER_MULTI


class Loop:
    """Runs looks over one CurlMulti, or several where many names hang; for one run at a time.

    It is kept for the next run, because libcurl parses the trusted certificates once per CurlMulti.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._multis: list[_Multi] = []
        self._under_way: dict[Any, tuple[_Multi, Look]] = {}
        self._started_at = 0.0
        self._on_end: Callable[[Any], None] = lambda _: None

    def run(self, looks: Sequence[ALook], spread_seconds: float, on_end: Callable[[ALook], None]) -> None:
        """Run ``looks`` to their ends, their starts spread evenly over ``spread_seconds``; ``on_end`` takes each."""
        began = time.monotonic()
        # Those of one grain start together.
        offsets = (spread_seconds * i / len(looks) // _GRAIN_SECONDS * _GRAIN_SECONDS for i in range(len(looks)))
        due: deque[tuple[float, Look]] = deque(
            (began + offset, look) for offset, look in zip(offsets, looks, strict=True)
        )
        self._on_end = on_end
        try:
            while due or self._under_way:
                seconds = self._start_due(due)
                if due or self._under_way:  # what was due may have had no URL to start with
                    self._step(seconds)
        finally:
            for curl in list(self._under_way):
                self._end(curl)

    def _start_due(self, due: deque[tuple[float, Look]]) -> float:
        """Start the looks that are due; in how many seconds to ask again."""
        while due:
            starts_at, look = due[0]
            at = time.monotonic()
            if at < starts_at:
                return starts_at - at
            multi = next((multi for multi in self._multis if multi.has_room(at)), None)
            if multi is None:
                patience = max(starts_at, self._started_at) + _SLOW_LOOKUP_SECONDS - at
                if self._multis and patience > 0:
                    return patience
                multi = _Multi(self._watch)
                self._multis.append(multi)
            due.popleft()
            self._started_at = at
            if curl := look.handle():
                self._start(curl, multi, look)
            else:
                self._on_end(look)
        return 60.0

    def _start(self, curl: Any, multi: _Multi, look: Look) -> None:
        self._under_way[curl] = multi, look
        multi.lookups.append(curl)
        multi.curl_multi.add_handle(curl)

    def _step(self, seconds: float) -> None:
        """Wait for the network, at most ``seconds``, and let libcurl do what is then to be done."""
        multis = [multi.curl_multi for multi in self._multis]
        timeouts = [timeout / 1000 for multi in multis if (timeout := multi.timeout()) >= 0]
        for key, events in self._selector.select(min([seconds, *timeouts])):
            key.data.socket_action(key.fd, events)  # its bits are libcurl's, too
        for multi in multis:
            if multi.timeout() == 0:
                multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            is_more = 1
            while is_more:
                is_more, ended, failed = multi.info_read()
                for curl, code, text in [*((curl, pycurl.E_OK, "") for curl in ended), *failed]:
                    self._conclude(curl, code, text)

    def _conclude(self, curl: Any, code: int, text: str) -> None:
        multi, look = self._under_way[curl]
        if text.startswith("Resolving timed out"):
            multi.hung_until.append(time.monotonic() + _HUNG_LOOKUP_SECONDS)
        further = look.conclude(curl, code, text)
        self._end(curl)
        if further:
            self._start(further, multi, look)
        else:
            self._on_end(look)

    def _end(self, curl: Any) -> None:
        multi, _ = self._under_way.pop(curl)
        if curl in multi.lookups:
            multi.lookups.remove(curl)
        multi.curl_multi.remove_handle(curl)
        curl.close()

    def _watch(self, what: int, fd: int, multi: Any, _: Any) -> None:
        """Libcurl's wish that ``fd`` be watched."""
        is_known = fd in self._selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if is_known:
                self._selector.unregister(fd)
        elif is_known:
            self._selector.modify(fd, what, multi)
        else:
            self._selector.register(fd, what, multi)
