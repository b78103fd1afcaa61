"""Many transfers at the same time over libcurl's multi interface, each started when it is due."""

import heapq
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import pycurl

from functions.check_monitors.probes.loop.capacity import Slots, TakenSlots, is_still_resolving, raise_the_limit
from functions.check_monitors.probes.loop.check import Check
from functions.check_monitors.probes.loop.exchange import IDLE_SECONDS, NO_DEADLINE, Deadline, Exchange, Exchanges
from functions.check_monitors.probes.loop.multi import Homes, Multi
from functions.check_monitors.probes.loop.readiness import readiness
from functions.check_monitors.probes.network.lookups import SecondLookup, is_lingering

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

ACheck = TypeVar("ACheck", bound=Check)


class Loop:
    """Runs checks over one CurlMulti, or over several if many names hang. It takes one run at a time.

    Keep it for the next run, because libcurl parses the trusted certificates once per CurlMulti. A CurlMulti that was
    added while names hung stays, too. A start takes the first one that has room, so the later ones stand idle until
    names hang again. There are at most as many as the names that ever hung at the same time needed, and MAX_MULTIS.
    """

    def __init__(self) -> None:
        raise_the_limit()
        self._readiness = readiness()
        self.multis: list[Multi] = []
        self._homes = Homes()
        self._under_way: dict[Any, tuple[Multi, Check]] = {}
        self._slots = TakenSlots(_slots)
        self._started_at = 0.0
        self._window_ends_at = 0.0
        self._wakes = 0
        self._due: list[tuple[float, int, Check]] = []  # a heap
        self._counter = itertools.count()  # checks that are due at the same time keep their order
        self._asked: list[tuple[SecondLookup, Check]] = []
        self._sockets: set[int] = set()  # libcurl's, that are waited for
        self._exchanges = Exchanges(self._readiness)
        self._deadlines: dict[Any, Deadline] = {}
        self._on_end: Callable[[Any], None] = lambda _: None
        self._ask: Callable[[], float | None] | None = None

    def run(self, checks: Sequence[ACheck], spread_seconds: float, on_end: Callable[[ACheck], None]) -> None:
        """Run ``checks`` to their ends, their starts spread evenly over ``spread_seconds``; ``on_end`` takes each."""
        starts = ((spread_seconds * i / len(checks), check) for i, check in enumerate(checks))
        self.run_timed(starts, len(checks), on_end)

    def run_timed(
        self,
        checks: Iterable[tuple[float, ACheck]],
        count: int,
        on_end: Callable[[ACheck], None],
        *,
        ask: Callable[[], float | None] | None = None,
    ) -> None:
        """Run ``count`` checks to their ends, each started so many seconds from now; ``on_end`` takes each.

        ``ask`` may ``add`` checks, and says in how many seconds it wants to be called again; None: there are no more.
        """
        _slots.measure(count)
        self._ask, self._ask_at = ask, 0.0
        began = time.monotonic()
        self._due = []
        self._on_end = on_end
        for seconds, check in checks:
            self.add(began + seconds // START_TICK_SECONDS * START_TICK_SECONDS, check)
        try:
            while True:
                seconds = min(self._ask_for_more(), self._start_due())
                # The checks that were due may have had nothing to do.
                if not (self._ask or self._due or self._under_way or self._asked or self._exchanges):
                    break
                self._step(seconds)
        finally:
            self._asked.clear()
            self._exchanges.clear()
            self._deadlines.clear()
            for curl in list(self._under_way):
                self._end(curl)
            self._slots.give_back_all()

    def add(self, starts_at: float, check: Check) -> None:
        """Start ``check`` at ``starts_at`` on ``time.monotonic()``'s clock. For ``on_end``, while a run lasts."""
        heapq.heappush(self._due, (starts_at, next(self._counter), check))

    def withdraw(self, check: Check) -> bool:
        """Do not start ``check``; whether it was not started yet. For ``ask``."""
        waiting = [start for start in self._due if start[2] is not check]
        is_found = len(waiting) < len(self._due)
        self._due = waiting
        heapq.heapify(self._due)
        return is_found

    def _ask_for_more(self) -> float:
        """Ask whether there are more checks, if it is time; in how many seconds it is time again."""
        if self._ask is None:
            return IDLE_SECONDS
        at = time.monotonic()
        if at >= self._ask_at:
            seconds = self._ask()
            if seconds is None:
                self._ask = None
                return IDLE_SECONDS
            self._ask_at = at + seconds
        return max(0.0, self._ask_at - at)

    def _start_due(self) -> float:
        """Start the checks that are due; in how many seconds the next one is."""
        while self._due:
            starts_at, _, check = self._due[0]
            at = time.monotonic()
            if at < starts_at:
                return starts_at - at
            multi = self._multi_for(check, at)
            if multi is None:
                seconds = max(starts_at, self._started_at) + _SLOW_LOOKUP_SECONDS - at
                if any(multi.suits(check.ca_file) for multi in self.multis) and seconds > 0:
                    return seconds
                multi = Multi(self._watch, check.ca_file)
                self.multis.append(multi)
            if not self._slots.take():
                return _SLOT_SECONDS
            heapq.heappop(self._due)
            self._started_at = at
            self._homes.settle(check, multi, at)
            self._go_on(check, _guarded(check, check.handle), multi)
        return IDLE_SECONDS

    def _multi_for(self, check: Check, at: float) -> Multi | None:
        """The CurlMulti for a check that starts now; None if none has room and another one may be made."""
        if check.keeps and (home := self._homes.find(check, at)):
            return home
        for multi in self.multis:
            if multi.suits(check.ca_file) and multi.has_room(at):
                return multi
        if len(self.multis) < MAX_MULTIS:
            return None
        suitable = [multi for multi in self.multis if multi.suits(check.ca_file)]
        return min(suitable or self.multis, key=Multi.last_hung_until)

    def _go_on(self, check: Check, further: Any, multi: Multi) -> None:
        """Start what comes next of a check that has a slot, or end it."""
        if isinstance(further, SecondLookup):
            self._slots.give_back()
            self._asked.append((further, check))
        elif isinstance(further, Exchange):
            self._exchanges.begin(further, lambda over: self._end_exchange(over, multi, check))
        elif further:
            self._start(further, multi, check)
        else:
            self._slots.give_back(has_lacked=check.is_put_off)
            if check.is_put_off:
                self.add(time.monotonic() + _PUT_OFF_SECONDS, check)
            else:
                self._on_end(check)

    def _end_exchange(self, exchange: Exchange, multi: Multi, check: Check) -> None:
        if exchange.defect:
            check.break_off(exchange.defect)
        further = None if exchange.defect else _guarded(check, check.after, exchange)
        if exchange.curl and not (isinstance(further, Exchange) and further.curl is exchange.curl):
            self._end(exchange.curl)
        self._go_on(check, further, multi)

    def _start(self, curl: Any, multi: Multi, check: Check) -> None:
        self._under_way[curl] = multi, check
        multi.lookups.append(curl)
        multi.curl_multi.add_handle(curl)
        if check.deadline:
            self._deadlines[curl] = deadline = Deadline(check.deadline)
            self._exchanges.begin(
                deadline, lambda _: self._conclude(curl, pycurl.E_OPERATION_TIMEDOUT, "Operation timed out")
            )

    def _step(self, seconds: float) -> None:
        """Wait for the network, at most ``seconds``, and let libcurl do its work."""
        self._pause_if_flooded()
        if self._asked:
            seconds = min(seconds, _ASK_SECONDS)
        if self._exchanges:
            seconds = min(seconds, self._exchanges.seconds(time.monotonic()))
        multis = [multi.curl_multi for multi in self.multis]
        for multi in multis:
            if (timeout := multi.timeout()) >= 0:
                seconds = min(seconds, timeout / 1000)
        for on_ready, descriptor, bits in self._readiness.wait(seconds):
            on_ready(descriptor, bits)
        for multi in multis:
            if multi.timeout() == 0:
                multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            is_more = 1
            while is_more:
                is_more, ended, failed = multi.info_read()
                for curl in ended:
                    self._conclude(curl, pycurl.E_OK, "")
                for curl, code, text in failed:
                    self._conclude(curl, code, text)
        # After libcurl, which says more of a transfer whose time is over.
        if self._exchanges:
            self._exchanges.wake(time.monotonic())
        if self._asked:
            self._take_lookups()

    def _take_lookups(self) -> None:
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
        if self._deadlines:
            self._exchanges.cancel(self._deadlines.pop(curl, NO_DEADLINE))
        if is_still_resolving(curl, text):
            multi.hung_until.append(time.monotonic() + _HUNG_LOOKUP_SECONDS)
        elif is_lingering(curl):
            multi.lingering_until.append(time.monotonic() + _HUNG_LOOKUP_SECONDS)
        further = _guarded(check, check.conclude, curl, code, text)
        if isinstance(further, Exchange) and further.curl is curl:
            if curl in multi.lookups:
                multi.lookups.remove(curl)
        else:
            self._end(curl)
        self._go_on(check, further, multi)

    def _end(self, curl: Any) -> None:
        multi, _ = self._under_way.pop(curl)
        if curl in multi.lookups:
            multi.lookups.remove(curl)
        multi.curl_multi.remove_handle(curl)
        curl.close()

    def _watch(self, what: int, fd: int, multi: Any, _: Any) -> None:
        """For SOCKETFUNCTION: watch ``fd``, or stop watching it."""
        if what == pycurl.POLL_REMOVE:
            if fd in self._sockets:
                self._sockets.discard(fd)
                self._readiness.unregister(fd)
        elif fd in self._sockets:
            self._readiness.modify(fd, what, multi.socket_action)
        else:
            self._sockets.add(fd)
            self._readiness.register(fd, what, multi.socket_action)


def _guarded(check: Check, step: Callable[..., Any], *arguments: Any) -> Any:
    """Return what ``step`` returns, or None if it fails: one check's defect must not end the others."""
    try:
        return step(*arguments)
    except Exception as defect:  # noqa: BLE001  # the check says what it makes of it
        check.break_off(defect)
        return None


idle_loops: list[Loop] = []


@contextmanager
def idle_loop() -> Iterator[Loop]:
    """A loop that no other run has at present. It is kept for later runs."""
    try:
        loop = idle_loops.pop()
    except IndexError:
        loop = Loop()
    try:
        yield loop
    finally:
        idle_loops.append(loop)
