"""The commands of ``python -m infra``: a file each, found by scan (``init_db.py`` is ``init-db``).

A command's file has ``HELP``, one line; ``READS_DOTENV``, whether ``.env`` is read before it runs;
``add_arguments(parser)``; and ``run(arguments)``, which imports what is heavy, so that no other command pays for it.
"""

import argparse
import os
import re
import zoneinfo
from pathlib import Path
from typing import TYPE_CHECKING

from shared.settings import SettingError, http_url

if TYPE_CHECKING:
    from infra.asking.api import Backend
    from shared.settings import Settings

# A rule instead of a name, as POSIX has it, such as KST-9 or EST5EDT,M3.2.0,M11.1.0.
_ABBREVIATION, _OFFSET = r"(<[\w+-]+>|[A-Za-z]{3,})", r"[+-]?\d{1,2}(:\d{2}){0,2}"
_CHANGE = r",(J?\d{1,3}|M\d{1,2}\.\d\.\d)(/[+-]?\d{1,3}(:\d{2}){0,2})?"
_RULE = f"{_ABBREVIATION}{_OFFSET}({_ABBREVIATION}({_OFFSET})?({_CHANGE}{_CHANGE})?)?"
# The times of UTC+9 are nine hours behind UTC, and would be called UTC.
_MISLEADING = r"(?i)<?(UTC|GMT)>?[+-]?0*[1-9].*"


def url(text: str) -> str:
    """The type of an argument that is a URL; it has no slash at its end."""
    try:
        return http_url(text).rstrip("/")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no http:// or https:// URL") from None


def add_url(parser: argparse.ArgumentParser) -> None:
    """Declare ``--url`` of a command that asks a running system."""
    parser.add_argument("--url", type=url, help="the system's address, by default BACKEND_URL")


def backend_of(arguments: argparse.Namespace, settings: "Settings") -> "Backend":
    """The system at ``--url``."""
    from infra.asking.api import Backend

    return Backend(arguments.url or settings.backend_url, settings, os.environ)


def region(text: str) -> str:
    """The type of an argument that is a cloud's region, such as asia-northeast3 or eu-west-1."""
    if not re.fullmatch("[a-z]+(-[a-z]+)+-?[0-9]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a region: expected one such as asia-northeast3 or eu-west-1")
    return text


def refuse_unknown_zone() -> None:
    """Refuse a TZ that this machine does not know: times would be those of UTC, and nobody would see it.

    Raises:
        SettingError: there is no such zone.
    """
    name = os.environ.get("TZ", "").removeprefix(":")
    if rule := re.fullmatch(_MISLEADING, name):
        why = f"this rule is called {rule[1].upper()}, and its times are not"
        raise SettingError("TZ", name, f"a name such as Asia/Seoul, or a rule such as KST-9: {why}")
    if name in ("", "UTC") or re.fullmatch(_RULE, name):
        return
    if not any(Path(folder, name).is_file() for folder in zoneinfo.TZPATH):
        raise SettingError("TZ", name, "the name of a time zone that this machine knows, such as Asia/Seoul or UTC")


def confirm(question: str) -> bool:
    """Ask on standard input. If nobody is there to respond, that is a no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
