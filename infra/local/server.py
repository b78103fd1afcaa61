"""gunicorn, set up for one machine: one process with threads, on a socket that is bound already."""

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication

# Enough for runs that post to this very process while others are answered.
THREADS = 16
# A worker ends what it is at; a thread that hangs it leaves behind; a worker that does not leave is killed.
FINISH_SECONDS = 1
LEAVE_SECONDS = 0.2
KILL_SECONDS = 2


def listen(port: int) -> socket.socket:
    """A socket that listens on the port of this machine. Raises OSError where it is taken."""
    listener = socket.socket()
    # So that a new start need not wait for the connections of the one before.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    # Bound alone would not do: two may be, until one of them listens.
    listener.listen(2048)
    return listener


def _nothing() -> None:
    """What is called where nothing was asked for."""


def _leave() -> None:
    others = [each for each in threading.enumerate() if not each.daemon and each is not threading.main_thread()]
    give_up_at = time.monotonic() + LEAVE_SECONDS
    for other in others:
        other.join(max(0.0, give_up_at - time.monotonic()))
    if any(other.is_alive() for other in others):
        # It hangs, has had its time, and Python would wait for it.
        os._exit(0)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves ``app`` on ``listener``; calls ``when_ready`` once it does, and ``in_worker`` in the serving process."""

    def __init__(
        self,
        app: WSGIApplication,
        listener: socket.socket,
        *,
        when_ready: Callable[[], None] = _nothing,
        in_worker: Callable[[], None] = _nothing,
        at_exit: Callable[[], None] = _nothing,
        finish_seconds: int = FINISH_SECONDS,
    ) -> None:
        self.app = app
        self.in_worker = in_worker
        self.finish_seconds = finish_seconds
        # Kept, since it would be closed with its last reference; gunicorn only gets its number.
        self.listener = listener
        self.options: dict[str, Any] = {
            "bind": f"fd://{listener.fileno()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "graceful_timeout": KILL_SECONDS,
            "timeout": 60,
            "loglevel": "error",
            "control_socket_disable": True,
            "when_ready": lambda _server: when_ready(),
            "worker_exit": lambda _server, _worker: _leave(),
            "post_worker_init": self._begin_worker,
            "on_exit": lambda _server: at_exit(),
        }
        super().__init__()

    def _begin_worker(self, worker: Any) -> None:
        # Shorter than the time after which it is killed: who leaves in time is not said to be out of memory.
        worker.cfg.set("graceful_timeout", self.finish_seconds)
        self.in_worker()

    def load_config(self) -> None:
        """Called by gunicorn for its settings."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Called by gunicorn for the app."""
        return self.app
