"""Run every function as a process of its own: start it, restart it if it ends, and end it with us.

Run as ``python -m infra.local.processes '{"list_alerts": 5, …}'``, with the number of the socket that each listens on.
The sockets stay open here, so that a request waits for a process that is starting or restarting. Each process is a fork
of this one, which has imported the libraries that all functions need: twenty new Pythons would take ten seconds. We end
when our standard input closes, which happens however our parent ends, and the functions' processes end with us.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from gunicorn.arbiter import Arbiter

from infra.local import large_values
from infra.local.gateway import in_process
from infra.local.server import Server
from shared.logs.output import Output, install

RESTART_SECONDS = 1.0
STOP_SECONDS = 1.5


class Child:
    """A fork of this process, which runs ``work`` and ends with its exit code."""

    def __init__(self, work: Callable[[], int]) -> None:
        self._code: int | None = None
        self._number = os.fork()
        if self._number == 0:
            _run_and_end(work)

    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it runs."""
        if self._code is None:
            ended, status = os.waitpid(self._number, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if ended else None
        return self._code

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.exit_code() is None:
            os.kill(self._number, number)


def supervise(names: list[str], is_over: Callable[[float], bool], start: Callable[[str], Child]) -> None:
    """Keep one process running for each name, until one of them cannot begin, or it is over; end them all.

    ``is_over`` waits for so many seconds at most. We have no thread that could wait: we fork again and again.
    """
    running: dict[str, Child] = {}
    wait = 0.0
    try:
        while not is_over(wait):
            wait = RESTART_SECONDS if running else 0.1
            for name in names:
                child = running.get(name)
                if child is not None and child.exit_code() == Arbiter.WORKER_BOOT_ERROR:
                    return  # it would end again and again
                if child is None or child.exit_code() is not None:
                    running[name] = start(name)
    finally:
        _end(list(running.values()))


def _end(children: list[Child]) -> None:
    for child in children:
        child.signal(signal.SIGTERM)
    give_up_at = time.monotonic() + STOP_SECONDS
    while time.monotonic() < give_up_at and any(child.exit_code() is None for child in children):
        time.sleep(0.01)
    for child in children:
        child.signal(signal.SIGKILL)


def _run_and_end(work: Callable[[], int]) -> NoReturn:
    code = 1
    try:
        code = work()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        # A fork must never return into what its parent was doing.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, Output):
                stream.drain(STOP_SECONDS / 4)
        os._exit(code)


def _serve(name: str, listeners: Mapping[str, int], life_line: tuple[int, int]) -> int:
    """Serve one function. ``life_line``: a pipe whose writing end closes when our parent ends, once we let go of it."""
    reading, writing = life_line
    for number in (writing, *(number for other, number in listeners.items() if other != name)):
        os.close(number)
    _show_name(name)
    _when_closed(reading, lambda: os.kill(os.getpid(), signal.SIGTERM))
    listener = socket.socket(fileno=listeners[name])
    Server(lambda: in_process(name), listener, in_arbiter=_ignore_ctrl_c, in_worker=_ignore_ctrl_c).run()
    return 0


def _main() -> None:
    install()
    large_values.take(os.environ)
    listeners, life_line = json.loads(sys.argv[1]), os.pipe()
    supervise(list(listeners), _parent_ended, lambda name: Child(lambda: _serve(name, listeners, life_line)))


def _parent_ended(seconds: float) -> bool:
    """Wait so long at most for the end of our standard input. Returns whether it has come."""
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def _show_name(name: str) -> None:
    """Let ``ps -o comm`` and ``top`` tell the processes apart, where the system can show more than the command line."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def _ignore_ctrl_c() -> None:
    # It was ignored from the birth of the process, but gunicorn handles it. A process that ended by itself would be
    # restarted before everything ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _when_closed(reading: int, act: Callable[[], None]) -> None:
    def watch() -> None:
        # With sys.stdin.read, a daemon thread would hold a lock at the interpreter's end, which is a fatal error.
        os.read(reading, 1)
        act()

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _main()
