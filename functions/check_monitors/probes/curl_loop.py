"""Many transfers at the same time over libcurl's multi interface, each started when it is due."""

import selectors
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import pycurl

from functions.check_monitors.probes.capacity import Slots, is_still_resolving, raise_the_limit
from functions.check_monitors.probes.lookups import SecondLookup, is_lingering
from shared.models import Cause

# libcurl resolves names in 20 threads per CurlMulti, two for each name (IPv4, IPv6), and further names wait for them: a
# few names that hang would let healthy targets miss their deadlines. A CurlMulti therefore gets fewer names at a time,
# and the names beyond them go to another CurlMulti.
LOOKUPS_PER_MULTI = 8
MAX_MULTIS = 32  # each has descriptors and threads; beyond it, names share one that may be busy
# Waking up costs more than starting a check, so the few checks of one tick start together. They are too few to slow
# each other down.
START_TICK_SECONDS = 0.02
# A target that sends its response in single bytes would wake the loop for each: beyond so many times in a window it
# pauses first, and what has come meanwhile comes together.
_WINDOW_SECONDS = 0.1
_WAKES_PER_WINDOW = 300
_PAUSE_SECONDS = 0.001
_SLOW_LOOKUP_SECONDS = 0.05  # how long a start waits for a free thread before the loop adds another CurlMulti
_SLOT_SECONDS = 0.05  # how often a check that waits for a slot asks again, if other loops have them all
_PUT_OFF_SECONDS = 0.25
_ASK_SECONDS = 0.01  # how often the loop sees whether a lookup has ended
_HUNG_LOOKUP_SECONDS = 60.0  # how long a thread counts as busy after its check gave up on it


_slots = Slots()


class Check(Protocol):
    """One transfer that a loop runs, or several that follow each other."""

    is_put_off: bool  # the agent itself lacked something: begin again, a little later

    def handle(self) -> Any:
        """The first transfer's handle, or None if there is nothing to transfer."""

    def conclude(self, curl: Any, code: int, text: str) -> Any:
        """Take the result of a transfer (libcurl's code and text); the next transfer's handle, a lookup, or None."""

    def know_better(self, why: Cause) -> None:
        """Take what the lookup has found."""


ACheck = TypeVar("ACheck", bound=Check)


class _Multi:
    """A CurlMulti, and how many of its threads are resolving names."""

    def __init__(self, watch: Callable[..., None]) -> None:
        self.curl_multi = pycurl.CurlMulti()
        self.curl_multi.setopt(pycurl.M_SOCKETFUNCTION, watch)
        self.curl_multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        self.lookups: list[Any] = []  # handles whose name may not be resolved yet
        self.hung_until: deque[float] = deque()
        self.lingering_until: deque[float] = deque()  # of lookups for one of the two families

    def has_room(self, at: float) -> bool:
        """Whether a lookup that starts now gets a thread at once."""
        self.lookups = [curl for curl in self.lookups if not curl.getinfo(pycurl.NAMELOOKUP_TIME)]
        for until in (self.hung_until, self.lingering_until):
            while until and until[0] <= at:
                until.popleft()
        return len(self.lookups) + len(self.hung_until) + len(self.lingering_until) / 2 < LOOKUPS_PER_MULTI

    def last_hung_until(self) -> float:
        """When the last of its threads is surely free. The earlier, the more of them are free already."""
        return self.hung_until[-1] if self.hung_until else 0.0


