"""The local runner's environment: ``.env``, and the variables that must be gone before an app is made."""

import os
import re
import secrets
from collections.abc import MutableMapping
from pathlib import Path

from dotenv import dotenv_values

from shared import ROOT


def read_dotenv(environ: MutableMapping[str, str], folder: Path = ROOT) -> bool:
    """Read ``.env`` into ``environ``, which takes precedence. Create the file if there is none; whether it did."""
    file = folder / ".env"
    is_new = not file.exists()
    if is_new:
        _write_new(file, (folder / ".env.example").read_text(encoding="utf-8"))
    for name, value in dotenv_values(file, interpolate=False).items():
        if value is not None:
            environ.setdefault(name, value)
    environ.setdefault("LOG_DIR", "logs")
    return is_new


def take_out_debug(environ: MutableMapping[str, str], *, is_verbose: bool) -> None:
    """Turn FLASK_DEBUG into LOG_LEVEL=DEBUG, and remove it and DEBUG from ``environ``.

    Flask and functions-framework would read them too, and open a debugger in which anybody can run code.
    """
    for name in ("FLASK_DEBUG", "DEBUG"):
        environ.pop(name, None)
    if is_verbose:
        environ["LOG_LEVEL"] = "DEBUG"


def _write_new(file: Path, example: str) -> None:
    text = re.sub(r"(?m)^API_KEY=.*$", f"API_KEY={secrets.token_urlsafe(32)}", example, count=1)
    # Only its owner can read it, even while it is being written.
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as new:
        new.write(text)
