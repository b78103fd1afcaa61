"""The processes that a deployment runs: they end with it, and none goes on by itself."""

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

# After that, a process that was asked to end is killed.
GRACE_SECONDS = 5.0
NOTHING: Mapping[str, str] = {}


class Stopped(Exception):
    """The process did not run to its end; the text says why."""


class Children:
    """Processes that run at the same time. ``seconds``: how long each may take, None for no limit.

    Each is in a session of its own, so that Ctrl-C reaches this program alone, and this program ends them. A process
    that ended by itself would look like a command that failed.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = threading.Event()

    def run(
        self, words: Sequence[str], folder: Path, stdin: str, environ: Mapping[str, str] = NOTHING
    ) -> tuple[int, str, str]:
        """Run one to its end; its exit code, its output and its errors. ``environ``: variables beside our own.

        Raises Stopped, and OSError.
        """
        pipe = subprocess.PIPE
        with self._lock:
            if self._stopped.is_set():
                raise Stopped("was not begun")
            process = subprocess.Popen(  # noqa: S603  # an argument list, without a shell
                words,
                cwd=folder,
                env={**os.environ, **environ},
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                text=True,
                start_new_session=True,
            )
            self._running.add(process)
        try:
            output, errors = process.communicate(stdin, self._seconds)
        except subprocess.TimeoutExpired:
            raise Stopped(f"took more than {self._seconds:g} s") from None
        finally:
            _end([process])
            with self._lock:
                self._running.discard(process)
        if self._stopped.is_set() and process.returncode:
            raise Stopped("was ended")
        return process.returncode, output, errors

    def stop(self) -> None:
        """End those that run, and let no other begin."""
        with self._lock:
            self._stopped.set()
            running = list(self._running)
        _end(running)

    def is_stopped(self, within_seconds: float) -> bool:
        """Whether they are stopped, or will be within so many seconds, which this waits for."""
        return self._stopped.wait(within_seconds)


def _end(processes: Sequence["subprocess.Popen[str]"]) -> None:
    running = [process for process in processes if process.poll() is None]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in running:
            # With all that it started.
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                continue
        for process in running:
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        running = [process for process in running if process.poll() is None]
