"""The files of the log."""

import contextlib
import os
from io import TextIOWrapper
from logging import LogRecord
from logging.handlers import WatchedFileHandler
from pathlib import Path

from shared.logs.private import open_private


class PrivateFileHandler(WatchedFileHandler):
    """Appends to a file, and opens a new one after that was renamed."""

    def __init__(self, path: Path) -> None:
        # An exception's text may hold half a character, which UTF-8 cannot.
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)

    def emit(self, record: LogRecord) -> None:
        """Write the line, or lose it: no step waits for a log, or fails with it."""
        # Opening is not among what the library itself expects to fail.
        with contextlib.suppress(OSError):
            self.reopenIfNeeded()
            self.stream = self.stream or self._open_noted()
            # Past the stream, which would keep what a full disk did not take, and write it later, amid other lines.
            os.write(self.stream.fileno(), f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))

    def _open_noted(self) -> TextIOWrapper:
        self.stream = self._open()
        self._statstream()
        return self.stream

    def _open(self) -> TextIOWrapper:
        path = Path(self.baseFilename)
        # Somebody may have deleted it while we run.
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = open_private(path)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)  # noqa: PTH123
