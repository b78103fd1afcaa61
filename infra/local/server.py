"""gunicorn, set up for one machine: one process with threads, on a socket that is bound already."""

import socket
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication

# Enough for runs that post to this very process while others are answered.
THREADS = 16
STOP_SECONDS = 1


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves ``app`` on ``listener``; calls ``when_ready`` once it does, and ``in_worker`` in the serving process."""

    def __init__(
        self,
        app: WSGIApplication,
        listener: socket.socket,
        *,
        when_ready: Callable[[], None],
        in_worker: Callable[[], None],
        at_exit: Callable[[], None],
    ) -> None:
        self.app = app
        self.options: dict[str, Any] = {
            "bind": f"fd://{listener.fileno()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "graceful_timeout": STOP_SECONDS,
            "timeout": 60,
            "loglevel": "error",
            "control_socket_disable": True,
            "when_ready": lambda _server: when_ready(),
            "post_worker_init": lambda _worker: in_worker(),
            "on_exit": lambda _server: at_exit(),
        }
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn for its settings."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Called by gunicorn for the app."""
        return self.app
