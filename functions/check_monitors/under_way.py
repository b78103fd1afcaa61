"""The monitors that this process checks at present. Its runs may overlap, so that a slow check delays no other.

A monitor stays taken until its event is reported or waits in the backlog: a later run's event cannot overtake it.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

_lock = threading.Lock()
_checked: set[str] = set()

Release = Callable[[Iterable[str]], None]


class TakenMonitors:
    """The monitors that one run has taken, and not released yet."""

    def __init__(self) -> None:
        self._own: set[str] = set()

    def take(self, names: Sequence[str]) -> list[str]:
        """Take those of ``names`` that no run checks."""
        with _lock:
            own = [name for name in names if name not in _checked]
            _checked.update(own)
            self._own.update(own)
        return own

    def release(self, done: Iterable[str]) -> None:
        """Let others check these again."""
        # Only our own: another run may have taken by now what we have released.
        with _lock:
            over = self._own.intersection(done)
            self._own.difference_update(over)
            _checked.difference_update(over)

    def release_all(self) -> None:
        """Let others check everything again that is still held."""
        self.release(tuple(self._own))


@contextlib.contextmanager
def checking(names: Sequence[str]) -> Iterator[tuple[list[str], Release]]:
    """Take those of ``names`` that no other run checks. Yield them, and what releases some of them before the end."""
    taken = TakenMonitors()
    try:
        yield taken.take(names), taken.release
    finally:
        taken.release_all()
