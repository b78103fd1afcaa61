"""gunicorn's worker process, with a loop of our own in it.

gunicorn's threads read the requests themselves, so that as many slow clients as it has threads stop everything.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.workers.base import Worker


class FrontWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """Serves with a ``Loop``. The arbiter imports this module too, so the loop is imported in the worker."""

    loop: Any = None

    def run(self) -> None:
        """Serve until told to end; then until the requests that are worked on have their responses."""
        from infra.local.front.loop import Loop

        self.loop = Loop(self.wsgi, self.cfg, self.log, self.sockets, _lanes())
        while self.alive or self.loop.is_busy:
            self.notify()
            self.loop.is_stopping = not self.alive
            self.loop.turn()
            if self.ppid != os.getppid():
                return

    @property
    def is_busy(self) -> bool:
        """Whether a request is worked on, or its response is not sent yet."""
        return self.loop is not None and self.loop.is_busy

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ARG002  # a signal handler
        """End soon."""
        self.alive = False
        if self.loop is not None:
            self.loop.wake()


def _lanes() -> Callable[[str, Iterable[tuple[str, str]]], Any]:
    from infra.local.front.lanes import lane_of
    from infra.table import rows

    scheduled = frozenset(row.route.path for row in rows() if row.every is not None)
    return lambda path, headers: lane_of(path, headers, scheduled)
