"""gunicorn, set up for one machine: one process with threads, on a socket that is bound already."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

# Enough for runs that post to this very process while others are answered.
THREADS = 16
# A worker that is told to end has this long for what it is at; what hangs then is left behind.
FINISH_SECONDS = 1.0
# A worker that does not leave by itself is killed, once this many whole seconds have passed.
KILL_SECONDS = 2
# From the arbiter, and at Ctrl-C from the terminal too.
_ENDING = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket that listens on the port of ``host``, an IP address. Raises OSError where it cannot be had."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # So that a new start need not wait for the connections of the one before.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    # Bound alone would not do: two may be, until one of them listens.
    listener.listen(2048)
    return listener


def _nothing() -> None:
    """What is called where nothing was asked for."""


def _leave() -> None:
    # Not by Python's own end: that would wait for a thread that hangs, and take its time to free what ends anyway.
    sys.stdout.flush()
    os._exit(0)


def _leave_when_told(worker: Any, told: int) -> None:
    """Wait until something can be read from ``told``; then leave when everybody is served, or after FINISH_SECONDS.

    gunicorn would wait seconds for who may still ask on a connection that is kept, as every schedule keeps one; and its
    own limit is looked at only when something happens, or once a second.
    """
    os.read(told, 1)
    give_up_at = time.monotonic() + FINISH_SECONDS
    while worker.nr_conns > len(worker.keepalived_conns) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    _leave()


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves what ``make_app`` makes on ``listener``.

    ``make_app`` and then ``in_worker`` are called in the process that serves, ``in_arbiter`` in the one that only
    starts it again if it dies and that never imports what the app is made of. ``when_told_to_end`` is called in the
    latter, before the worker is told.
    """

    def __init__(
        self,
        make_app: Callable[[], WSGIApplication],
        listener: socket.socket,
        *,
        in_arbiter: Callable[[], None] = _nothing,
        in_worker: Callable[[], None] = _nothing,
        when_told_to_end: Callable[[], None] = _nothing,
    ) -> None:
        self.make_app = make_app
        self.in_worker = in_worker
        self.when_told_to_end = when_told_to_end
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
            # On one machine every client would count as a proxy that may move the app to another path.
            "forwarder_headers": "",
            "when_ready": lambda _server: in_arbiter(),
            # One that never began ends as gunicorn has it: all ends, instead of beginning again and again.
            "worker_exit": lambda _server, worker: _leave() if worker.booted else None,
            "post_worker_init": self._begin_worker,
        }
        super().__init__()

    def _begin_worker(self, worker: Any) -> None:
        told, tell = os.pipe()
        # Now, since what a signal interrupts may be just beginning a thread and hold the lock for that.
        threading.Thread(target=_leave_when_told, args=(worker, told), daemon=True).start()

        def end(number: int, frame: Any) -> None:
            os.write(tell, b".")
            worker.handle_exit(number, frame)

        for number in _ENDING:
            signal.signal(number, end)
        self.in_worker()

    def load_config(self) -> None:
        """Called by gunicorn for its settings."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Called by gunicorn for the app, in the worker."""
        # Told to end while it still imports, it just ends: it has nothing to finish.
        heard = {number: signal.signal(number, signal.SIG_DFL) for number in _ENDING}
        try:
            return self.make_app()
        finally:
            for number, handler in heard.items():
                signal.signal(number, handler)

    def run(self) -> None:
        """Serve until told to end."""
        _Arbiter(self).run()


class _Arbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    def stop(self, graceful: bool = True) -> None:
        self.app.when_told_to_end()
        super().stop(graceful)
