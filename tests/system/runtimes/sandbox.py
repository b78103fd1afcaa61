"""Lambda's execution environments, as processes that see only the unpacked zip of the project."""

import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import pytest

from infra.clouds.aws.package import Runtime, build
from tests.support.running import STOP_SECONDS, living, wait_until
from tests.system.runtimes.confined import confined, memory_mib
from tests.system.runtimes.libraries import link

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
# Lambda's runtime brings boto3 and what boto3 needs.
BROUGHT = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
TASK, LIBRARIES, PACKAGE = "task", "runtime", "package.zip"
# The variables that the C library reads when a process starts, with Lambda's values.
READ_AT_THE_START = {"LANG": "en_US.UTF-8", "TZ": ":UTC"}


class InvocationFailed(Exception):
    """The handler raised. The text is what Lambda would report."""


def unpacked(folder: Path, package: Path | None = None) -> Path:
    """Unpack the zip into ``task`` in a folder, and link what Lambda's runtime brings beside it; the folder.

    The zip is built as in a deployment, but for the Python and the processor of this machine, and with the libraries
    that are here already. A deployment's own call of pip is in ``tests/infra/clouds/aws``.
    """
    package = package or folder / PACKAGE
    if not package.exists():
        here = Runtime(f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("infra.clouds.aws.package._install", lambda _, to: (to.mkdir(), link(to)))
            build(here, package)
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder / TASK)
    (folder / LIBRARIES).mkdir()
    for name in BROUGHT:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        module = Path(spec.origin)
        found = module.parent if module.name == "__init__.py" else module
        (folder / LIBRARIES / found.name).symlink_to(found)
    return folder


class Sandbox:
    """One execution environment of a function. It takes one event at a time. ``writable`` is its /tmp.

    ``source``: what forks it, if it is not to start truly.
    """

    def __init__(
        self,
        unpacked: Path,
        writable: Path,
        environ: Mapping[str, str],
        output: Path,
        *,
        is_confined: bool = True,
        source: "Source | None" = None,
    ) -> None:
        self._unpacked, self._writable, self._environ, self._output = unpacked, writable, dict(environ), output
        self._is_confined, self._source = is_confined, source
        self._turn = threading.Lock()
        self._group: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.path: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and return at once. The first event waits until the handler's module is imported."""
        (answers, answering), (listening, events) = os.pipe(), os.pipe()
        self._answers, self._events = os.fdopen(answers, encoding="utf-8"), os.fdopen(events, "w", encoding="utf-8")
        with self._output.open("ab") as output:
            if self._source:
                self._group = self._source.fork(self._environ, listening, output.fileno(), answering)
            else:
                folders = self._writable if self._is_confined else None, self._unpacked
                self._process = bootstrap(*folders, self._environ, listening, output.fileno(), answering)
                self._group = self._process.pid
        os.close(listening)
        os.close(answering)

    def wait_until_ready(self) -> None:
        """Wait until the handler's module is imported."""
        if not self.path:
            self.path = self._answer()["path"]

    def invoke(self, event: dict[str, Any]) -> Any:
        """Call the handler with an event and return its result. Raises InvocationFailed."""
        with self._turn:
            self.wait_until_ready()
            self._events.write(json.dumps(event) + "\n")
            self._events.flush()
            answer = self._answer()
        if "error" in answer:
            raise InvocationFailed("{errorType}: {errorMessage}".format(**answer["error"]))
        return answer["result"]

    def kill(self) -> None:
        """Send SIGKILL to the whole group."""
        if self._group is None:
            return
        group, self._group = self._group, None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):
            self._events.close()
        if self._process:
            self._process.wait()
        wait_until(lambda: not living(group), STOP_SECONDS)
        self._answers.close()

    def living(self) -> list[int]:
        """Its processes."""
        return [] if self._group is None else living(self._group)

    def memory_mib(self) -> float:
        """Its memory. Shared pages count in full: an instance shares none, unlike the forks here."""
        return memory_mib(self.living(), "Rss")

    def printed(self) -> str:
        """All that it has printed: its log."""
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        assert line, f"it ended\n{self.printed()}"
        found: dict[str, Any] = json.loads(line)
        return found


def bootstrap(
    writable: Path | None,
    unpacked: Path,
    environ: Mapping[str, str],
    reading: int,
    output: int,
    descriptor: int,
    *modules: str,
) -> "subprocess.Popen[bytes]":
    """Start the program ``bootstrap.py``, which can write only to one folder, if one is named."""
    folders = [str(unpacked / TASK), str(unpacked / LIBRARIES)]
    # Isolated and without site packages, so that only the standard library is on the path.
    command = [sys.executable, "-I", "-S", "-B", str(BOOTSTRAP), *folders, str(descriptor), *modules]
    return subprocess.Popen(
        confined(writable, unpacked, *command) if writable else command,
        cwd=unpacked / TASK,
        env=environ,
        stdin=reading,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=[descriptor],
        start_new_session=True,
    )


class Source:
    """A process that has imported what every function does first, and forks their environments; a context manager.

    It is in a sandbox of its own, in which a fork remains.
    """

    # The handler, and what most functions need of libraries.
    IMPORTED = ("infra.clouds.aws.handler", "shared.store.engines.postgres.database")

    def __init__(self, unpacked: Path, writable: Path) -> None:
        self._unpacked, self._writable = unpacked, writable
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._orders, taking = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", **READ_AT_THE_START}
        output = self._writable / "source.txt"
        with taking, output.open("ab") as printed:
            given = printed.fileno(), taking.fileno()
            nothing = subprocess.DEVNULL
            self._process = bootstrap(self._writable, self._unpacked, environ, nothing, *given, *self.IMPORTED)
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.close()
        self._process.wait(STOP_SECONDS)

    def fork(self, environ: Mapping[str, str], *descriptors: int) -> int:
        """Start an environment with its standard input, its output, and where its results go; its process group."""
        assert {name: environ[name] for name in READ_AT_THE_START} == READ_AT_THE_START
        with self._lock:
            socket.send_fds(self._orders, [json.dumps(dict(environ)).encode()], descriptors)
            answer = self._orders.recv(100)
        assert answer, "the process that forks has ended"
        return int(answer)
