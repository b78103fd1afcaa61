"""Standard output and error that never block, never raise and print every text.

A terminal can be paused or closed, and a program that reads our output can stop or end. A plain write would then wait
for ever, or raise: checks and deliveries would stop with it. Here a thread writes, and what waits for it is bounded.
"""

import atexit
import io
import os
import select
import stat
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import TextIO

from shared.threads import started

MAX_WAITING_BYTES = 131_072
# The bytes that a pipe with any room takes at once.
_PIPE_BYTES = 4096
# How long a line that must be out soon, because a cloud may stop the process after it, may hold up its writer.
_NOW_SECONDS = 0.05
# How long somebody may take to read a message.
_READ_SECONDS = 1.0
_END_SECONDS = 0.5


class _Part:
    """Some text on its way. ``is_awaited``: its writer waits, and takes it back if that takes too long."""

    def __init__(self, data: bytes, *, is_awaited: bool = False) -> None:
        self.data, self.is_awaited = data, is_awaited
        self.is_over = False
        self.trouble: OSError | None = None


def _plain(name: str, **fields: object) -> str:
    return f"bonghwa: {name} {' '.join(f'{key}={value}' for key, value in fields.items())}\n"


class Output(io.TextIOBase):
    """A text stream on a descriptor, for ``sys.stdout`` and ``sys.stderr``.

    ``report`` is called with the name of a step and its fields when text could not be written; it returns the line that
    says so here, once there is room again.
    """

    def __init__(self, descriptor: int, encoding: str) -> None:
        self._descriptor, self._encoding = descriptor, encoding
        self.report: Callable[..., str] = _plain
        self._never_blocks, self._is_pipe = _kind(descriptor)
        self._begin()
        # A fork has no thread, and its parent still writes what waits.
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[_Part] = deque()
        self._bytes = self._dropped = 0
        self._thread: threading.Thread | None = None
        self._is_writing = self._is_full = self._is_stalled = self._is_broken = False

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the terminal, or of whatever reads us."""
        return self._encoding

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Write ``text`` soon, or drop and count it. Characters that the encoding lacks are replaced."""
        self._put(text)
        return len(text)

    def write_now(self, text: str) -> None:
        """Write ``text`` before returning, if that takes no longer than _NOW_SECONDS."""
        data = self._encoded(text)
        with self._changed:
            is_idle = not self._waiting and not self._is_writing and not self._dropped
            is_short = is_idle and self._is_pipe and len(data) <= _PIPE_BYTES
            if self._never_blocks or (is_short and _has_room(self._descriptor)):
                self._saw(self._write_all(data))
                return
        self._put(text)
        self.drain(_NOW_SECONDS)

    def deliver(self, text: str, seconds: float) -> None:
        """Write ``text`` before returning.

        Raises:
            OSError: it cannot be written, or nobody has read it for ``seconds`` (TimeoutError).
        """
        part = self._put(text, is_awaited=True)
        if part is None:
            raise TimeoutError("nobody reads it")
        with self._changed:
            # A reader that did not read just now hardly does again; the next attempt will see.
            most = _NOW_SECONDS if self._is_stalled else _READ_SECONDS
            if not self._changed.wait_for(lambda: part.is_over, min(seconds, most)):
                self._is_stalled = True
                if part in self._waiting:
                    # Otherwise it would be written twice: by this attempt and by the next one.
                    self._waiting.remove(part)
                    self._bytes -= len(part.data)
                raise TimeoutError("nobody reads it")
            if part.trouble is not None:
                raise part.trouble

    def drain(self, seconds: float) -> None:
        """Wait until everything is written; at most ``seconds``, and not at all if that was in vain just now."""
        with self._changed:
            if not self._is_stalled:
                is_empty = self._changed.wait_for(lambda: not self._waiting and not self._is_writing, seconds)
                self._is_stalled = not is_empty

    def _put(self, text: str, *, is_awaited: bool = False) -> _Part | None:
        part = _Part(self._encoded(text), is_awaited=is_awaited)
        with self._changed:
            if self._never_blocks:
                self._end(part, self._write_all(part.data))
                return part
            if not self._has_space(part) or not self._is_thread_running():
                if not self._dropped:
                    self.report("output_not_read", descriptor=self._descriptor)
                self._dropped += text.count("\n")
                return None
            dropped, self._dropped = self._dropped, 0
            if dropped:
                self._queue(_Part(self._encoded(self.report("output_dropped", lines=dropped))))
            self._queue(part)
        return part

    def _queue(self, part: _Part) -> None:
        self._waiting.append(part)
        self._bytes += len(part.data)
        self._changed.notify_all()

    def _has_space(self, part: _Part) -> bool:
        # Once full, it takes nothing until half is read: what is dropped is then one gap, and not many small ones.
        limit = MAX_WAITING_BYTES // 2 if self._is_full else MAX_WAITING_BYTES
        self._is_full = bool(self._bytes) and self._bytes + len(part.data) > limit
        return not self._is_full

    def _is_thread_running(self) -> bool:
        if self._thread is None:
            thread = threading.Thread(target=self._run, daemon=True, name=f"output {self._descriptor}")
            if not started(thread):
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                parts = self._next()
                self._is_writing = True
            trouble = self._write_all(b"".join(part.data for part in parts))
            with self._changed:
                self._is_writing = self._is_stalled = False
                for part in parts:
                    self._bytes -= len(part.data)
                    self._end(part, trouble)

    def _next(self) -> list[_Part]:
        """All that waits, since each write costs this thread a wait for the others; but each awaited part alone."""
        parts = [self._waiting.popleft()]
        while self._waiting and not parts[-1].is_awaited and not self._waiting[0].is_awaited:
            parts.append(self._waiting.popleft())
        return parts

    def _end(self, part: _Part, trouble: OSError | None) -> None:
        part.is_over, part.trouble = True, trouble
        self._saw(trouble)
        self._changed.notify_all()

    def _saw(self, trouble: OSError | None) -> None:
        was_broken, self._is_broken = self._is_broken, trouble is not None
        if trouble is not None and not was_broken:
            self.report("output_failed", descriptor=self._descriptor, reason=trouble.strerror or str(trouble))

    def _write_all(self, data: bytes) -> OSError | None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                # Another program on the same terminal made it non-blocking.
                select.select([], [self._descriptor], [], 1.0)
            except OSError as error:
                return error
        return None

    def _encoded(self, text: str) -> bytes:
        try:
            return text.encode(self._encoding, "replace")
        except (UnicodeError, LookupError):
            return text.encode("ascii", "replace")


