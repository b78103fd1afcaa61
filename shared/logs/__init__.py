"""One structured line per step.

A line goes to standard output as JSON, which is what clouds collect. With ``LOG_DIR`` (the local runner sets it) it is
plain text instead, and also goes to ``server.log`` or ``agent.log`` in that folder. To rotate a file, rename it: the
next line goes to a new file, even if several processes write. If nobody reads standard output, its lines are dropped
and counted, and the files say so.
"""

import contextlib
import functools
import json
import logging
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from sys import exc_info
from typing import Any, Literal, get_args

from shared import ROOT
from shared.logs.output import Output, standard_output
from shared.visible import SELECTORS_OF_SIGNS, UNSEEN

# Made once: json.dumps would make an encoder for each line.
_json = json.JSONEncoder(ensure_ascii=False, default=str).encode
_NUMBERS = frozenset({int, float, bool})

Part = Literal["server", "agent"]
# Our files in LOG_DIR. Other programs may have files there too.
FILES = {part: f"{part}.log" for part in get_args(Part)}


def step(
    part: Part,
    name: str,
    *,
    level: int = logging.INFO,
    failure: bool = False,
    happened_at: float | None = None,
    **fields: Any,
) -> None:
    """Write one line: the step's ``name`` and its ``fields``; None fields are left out.

    ``happened_at``: the time of the step, as ``time.time()`` has it, if it was before now. ``failure`` adds the
    exception that is being handled, for errors that should never happen. A full disk never raises.
    """
    log = _logger(part)
    if log.isEnabledFor(level):
        extra = {"fields": {k: v for k, v in fields.items() if v is not None}}
        failed = exc_info() if failure else None
        # Faster than log.log, which looks up the line of code that called it.
        record = log.makeRecord(log.name, level, "", 0, name, (), failed, extra=extra)
        record.created = happened_at or record.created
        log.handle(record)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _time(record), "severity": record.levelname, "message": record.getMessage()}
        line |= record.__dict__.get("fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _visible(_json(line))


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # Two handlers write the line, and composing it is most of its cost.
        line: str = record.__dict__.get("line") or self._line(record)
        record.__dict__["line"] = line
        return line

    def _line(self, record: logging.LogRecord) -> str:
        fields = record.__dict__.get("fields", {})
        pairs = "".join(f" {name}={_quoted(value)}" for name, value in fields.items())
        lines = [f"{_time(record)} {record.levelname:7} {record.getMessage()}{pairs}"]
        if record.exc_info:
            # Indented: the text of an exception could otherwise forge a line of ours.
            lines += [f"    {line}" for line in self.formatException(record.exc_info).splitlines()]
        return "\n".join(map(_visible, lines))


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(value: Any) -> str:
    text = str(value)
    if type(value) in _NUMBERS:
        return text
    ends_nothing = " " not in text and '"' not in text and "=" not in text
    if ends_nothing and text.isprintable() and (text.isascii() or _is_visible(text)):
        return text
    # Characters that could break the line are escaped. Otherwise a target's text could forge a line of ours.
    return _visible(json.dumps(text, ensure_ascii=False))


def _visible(line: str) -> str:
    """``line`` with an escape for each character that a terminal would obey, or would not show."""
    if _is_visible(line):
        return line
    return "".join(c if _is_visible(c) else json.dumps(c)[1:-1] for c in line)


def _is_visible(text: str) -> bool:
    return text.isprintable() and (text.isascii() or not _unseen().search(text))


@functools.cache
def _unseen() -> re.Pattern[str]:
    # Compiled with the first line that is not ASCII: few cold starts write one.
    return re.compile(f"[{UNSEEN}{SELECTORS_OF_SIGNS}]")


@functools.cache
def _logger(part: Part) -> logging.Logger:
    # Read here and not through the settings: the log must work even if the settings are malformed.
    log_dir = os.environ.get("LOG_DIR")
    log = logging.getLogger(f"bonghwa.{part}")
    log.setLevel(logging.getLevelNamesMapping().get(os.environ.get("LOG_LEVEL", ""), logging.INFO))
    # Nothing goes to the root logger: a library may have added a handler there that prints our lines again.
    log.propagate = False
    # Process-wide: otherwise a full disk would print a traceback for every line.
    logging.raiseExceptions = False
    # No line says it, and to find it out for each costs as much as to write the line. gunicorn's lines say the process:
    # without it they would be lost.
    logging.logThreads = logging.logMultiprocessing = False
    formatter = _Text() if log_dir else _Json()
    file = _file_handler(ROOT / log_dir / FILES[part]) if log_dir else None
    handlers = [_printing(formatter, file), file]
    log.handlers = [handler for handler in handlers if handler is not None]
    for handler in log.handlers:
        handler.setFormatter(formatter)
    return log


class _Printing(logging.Handler):
    """Prints lines without waiting for whatever reads them."""

    def __init__(self, output: Output, *, is_now: bool) -> None:
        super().__init__()
        # In a cloud, a line that is still on its way when the function has responded may be lost.
        self._write = output.write_now if is_now else output.write

    def handle(self, record: logging.LogRecord) -> bool:
        """Print it without a lock: the output has its own."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        self._write(f"{self.format(record)}\n")


def _printing(formatter: logging.Formatter, file: logging.Handler | None) -> logging.Handler | None:
    output = standard_output()
    if not isinstance(output, Output):
        return None if output is None else logging.StreamHandler(output)

    def report(name: str, **fields: Any) -> str:
        record = logging.makeLogRecord(
            {"msg": name, "levelno": logging.WARNING, "levelname": "WARNING", "fields": fields}
        )
        if file is not None:
            file.handle(record)
        return f"{formatter.format(record)}\n"

    output.report = report
    return _Printing(output, is_now=file is None)


def _file_handler(path: Path) -> logging.Handler:
    # Imported here: a function in a cloud writes no file, and the import costs a cold start milliseconds.
    from shared.logs.files import PrivateFileHandler

    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return PrivateFileHandler(path)
