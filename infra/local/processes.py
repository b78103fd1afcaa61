"""Every function as a functions-framework process of its own: started, started again if it ends, and ended with us.

Run as ``python -m infra.local.processes '{"list_alerts": 40001, …}'``. It ends when its standard input closes, which
happens however its parent ends.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from infra.table import MAIN

RESTART_SECONDS = 1.0
STOP_SECONDS = 1.0


def command(name: str, port: int) -> list[str]:
    """The command that runs one function alone, on loopback."""
    # Beside the interpreter, since a virtual environment need not be activated.
    program = Path(sys.executable).with_name("functions-framework")
    return [str(program), f"--source={MAIN}", f"--target={name}", "--host=127.0.0.1", f"--port={port}"]


def supervise(ports: Mapping[str, int], is_over: threading.Event) -> None:
    """Keep one process running for each name until ``is_over``, then end them all."""
    # Threads as in the single process; the default is made for a whole machine of one function.
    environ = os.environ | {"THREADS": "8"}
    running: dict[str, subprocess.Popen[bytes]] = {}
    wait = 0.1
    try:
        while not is_over.is_set():
            for name, port in ports.items():
                process = running.get(name)
                if process is None or process.poll() is not None:
                    running[name] = subprocess.Popen(command(name, port), env=environ, stdin=subprocess.DEVNULL)  # noqa: S603
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
        # Its worker sees that it is gone and ends too.
        process.kill()


def _main() -> None:
    is_over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: is_over.set())

    def watch_parent() -> None:
        sys.stdin.buffer.read()
        is_over.set()

    threading.Thread(target=watch_parent, daemon=True).start()
    supervise(json.loads(sys.argv[1]), is_over)


if __name__ == "__main__":
    _main()
