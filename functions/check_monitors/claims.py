"""Which monitors this process checks at present. Its runs may overlap, so that a slow check delays no other.

A monitor stays claimed until its event is reported or waits in the backlog: a later run's event cannot overtake it.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

_lock = threading.Lock()
_claimed: set[str] = set()

Release = Callable[[Iterable[str]], None]


@contextlib.contextmanager
def claimed(names: Sequence[str]) -> Iterator[tuple[list[str], Release]]:
    """Claim those of ``names`` that no other run has. Yield them, and what releases some of them before the end."""
    with _lock:
        own = [name for name in names if name not in _claimed]
        _claimed.update(own)
    remaining = set(own)

    def release(done: Iterable[str]) -> None:
        # Only our own: another run may have claimed by now what we have released.
        with _lock:
            over = remaining.intersection(done)
            remaining.difference_update(over)
            _claimed.difference_update(over)

    try:
        yield own, release
    finally:
        release(own)
