"""``python -m infra healthy``."""

import argparse
import sys

from infra.commands import add_url, backend_of
from shared.settings import Settings
from shared.settings.secrets import without_password

HELP = "exit with 0 if an outage that happened now would be notified, otherwise with 1 and the reason"
READS_DOTENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_url(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print the status of ``GET /`` and its reasons. Exit with 1 if nobody would be notified, or nothing is said.

    Raises:
        SettingError: a setting is malformed.
    """
    from infra.asking.api import NotAnswered
    from infra.local.terminal import visible

    settings = Settings.from_env()
    try:
        backend = backend_of(arguments, settings)
        found = backend.health()
    except NotAnswered as trouble:
        sys.exit(f"bonghwa: {trouble}")
    said = visible("; ".join(map(str, [found.get("status"), *(found.get("reasons") or [])])))
    if found.get("status") == "unavailable":
        sys.exit(f"bonghwa: {without_password(backend.url)} is {said}")
    print(said)
