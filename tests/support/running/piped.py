"""The whole system with its output in a pipe or a terminal, which may be read or not."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.forking.forks import forked
from tests.support.running import LocalSystem


class PipedSystem(LocalSystem):
    """Prints into one end of ``ends()``, a pair of descriptors. Nobody reads the other end until ``read``."""

    def __init__(
        self, ends: Callable[[], tuple[int, int]], project: Path, folder: Path, /, **variables: str | None
    ) -> None:
        super().__init__(project, folder, **variables)
        self.reading, self._writing = ends()
        self._read = b""

    def start(self) -> None:
        """Start it and return at once."""
        # The system's own name for that end, by which another process can open it.
        own = Path(f"/proc/{os.getpid()}/fd/{self._writing}")
        fork = forked(self.command, self.project, self.environ, own) if self.is_forkable and own.exists() else None
        self._process = fork or subprocess.Popen(
            self.command,
            cwd=self.project,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=self._writing,
            stderr=self._writing,
            start_new_session=True,
        )
        os.close(self._writing)

    def wait_until_ready(self) -> None:
        """Until health is answered: the banner is not read."""
        super(LocalSystem, self).wait_until_ready()

    def close(self) -> None:
        """End the reading."""
        with contextlib.suppress(OSError):
            os.close(self.reading)

    def read(self, seconds: float) -> str:
        """The output within ``seconds``, after all that was read before."""
        os.set_blocking(self.reading, False)
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            try:
                self._read += os.read(self.reading, 65_536)
            except BlockingIOError:
                time.sleep(0.02)
        return self._read.decode()

    def log(self, name: str = "server") -> str:
        """The content of a log."""
        return (self.folder / "logs" / f"{name}.log").read_text(encoding="utf-8")
