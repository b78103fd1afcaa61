"""One structured line per step.

A line goes to standard output as JSON, which is what clouds collect. With ``LOG_DIR`` (the local runner sets it) it is
plain text instead, and also goes to ``server.log`` or ``agent.log`` in that folder. To rotate a file, rename it: the
next line goes to a new file, even if several processes write.
"""

import functools
import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from shared import ROOT

# Made once: json.dumps would make an encoder for each line.
_json = json.JSONEncoder(ensure_ascii=False, default=str).encode
# Most values match this fast check: they have no space, no " and no =.
_PLAIN = re.compile(r"[!#-<>-~]+")

Part = Literal["server", "agent"]


def step(part: Part, name: str, *, level: int = logging.INFO, failure: bool = False, **fields: Any) -> None:
    """Write one line: the step's ``name`` and its ``fields``; None fields are left out.

    ``failure`` adds the exception that is being handled, for errors that should never happen. A full disk never raises.
    """
    log = _logger(part)
    if log.isEnabledFor(level):
        extra = {"fields": {k: v for k, v in fields.items() if v is not None}}
        failed = sys.exc_info() if failure else None
        # Faster than log.log, which looks up the line of code that called it.
        log.handle(log.makeRecord(log.name, level, "", 0, name, (), failed, extra=extra))


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": _time(record), "severity": record.levelname, "message": record.getMessage()}
        line |= record.__dict__.get("fields", {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _json(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # Two handlers write the line, and composing it is most of its cost.
        line: str = record.__dict__.get("line") or self._line(record)
        record.__dict__["line"] = line
        return line

    def _line(self, record: logging.LogRecord) -> str:
        fields = record.__dict__.get("fields", {})
        pairs = "".join(f" {name}={_quoted(value)}" for name, value in fields.items())
        line = f"{_time(record)} {record.levelname:7} {record.getMessage()}{pairs}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(value: Any) -> str:
    text = str(value)
    if _PLAIN.fullmatch(text) or (text.isprintable() and not set(text) & set(' "=')):
        return text
    # Characters that could break the line are escaped. Otherwise a target's text could forge a line of ours.
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in quoted)


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
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    if log_dir:
        handlers.append(_file_handler(ROOT / log_dir / f"{part}.log"))
    for handler in handlers:
        handler.setFormatter(_Text() if log_dir else _Json())
    log.handlers = handlers
    return log


def _file_handler(path: Path) -> logging.Handler:
    # Imported here: a function in a cloud writes no file, and the import costs a cold start milliseconds.
    from logging.handlers import WatchedFileHandler

    path.parent.mkdir(parents=True, exist_ok=True)
    return WatchedFileHandler(path, encoding="utf-8", delay=True)
