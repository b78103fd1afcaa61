"""A process that forks systems to be killed."""

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

from shared import ROOT
from tests.support.running import copy_project, environment


class Forge:
    """A process that has imported the system in ``project`` and forks its lives; see ``victim``."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self._lock = threading.Lock()
        self._errors = (project / "forge.txt").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "tests.torture.victim"],
            cwd=project,
            env=environment(project),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
        )
        assert self._response() == "ready"

    def fork(self, order: dict[str, Any]) -> int:
        """Start a new process, the first of its group; its id."""
        assert self._process.stdin
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return int(self._response())

    def _response(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, (self.project / "forge.txt").read_text()
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._errors.close()


def victim_project(folder: Path) -> Path:
    """A copy of the project that a Forge can run."""
    copy_project(folder)
    for package in ("tests/torture", "tests/support/forking"):
        shutil.copytree(ROOT / package, folder / package)
    for package in ("tests", "tests/support"):
        shutil.copy2(ROOT / package / "__init__.py", folder / package)
    # The environment holds every setting. Without this file, the first life alone would make one.
    (folder / ".env").touch(0o600)
    return folder
