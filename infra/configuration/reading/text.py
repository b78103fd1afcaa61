"""The text of the file, or why there is none."""

import os
from pathlib import Path

from infra.configuration.reading.mistakes import FileErrors, FileUnreadable, Mistake

MAX_BYTES = 16 * 1024 * 1024
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def text_of(path: Path, shown: str) -> str:
    """The text in ``path``, which is named ``shown`` in mistakes.

    Raises:
        FileUnreadable: there is no such file, or it cannot be read.
        FileErrors: it is not in UTF-8.
    """
    try:
        # A FIFO would stop us until somebody writes to it.
        if path.exists() and not path.is_file() and not path.samefile(os.devnull):
            raise FileUnreadable(shown, "is no file: expected one in YAML")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FileUnreadable(shown, "there is no such file", is_missing=True) from None
    except (OSError, ValueError) as error:
        raise FileUnreadable(shown, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_BYTES:
        raise FileUnreadable(shown, f"is too large: expected at most {MAX_BYTES} bytes")
    if data.startswith(_UTF_16) or b"\0" in data:
        raise FileErrors(shown, [Mistake(1, "", "the file looks like UTF-16: expected text in UTF-8")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileErrors(shown, [Mistake(line, "", "the line is not in UTF-8: expected text in UTF-8")]) from None