class Loop:
    """Runs checks over one CurlMulti, or over several if many names hang. It takes one run at a time.

    Keep it for the next run, because libcurl parses the trusted certificates once per CurlMulti. A CurlMulti that was
    added while names hung stays, too. A start takes the first one that has room, so the later ones stand idle until
    names hang again. There are at most as many as the names that ever hung at the same time needed, and MAX_MULTIS.
    """

    def __init__(self) -> None:
        raise_the_limit()
        self._selector = selectors.DefaultSelector()
        self.multis: list[_Multi] = []
        self._under_way: dict[Any, tuple[_Multi, Check]] = {}
        self._started_at = 0.0
        self._window_ends_at = 0.0
        self._wakes = 0
        self._due = deque[tuple[float, Check]]()
        self._asked: list[tuple[SecondLookup, Check]] = []
        self._on_end: Callable[[Any], None] = lambda _: None

    def run(self, checks: Sequence[ACheck], spread_seconds: float, on_end: Callable[[ACheck], None]) -> None:
        """Run ``checks`` to their ends, their starts spread evenly over ``spread_seconds``; ``on_end`` takes each."""
        _slots.measure(len(checks))
        began = time.monotonic()
        self._due = due = deque[tuple[float, Check]](
            (began + _rounded_down(spread_seconds * i / len(checks), START_TICK_SECONDS), check)
            for i, check in enumerate(checks)
        )
        self._on_end = on_end
        try:
            while due or self._under_way or self._asked:
                seconds = self._start_due(due)
                if due or self._under_way or self._asked:  # the checks that were due may have had nothing to transfer
                    self._step(seconds)
        finally:
            self._asked.clear()
            for curl in list(self._under_way):
                self._end(curl)
                _slots.give_back()

    def _start_due(self, due: deque[tuple[float, Check]]) -> float:
        """Start the checks that are due; in how many seconds the next one is."""
        while due:
            starts_at, check = due[0]
            at = time.monotonic()
            if at < starts_at:
                return starts_at - at
            multi = next((multi for multi in self.multis if multi.has_room(at)), None)
            if multi is None and len(self.multis) >= MAX_MULTIS:
                multi = min(self.multis, key=_Multi.last_hung_until)
            if multi is None:
                seconds = max(starts_at, self._started_at) + _SLOW_LOOKUP_SECONDS - at
                if self.multis and seconds > 0:
                    return seconds
                multi = _Multi(self._watch)
                self.multis.append(multi)
            if not _slots.take():
                return _SLOT_SECONDS
            due.popleft()
            self._started_at = at
            if curl := check.handle():
                self._start(curl, multi, check)
            else:
                _slots.give_back()
                self._on_end(check)
        return 60.0

    def _start(self, curl: Any, multi: _Multi, check: Check) -> None:
        self._under_way[curl] = multi, check
        multi.lookups.append(curl)
        multi.curl_multi.add_handle(curl)

    def _step(self, seconds: float) -> None:
        """Wait for the network, at most ``seconds``, and let libcurl do its work."""
        self._pause_if_flooded()
        multis = [multi.curl_multi for multi in self.multis]
        timeouts = [timeout / 1000 for multi in multis if (timeout := multi.timeout()) >= 0]
        if self._asked:
            seconds = min(seconds, _ASK_SECONDS)
        for key, events in self._selector.select(min([seconds, *timeouts])):
            key.data.socket_action(key.fd, events)  # selectors and libcurl use the same bits
        for multi in multis:
            if multi.timeout() == 0:
                multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            is_more = 1
            while is_more:
                is_more, ended, failed = multi.info_read()
                for curl, code, text in [*((curl, pycurl.E_OK, "") for curl in ended), *failed]:
                    self._conclude(curl, code, text)

        for lookup, check in list(self._asked):
            if why := lookup.cause():
                self._asked.remove((lookup, check))
                check.know_better(why)
                self._on_end(check)

    def _pause_if_flooded(self) -> None:
        self._wakes += 1
        at = time.monotonic()
        if at >= self._window_ends_at:
            self._window_ends_at, self._wakes = at + _WINDOW_SECONDS, 0
        elif self._wakes > _WAKES_PER_WINDOW:
            time.sleep(_PAUSE_SECONDS)

    def _conclude(self, curl: Any, code: int, text: str) -> None:
        multi, check = self._under_way[curl]
        if is_still_resolving(curl, text):
            multi.hung_until.append(time.monotonic() + _HUNG_LOOKUP_SECONDS)
        elif is_lingering(curl):
            multi.lingering_until.append(time.monotonic() + _HUNG_LOOKUP_SECONDS)
        further = check.conclude(curl, code, text)
        self._end(curl)
        if isinstance(further, SecondLookup):
            _slots.give_back()
            self._asked.append((further, check))
            return
        if further:
            self._start(further, multi, check)
            return
        _slots.give_back(has_lacked=check.is_put_off)
        if check.is_put_off:
            self._due.append((time.monotonic() + _PUT_OFF_SECONDS, check))
        else:
            self._on_end(check)

    def _end(self, curl: Any) -> None:
        multi, _ = self._under_way.pop(curl)
        if curl in multi.lookups:
            multi.lookups.remove(curl)
        multi.curl_multi.remove_handle(curl)
        curl.close()

    def _watch(self, what: int, fd: int, multi: Any, _: Any) -> None:
        """For SOCKETFUNCTION: watch ``fd``, or stop watching it."""
        is_known = fd in self._selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if is_known:
                self._selector.unregister(fd)
        elif is_known:
            self._selector.modify(fd, what, multi)
        else:
            self._selector.register(fd, what, multi)


def _rounded_down(offset: float, tick: float) -> float:
    return offset // tick * tick
