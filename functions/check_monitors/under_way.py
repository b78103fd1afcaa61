"""Which monitors this process checks at present. Its runs may overlap, so that a slow check delays no other.

A monitor stays taken until its event is reported or waits in the backlog: a later run's event cannot overtake it.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

_lock = threading.Lock()
_checked: set[str] = set()

Release = Callable[[Iterable[str]], None]


@contextlib.contextmanager
def checking(names: Sequence[str]) -> Iterator[tuple[list[str], Release]]:
    """Take those of ``names`` that no other run checks. Yield them, and what releases some of them before the end."""
    with _lock:
        own = [name for name in names if name not in _checked]
        _checked.update(own)
    remaining = set(own)

    def release(done: Iterable[str]) -> None:
        # Only our own: another run may have claimed by now what we have released.
        with _lock:
            over = remaining.intersection(done)
            remaining.difference_update(over)
            _checked.difference_update(over)

    try:
        yield own, release
    finally:
        release(own)
