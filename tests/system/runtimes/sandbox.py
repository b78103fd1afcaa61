"""Lambda's execution environments, as processes that see only the unpacked zip of the project."""

import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

from infra.clouds.aws.package import Runtime, build
from tests.support.running import STOP_SECONDS, living, wait_until
from tests.system.runtimes.confined import confined, memory_mib

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
# Lambda's runtime brings boto3 and what boto3 needs.
BROUGHT = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
TASK, LIBRARIES, PACKAGE = "task", "runtime", "package.zip"


class InvocationFailed(Exception):
    """The handler raised. The text is what Lambda would report."""


def unpacked(folder: Path, package: Path | None = None) -> Path:
    """Unpack the zip into ``task`` in a folder, and link what Lambda's runtime brings beside it; the folder.

    The zip is built as in a deployment, but for the Python and the processor of this machine.
    """
    package = package or folder / PACKAGE
    if not package.exists():
        here = Runtime(f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine())
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
    """One execution environment of a function. It takes one event at a time. ``writable`` is its /tmp."""

    def __init__(
        self, unpacked: Path, writable: Path, environ: Mapping[str, str], output: Path, *, is_confined: bool = True
    ) -> None:
        self._unpacked, self._writable, self._environ, self._output = unpacked, writable, dict(environ), output
        self._is_confined = is_confined
        self._turn = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self.path: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and return at once. The first event waits until the handler's module is imported."""
        reading, writing = os.pipe()
        folders = [str(self._unpacked / TASK), str(self._unpacked / LIBRARIES)]
        # Isolated and without site packages, so that only the standard library is on the path.
        command = [sys.executable, "-I", "-S", "-B", str(BOOTSTRAP), *folders, str(writing)]
        if self._is_confined:
            command = confined(self._writable, self._unpacked, *command)
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self._unpacked / TASK,
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[writing],
                start_new_session=True,
                text=True,
            )
        os.close(writing)
        self._answers = os.fdopen(reading, encoding="utf-8")

    def wait_until_ready(self) -> None:
        """Wait until the handler's module is imported."""
        if not self.path:
            self.path = self._answer()["path"]

    def invoke(self, event: dict[str, Any]) -> Any:
        """Call the handler with an event and return its result. Raises InvocationFailed."""
        assert self._process is not None
        assert self._process.stdin is not None
        with self._turn:
            self.wait_until_ready()
            self._process.stdin.write(json.dumps(event) + "\n")
            self._process.stdin.flush()
            answer = self._answer()
        if "error" in answer:
            raise InvocationFailed("{errorType}: {errorMessage}".format(**answer["error"]))
        return answer["result"]

    def kill(self) -> None:
        """Send SIGKILL to the whole group."""
        if self._process is None:
            return
        group, process, self._process = self._process.pid, self._process, None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        with contextlib.suppress(BrokenPipeError):
            process.communicate()
        wait_until(lambda: not living(group), STOP_SECONDS)
        self._answers.close()

    def living(self) -> list[int]:
        """Its processes."""
        return [] if self._process is None else living(self._process.pid)

    def memory_mib(self) -> float:
        """Its memory, with each shared page counted by its share."""
        return memory_mib(self.living())

    def printed(self) -> str:
        """All that it has printed: its log."""
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        assert line, f"it ended\n{self.printed()}"
        found: dict[str, Any] = json.loads(line)
        return found
