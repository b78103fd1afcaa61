"""The commands of ``python -m infra``: a file each, found by scan (``init_db.py`` is ``init-db``).

A command's file has ``HELP``, one line; ``READS_DOTENV``, whether ``.env`` is read before it runs;
``add_arguments(parser)``; and ``run(arguments)``, which imports what is heavy, so that no other command pays for it.
"""

import argparse
import os
import re
from typing import TYPE_CHECKING

from shared.settings import http_url

if TYPE_CHECKING:
    from infra.asking.api import Backend
    from shared.settings import Settings


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


def confirm(question: str) -> bool:
    """Ask on standard input. If nobody is there to respond, that is a no."""
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
