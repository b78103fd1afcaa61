"""Waits until descriptors are ready; on Linux without Python's selectors, which cost a check more than connecting."""

import select
import selectors
from collections.abc import Callable
from typing import Any, Protocol

# libcurl's bits are the same.
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

OnReady = Callable[[int, int], Any]
Ready = list[tuple[OnReady, int, int]]


class Readiness(Protocol):
    """Waits until descriptors are ready for READ, WRITE or both, and returns the function that takes each."""

    def register(self, descriptor: int, bits: int, on_ready: OnReady, /) -> Any:
        """Begin to wait for a descriptor."""

    def modify(self, descriptor: int, bits: int, on_ready: OnReady, /) -> Any:
        """Wait for other bits of a descriptor."""

    def unregister(self, descriptor: int, /) -> Any:
        """Stop waiting for a descriptor, which may be closed already."""

    def wait(self, seconds: float) -> Ready:
        """Wait for so many seconds at most. Return the function, the descriptor and the bits of each that is ready."""


def readiness() -> Readiness:
    """Return the quickest one that this system has."""
    return ByEpoll() if hasattr(select, "epoll") else BySelectors()


class ByEpoll:
    """Waits by epoll."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._on_ready: dict[int, OnReady] = {}

    def register(self, descriptor: int, bits: int, on_ready: OnReady) -> None:
        """Begin to wait for a descriptor."""
        self._epoll.register(descriptor, _bits_for_epoll(bits))
        self._on_ready[descriptor] = on_ready

    def modify(self, descriptor: int, bits: int, on_ready: OnReady) -> None:
        """Wait for other bits of a descriptor."""
        self._epoll.modify(descriptor, _bits_for_epoll(bits))
        self._on_ready[descriptor] = on_ready

    def unregister(self, descriptor: int) -> None:
        """Stop waiting for a descriptor."""
        del self._on_ready[descriptor]
        try:
            self._epoll.unregister(descriptor)
        except OSError:  # it is closed, which has ended the wait
            return

    def wait(self, seconds: float) -> Ready:
        """Wait for so many seconds at most. Return what is ready."""
        known, ready = self._on_ready, []
        for descriptor, events in self._epoll.poll(max(0.0, seconds)):
            if on_ready := known.get(descriptor):
                # An error or a hang-up is for whoever reads, and for whoever writes.
                bits = (READ if events & ~select.EPOLLOUT else 0) | (WRITE if events & ~select.EPOLLIN else 0)
                ready.append((on_ready, descriptor, bits))
        return ready


class BySelectors:
    """Waits by whatever Python finds best here."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self.register, self.modify = self._selector.register, self._selector.modify
        self.unregister = self._selector.unregister

    def wait(self, seconds: float) -> Ready:
        """Wait for so many seconds at most. Return what is ready."""
        return [(key.data, key.fd, bits) for key, bits in self._selector.select(max(0.0, seconds))]


def _bits_for_epoll(bits: int) -> int:
    return (select.EPOLLIN if bits & READ else 0) | (select.EPOLLOUT if bits & WRITE else 0)
