"""Every function as a process of its own: started, started again if it ends, and ended with us.

Run as ``python -m infra.local.processes '{"list_alerts": 40001, …}'``. It ends when its standard input closes, which
happens however its parent ends; and so do the processes of the functions, ``… list_alerts 40001``.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from infra.local.gateway import in_process
from infra.local.server import Server, listen
from shared.settings import ROOT

RESTART_SECONDS = 1.0
STOP_SECONDS = 1.5


def command(name: str, port: int) -> list[str]:
    """The command that runs one function alone, on loopback."""
    return [sys.executable, "-m", "infra.local.processes", name, str(port)]


def supervise(ports: Mapping[str, int], is_over: threading.Event) -> None:
    """Keep one process running for each name until ``is_over``, then end them all."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    wait = 0.1
    try:
        while not is_over.is_set():
            for name, port in ports.items():
                process = running.get(name)
                if process is None or process.poll() is not None:
                    running[name] = subprocess.Popen(command(name, port), cwd=ROOT, stdin=subprocess.PIPE)  # noqa: S603
            is_over.wait(wait)
            wait = RESTART_SECONDS
    finally:
        _end(list(running.values()))


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
    if len(sys.argv) == 3:
        app, listener = in_process(sys.argv[1]), listen(int(sys.argv[2]))
        _when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM))
        # Nothing to finish: by the time that it is told to end, the gateway has, and nobody waits for an answer.
        deaf = _do_not_hear_ctrl_c
        Server(app, listener, when_ready=deaf, in_worker=deaf, finish_seconds=0).run()
        return
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    _when_parent_ends(is_over.set)
    supervise(json.loads(sys.argv[1]), is_over)


def _do_not_hear_ctrl_c() -> None:
    # Born deaf to it, but gunicorn listens. Who ends by itself would be started again before everything ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _when_parent_ends(act: Callable[[], None]) -> None:
    def watch() -> None:
        # Not sys.stdin.read, whose lock a daemon thread would hold at the interpreter's end: that is a fatal error.
        os.read(sys.stdin.fileno(), 1)
        act()

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    _main()