def install() -> None:
    """Make ``sys.stdout`` and ``sys.stderr`` of this process and its forks outputs."""
    streams = [Output(number, getattr(stream, "encoding", None) or "utf-8") for number, stream in _standard()]
    sys.stdout, sys.stderr = streams
    for stream in streams:
        atexit.register(stream.drain, _END_SECONDS)


def _standard() -> tuple[tuple[int, TextIO | None], ...]:
    return (1, sys.stdout), (2, sys.stderr)


_known: dict[tuple[int, int, int], Output] = {}


def standard_output() -> Output | TextIO | None:
    """``sys.stdout`` as an output; unchanged if it has no descriptor, as in a test; None if it is closed."""
    stream = sys.stdout
    if isinstance(stream, Output):
        return stream
    try:
        descriptor = stream.fileno()
        found = os.fstat(descriptor)
    except (AttributeError, OSError, ValueError):
        return stream
    key = (descriptor, found.st_dev, found.st_ino)
    if key not in _known:
        _known[key] = Output(descriptor, stream.encoding or "utf-8")
    return _known[key]


def deliver(text: str, seconds: float) -> None:
    """Print ``text`` before returning. Raises OSError or ValueError if that is not possible within ``seconds``."""
    stream = standard_output()
    if isinstance(stream, Output):
        stream.deliver(text, seconds)
    elif stream is None:
        raise OSError("it is closed")
    else:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()


def _kind(descriptor: int) -> tuple[bool, bool]:
    """Whether writes to it never block, and whether it is a pipe."""
    try:
        found = os.fstat(descriptor)
        is_null = stat.S_ISCHR(found.st_mode) and found.st_rdev == os.stat(os.devnull).st_rdev  # noqa: PTH116
    except OSError:
        return True, False
    return stat.S_ISREG(found.st_mode) or is_null, stat.S_ISFIFO(found.st_mode)


def _has_room(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(event & select.POLLOUT for _, event in poll.poll(0))
