"""gunicorn, set up for one machine: one process that serves, on a socket that is already bound."""

import contextlib
import logging
import mmap
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer

from infra.local.front.worker import FrontWorker
from shared.logs import step
from shared.logs.output import Output

# A worker that is told to end has this long for its current requests; then it abandons them.
FINISH_SECONDS = 1.0
# A worker that does not end by itself is killed after this many whole seconds.
KILL_SECONDS = 2
# If so many workers in a row end before they serve, the next one would too.
BOOTS = 3
# The module of the agent that has temporary files. A worker loads it for the first check.
_WITH_FILES = "functions.check_monitors.probes.network.certificates"
# From the arbiter; and from the terminal with Ctrl-C, or when it is closed.
_ENDING = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT, signal.SIGHUP)
# gunicorn would add or end workers, or run everything twice. The default of some is to stop or to end the process.
_IGNORED = (signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2)


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


def _is_well() -> bool:
    """The default: nothing else is needed."""
    return True


def _leave() -> None:
    # sys.exit would wait for a thread that hangs, and spend time on freeing memory.
    if certificates := sys.modules.get(_WITH_FILES):
        certificates.remove_files()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Output):
            stream.drain(FINISH_SECONDS / 4)
    os._exit(0)


def _log_failure(step_name: str, *, failure: bool = False, **fields: Any) -> None:
    step("server", step_name, level=logging.ERROR, failure=failure, **fields)


def _leave_on_signal(worker: FrontWorker, signalled: int) -> None:
    """Wait until ``signalled`` can be read; then leave when all requests are served, or after FINISH_SECONDS.

    The worker's own loop has no such limit: a check that hangs would hold it.
    """
    os.read(signalled, 1)
    give_up_at = time.monotonic() + FINISH_SECONDS
    while worker.is_busy and time.monotonic() < give_up_at:
        time.sleep(0.01)
    _leave()


@contextlib.contextmanager
def _failure_logged() -> Iterator[None]:
    # gunicorn prints it, and perhaps nobody reads that.
    try:
        yield
    except Exception:
        _log_failure("start_failed", failure=True)
        raise


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Serves the app of ``make_app`` on ``listener``.

    The worker, the process that serves, calls ``make_app`` and then ``in_worker``. The arbiter, which restarts the
    worker if it dies and never imports the app, calls ``in_arbiter``, and ``on_stop`` before it ends the worker. If
    workers cannot begin, or once ``is_well`` is false, it ends everything with a line in the log.
    """

    def __init__(
        self,
        make_app: Callable[[], WSGIApplication],
        listener: socket.socket,
        *,
        in_arbiter: Callable[[], None] = _nothing,
        in_worker: Callable[[], None] = _nothing,
        on_stop: Callable[[], None] = _nothing,
        is_well: Callable[[], bool] = _is_well,
    ) -> None:
        self.make_app = make_app
        self.in_worker = in_worker
        self.on_stop = on_stop
        self.is_well = is_well
        # Shared with the workers: whether one of them has begun since the arbiter last asked.
        self.begun = mmap.mmap(-1, 1)
        # With nohup, the end of the terminal ends nothing.
        is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self.ending = tuple(number for number in _ENDING if number != signal.SIGHUP or not is_kept)
        self.ignored = (*_IGNORED, *(number for number in _ENDING if number not in self.ending))
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

        for number in self.ending:
            signal.signal(number, end)
        with _failure_logged():
            self.in_worker()
        self.begun[0] = 1

    def load_config(self) -> None:
        """Called by gunicorn for its settings."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApplication:
        """Called by gunicorn for the app, in the worker."""
        # A signal during the imports simply ends the process: it has nothing to finish.
        handlers = {number: signal.signal(number, signal.SIG_DFL) for number in self.ending}
        for number in self.ignored:
            signal.signal(number, signal.SIG_IGN)
        try:
            with _failure_logged():
                return self.make_app()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def run(self) -> None:
        """Serve until stopped."""
        _Arbiter(self).run()


class _Arbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    def __init__(self, app: Server) -> None:
        self.SIGNALS = app.ending
        self._failed_boots = 0
        self._is_stopping = False
        super().__init__(app)

    def init_signals(self) -> None:
        super().init_signals()
        for number in self.app.ignored:
            signal.signal(number, signal.SIG_IGN)

    def handle_hup(self) -> None:
        # The terminal is closed. gunicorn would reload and go on without it.
        self.handle_term()

    def reap_workers(self) -> None:
        before = len(self.WORKERS)
        super().reap_workers()
        if len(self.WORKERS) < before and not self._is_stopping:
            self._failed_boots = 0 if self.app.begun[0] else self._failed_boots + 1
            self.app.begun[0] = 0
            if self._failed_boots >= BOOTS:
                raise HaltServer(f"{BOOTS} workers ended before they served", self.WORKER_BOOT_ERROR)

    def manage_workers(self) -> None:
        if not self.app.is_well():
            raise HaltServer("the functions' processes ended", self.WORKER_BOOT_ERROR)
        super().manage_workers()

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        if exit_status:
            _log_failure("stopped", reason=reason)
        super().halt(reason, exit_status)

    def stop(self, graceful: bool = True) -> None:
        self._is_stopping = True
        self.app.on_stop()
        super().stop(graceful)
