"""The streams of a command: there, and able to print every text."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator


class NotPrinted(Exception):
    """Standard output takes nothing, such as a file on a full disk. A command's own errors are others."""


def prepare() -> None:
    """Open the standard streams that our parent closed, and make standard output replace what it cannot encode.

    Otherwise a socket or a database would take the number of a closed stream, and whatever is printed would go there.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            os.set_inheritable(number, True)
    sys.stdin = sys.stdin or open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def watch_output() -> None:
    """Let standard output raise NotPrinted instead of an OSError, but for a BrokenPipeError."""
    out = sys.stdout
    if isinstance(out, io.TextIOWrapper):
        # Both write to one buffer, which the end of the former stream would close.
        sys.__stdout__ = out  # type: ignore[misc]  # prepare() may have opened it
        sys.stdout = _Output(
            out.buffer, out.encoding, out.errors, line_buffering=out.line_buffering, write_through=out.write_through
        )


class _Output(io.TextIOWrapper):
    def write(self, text: str) -> int:
        with _named():
            return super().write(text)

    def flush(self) -> None:
        with _named():
            super().flush()


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NotPrinted(error.strerror) from None


def visible(text: str) -> str:
    """The text without what steers a terminal or cannot be seen: names and reasons come from anybody."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
