"""gunicorn, set up for one machine: one process that serves, on a socket that is already bound."""

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

from infra.local.front.worker import FrontWorker

# A worker that is told to end has this long for its current requests; then it abandons them.
FINISH_SECONDS = 1.0
# A worker that does not end by itself is killed after this many whole seconds.
KILL_SECONDS = 2
# From the arbiter, and with Ctrl-C also from the terminal.
_ENDING = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket that listens on the port of ``host``, an IP address. Raises OSError if that is not possible."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    # Otherwise a new start would have to wait for the previous one's connections.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    # Binding is not enough: two sockets may be bound until one of them listens.
    listener.listen(2048)
    return listener


def _nothing() -> None:
    """The default of every hook."""


def _leave() -> None:
    # sys.exit would wait for a thread that hangs, and spend time on freeing memory.
    sys.stdout.flush()
    os._exit(0)


def _leave_on_signal(worker: FrontWorker, signalled: int) -> None:
    """Wait until ``signalled`` can be read; then leave when all requests are served, or after FINISH_SECONDS.

    The worker's own loop has no such limit: a check that hangs would hold it.
    """
    os.read(signalled, 1)
    give_up_at = time.monotonic() + FINISH_SECONDS
    while worker.is_busy and time.monotonic() < give_up_at:
        time.sleep(0.01)
    _leave()


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves the app of ``make_app`` on ``listener``.

    The worker, the process that serves, calls ``make_app`` and then ``in_worker``. The arbiter, which restarts the
    worker if it dies and never imports the app, calls ``in_arbiter``, and ``on_stop`` before it ends the worker.
    """

    def __init__(
        self,
        make_app: Callable[[], WSGIApplication],
        listener: socket.socket,
        *,
        in_arbiter: Callable[[], None] = _nothing,
        in_worker: Callable[[], None] = _nothing,
        on_stop: Callable[[], None] = _nothing,
    ) -> None:
        self.make_app = make_app
        self.in_worker = in_worker
        self.on_stop = on_stop
        # Kept here, since gunicorn only gets its number, and the socket would close with its last reference.
        self.listener = listener
        self.options: dict[str, Any] = {
            "bind": f"fd://{listener.fileno()}",
            "worker_class": FrontWorker,
            "workers": 1,
            "graceful_timeout": KILL_SECONDS,
            "timeout": 60,
            "loglevel": "error",
            "control_socket_disable": True,
            # Otherwise every client on this machine would count as a proxy, and could move the app to another path.
            "forwarder_headers": "",
            "when_ready": lambda _server: in_arbiter(),
            # If the worker never began, gunicorn ends everything, instead of restarting it forever.
            "worker_exit": lambda _server, worker: _leave() if worker.booted else None,
            "post_worker_init": self._begin_worker,
        }
        super().__init__()

    def _begin_worker(self, worker: FrontWorker) -> None:
        signalled, signaller = os.pipe()
        # The thread begins now: a signal could interrupt the beginning of another thread, which holds a lock meanwhile.
        threading.Thread(target=_leave_on_signal, args=(worker, signalled), daemon=True).start()

        def end(number: int, frame: Any) -> None:
            os.write(signaller, b".")
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
        # A signal during the imports simply ends the process: it has nothing to finish.
        handlers = {number: signal.signal(number, signal.SIG_DFL) for number in _ENDING}
        try:
            return self.make_app()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def run(self) -> None:
        """Serve until stopped."""
        _Arbiter(self).run()


class _Arbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    def stop(self, graceful: bool = True) -> None:
        self.app.on_stop()
        super().stop(graceful)
