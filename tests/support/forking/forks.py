"""Starts a system as a fork, if one can stand for it.

Tests of the start itself start it truly: they use a copy of the project of their own.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

# Variables that the interpreter, or the C library, reads when it starts, and never again.
_READ_AT_THE_START = ("PYTHON", "MALLOC_", "LD_", "LANG", "LC_", "VIRTUAL_ENV")
# Except these: a fork prints into files, has imported what it needs, and gives its streams the encoding by itself.
_NO_MATTER = {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PYTHONIOENCODING"}
_PROGRAM = Path(__file__).with_name("program.py")


class Process(Protocol):
    """The part of a process's interface that tests use."""

    pid: int

    @property
    def returncode(self) -> int | None:
        """How it was seen to end, negative for a signal."""

    def poll(self) -> int | None:
        """How it ended; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. subprocess.TimeoutExpired if that does not come."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""


class Fork:
    """See Process."""

    def __init__(self, source: "_Source", pid: int, command: list[str]) -> None:
        self.pid, self.returncode = pid, None
        self._source, self._command = source, command

    returncode: int | None

    def poll(self) -> int | None:
        """See Process."""
        if self.returncode is None:
            self.returncode = self._source.ask({"poll": self.pid})
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """See Process."""
        give_up_at = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if give_up_at is not None and time.monotonic() > give_up_at:
                raise subprocess.TimeoutExpired(self._command, timeout or 0)
            time.sleep(0.01)
        return code

    def send_signal(self, sig: int) -> None:
        """See Process."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class _Source:
    """The process that forks."""

    def __init__(self, project: Path, environ: Mapping[str, str], modules: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._project, self._modules = project, modules
        self._environ = environ
        self._process: subprocess.Popen[str] | None = None

    def ask(self, order: dict[str, Any]) -> Any:
        with self._lock:
            if self._process is None:
                self._process = self._started()
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            assert line, "the process that forks has ended"
            return json.loads(line)

    def fits(self, environ: Mapping[str, str]) -> bool:
        return _at_start(environ) == _at_start(self._environ)

    def _started(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, str(_PROGRAM), *self._modules],
            cwd=self._project,
            env=self._environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def end(self) -> None:
        if self._process is not None:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.close()
            self._process.wait(10)
            self._process.stdout.close()


def _at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environ.items() if name.startswith(_READ_AT_THE_START) and name not in _NO_MATTER
    }


_sources: dict[Path, _Source] = {}


@contextlib.contextmanager
def starts_by_forks(project: Path, environ: Mapping[str, str], modules: Sequence[str] = ()) -> Iterator[None]:
    """Meanwhile a process in ``environ`` that has imported the system of ``project`` forks what is started in it.

    ``modules``: what it imports besides ours, if not the system is started, but a command.
    """
    before = _sources.get(project)
    _sources[project] = source = _Source(project, environ, modules)
    try:
        yield
    finally:
        del _sources[project]
        if before:  # of another folder of tests, for the same repository
            _sources[project] = before
        source.end()


def has_forks(project: Path, environ: Mapping[str, str]) -> bool:
    """Whether a fork of ``project`` in ``environ`` would be the same as a start."""
    source = _sources.get(project)
    return source is not None and source.fits(environ)


def forked(
    command: list[str],
    project: Path,
    environ: Mapping[str, str],
    output: Path,
    *,
    typed: Path | None = None,
    errors: Path | None = None,
) -> Fork | None:
    """A fork that runs ``command`` and appends to ``output``, which is there; None if a fork would be another thing.

    ``typed``: a file with its standard input. ``errors``: where its standard error goes, if not to ``output`` as well.
    """
    if not has_forks(project, environ):
        return None
    source = _sources[project]
    files = {"input": str(typed or os.devnull), "output": str(output), "errors": str(errors or output)}
    pid = source.ask({"command": command, "environ": dict(environ), **files})
    return Fork(source, pid, command)


def run(
    command: list[str], project: Path, environ: Mapping[str, str], typed: str = "", seconds: float | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command of ``project`` to its end, as a fork if one can stand for it.

    subprocess.TimeoutExpired if it does not end within so many ``seconds``.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in ("typed", "output", "errors")}
        for file in files.values():
            file.write_text(typed if file.name == "typed" else "", encoding="utf-8")
        fork = forked(command, project, environ, **files)
        if fork is None:
            return subprocess.run(
                command, cwd=project, env=environ, input=typed, capture_output=True, text=True, timeout=seconds
            )
        try:
            code = fork.wait(seconds)
        finally:
            fork.kill()  # it may hang, and the test may be over
        output, errors = (files[name].read_text(encoding="utf-8") for name in ("output", "errors"))
        return subprocess.CompletedProcess(command, code, output, errors)
