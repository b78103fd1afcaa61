"""``python -m infra healthy``."""

import argparse
import os
import sys

from infra.commands import url

HELP = "exit with 0 if an outage that happened now would be notified, otherwise with 1 and the reason"
READS_DOTENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--url", type=url, help="the system's address, by default BACKEND_URL")


def run(arguments: argparse.Namespace) -> None:
    """Print the status that ``GET /`` says. Exit with 1 if it says that nobody would be notified, or says nothing.

    Raises:
        SettingError: a setting is malformed.
    """
    from infra.asking.api import Backend, NotAnswered
    from shared.settings import Settings

    settings = Settings.from_env()
    try:
        found = Backend(arguments.url or settings.backend_url, settings, os.environ).get("/")
    except NotAnswered as trouble:
        sys.exit(f"bonghwa: {trouble}")
    print("; ".join([str(found.get("status")), *map(str, found.get("reasons") or [])]))
