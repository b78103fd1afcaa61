"""An exchange uses a socket of the check's own. It shares one loop with libcurl's transfers."""

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any

from functions.check_monitors.probes.loop.readiness import Readiness

NO_SOCKET = (-1, 0)
IDLE_SECONDS = 60.0  # how long a loop waits at most if nothing is due


class Exchange:
    """One talk with a server. The loop calls ``proceed`` when the socket is ready or when ``wake_at`` has come.

    ``curl``: the handle whose connection it uses, if libcurl made the connection. The loop keeps it until the end.
    """

    wake_at: float  # on time.monotonic()'s clock; ``proceed`` may move it
    curl: Any = None
    defect: Exception | None = None  # that ended it

    def watched(self) -> tuple[int, int]:
        """The descriptor to wait for, and READ, WRITE or both; NO_SOCKET to wait for ``wake_at`` alone."""
        raise NotImplementedError

    def proceed(self) -> bool:
        """Go on as far as that takes no waiting. Whether the exchange is over, also because its time is."""
        raise NotImplementedError

    def close(self) -> None:
        """Close what the exchange opened itself."""


class Deadline(Exchange):
    """Ends at its time: for a transfer whose end libcurl does not watch itself."""

    def __init__(self, ends_at: float) -> None:
        self.wake_at = ends_at

    def watched(self) -> tuple[int, int]:
        """Nothing."""
        return NO_SOCKET

    def proceed(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.wake_at


NO_DEADLINE = Deadline(0.0)


class Exchanges:
    """The exchanges that are under way in one loop."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._under_way: dict[Exchange, Callable[[Exchange], None]] = {}
        self._watched: dict[Exchange, int] = {}
        self._alarms: list[tuple[float, int, Exchange]] = []
        self._counter = itertools.count()

    def __bool__(self) -> bool:
        return bool(self._under_way)

    def begin(self, exchange: Exchange, on_over: Callable[[Exchange], None]) -> None:
        """Start an exchange; ``on_over`` takes it when it is over."""
        self._under_way[exchange] = on_over
        self._proceed(exchange)

    def cancel(self, exchange: Exchange) -> None:
        """End an exchange that nobody waits for any more."""
        if self._under_way.pop(exchange, None):
            self._unwatch(exchange)
            exchange.close()

    def seconds(self, at: float) -> float:
        """In how many seconds the next one has to be woken."""
        while self._alarms and not self._is_current(self._alarms[0]):
            heapq.heappop(self._alarms)
        return max(0.0, self._alarms[0][0] - at) if self._alarms else IDLE_SECONDS

    def wake(self, at: float) -> None:
        """Go on with those whose ``wake_at`` has come."""
        while self._alarms and self._alarms[0][0] <= at:
            alarm = heapq.heappop(self._alarms)
            if self._is_current(alarm):
                self._proceed(alarm[2])

    def clear(self) -> None:
        """End all of them: the run broke off."""
        for exchange in list(self._under_way):
            self._unwatch(exchange)
            exchange.close()
        self._under_way.clear()
        self._alarms.clear()

    def _is_current(self, alarm: tuple[float, int, Exchange]) -> bool:
        return alarm[2] in self._under_way and alarm[2].wake_at == alarm[0]

    def _proceed(self, exchange: Exchange) -> None:
        if exchange not in self._under_way:
            return  # it ended while the list of what is ready was worked off
        # Unwatched meanwhile: a library may close its socket, and the next one may get the same number.
        self._unwatch(exchange)
        try:
            is_over = exchange.proceed()
        except Exception as defect:  # noqa: BLE001  # the loop hands it to the check
            exchange.defect, is_over = defect, True
        if is_over:
            exchange.close()
            self._under_way.pop(exchange)(exchange)
            return
        heapq.heappush(self._alarms, (exchange.wake_at, next(self._counter), exchange))
        descriptor, bits = exchange.watched()
        if descriptor >= 0 and bits:
            self._readiness.register(descriptor, bits, lambda *_: self._proceed(exchange))
            self._watched[exchange] = descriptor

    def _unwatch(self, exchange: Exchange) -> None:
        descriptor = self._watched.pop(exchange, -1)
        if descriptor >= 0:
            self._readiness.unregister(descriptor)


def seconds_left(ends_at: float) -> float:
    """How long it is until ``ends_at``; never negative."""
    return max(0.0, ends_at - time.monotonic())
