"""Run every function as a process of its own: start it, restart it if it ends, and end it with us.

Run as ``python -m infra.local.processes '{"list_alerts": 5, …}'``, with the number of the socket that each listens on.
The sockets stay open here, so that a request waits for a process that is starting or restarting. We end when our
standard input closes, which happens however our parent ends. The functions (``… list_alerts 5``) do the same.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from wsgiref.types import WSGIApplication

from gunicorn.arbiter import Arbiter

from infra.local import large_values
from infra.local.server import Server
from shared.logs.output import install

RESTART_SECONDS = 1.0
STOP_SECONDS = 1.5


def supervise(
    listeners: Mapping[str, int],
    is_over: threading.Event,
    start: Callable[[str, int], subprocess.Popen[bytes]],
) -> None:
    """Keep one process running for each name until ``is_over``, or until one of them cannot begin; end them all."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    wait = 0.1
    try:
        while not is_over.is_set():
            for name, number in listeners.items():
                process = running.get(name)
                if process is not None and process.poll() == Arbiter.WORKER_BOOT_ERROR:
                    return  # it would end again and again
                if process is None or process.poll() is not None:
                    running[name] = start(name, number)
            is_over.wait(wait)
            wait = RESTART_SECONDS
    finally:
        _end(list(running.values()))


def _start(name: str, listener: int, environ: Mapping[str, str], inherited: list[int]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "infra.local.processes", name, str(listener)]
    return subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, pass_fds=[listener, *inherited])  # noqa: S603


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    give_up_at = time.monotonic() + STOP_SECONDS
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, give_up_at - time.monotonic()))
    for process in processes:
        process.kill()
        process.wait()


def _main() -> None:
    install()
    environ, inherited = large_values.take(os.environ)
    if len(sys.argv) == 3:
        _when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
        listener = socket.socket(fileno=int(sys.argv[2]))
        Server(lambda: _function(sys.argv[1]), listener, in_arbiter=_ignore_ctrl_c, in_worker=_ignore_ctrl_c).run()
        return
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    _when_parent_ends(is_over.set)
    supervise(json.loads(sys.argv[1]), is_over, lambda name, number: _start(name, number, environ, inherited))


def _function(name: str) -> WSGIApplication:
    # Imported here, since neither the supervisor nor a function's arbiter needs it.
    from infra.local.gateway import in_process

    return in_process(name)


def _ignore_ctrl_c() -> None:
    # It was ignored from the birth of the process, but gunicorn handles it. A process that ended by itself would be
    # restarted before everything ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _when_parent_ends(act: Callable[[], None]) -> None:
    def watch() -> None:
        # In sys.stdin.read, a daemon thread would hold a lock at the interpreter's end, which is a fatal error.
        os.read(sys.stdin.fileno(), 1)
        act()

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _main()
