"""``python -m infra backup``."""

import argparse
import sys
from pathlib import Path

from infra.commands import confirm
from shared.settings import Settings

HELP = "copy the database into a file, also while the system runs"
READS_DOTENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", type=Path, help="the copy; what is there already is replaced, after asking")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> None:
    """Copy the SQLite store. If that is not possible, exit with one line on standard error.

    Raises:
        SettingError: a setting is malformed.
    """
    from shared.store.admin.backup import BackupFailed, back_up

    settings, file = Settings.from_env(), arguments.file
    if settings.database_path is None:
        sys.exit(f"bonghwa: {settings.database} is backed up by its server, or with pg_dump")
    if file.exists() and not arguments.yes and not confirm(f"Replace {file}?"):
        sys.exit("nothing was copied")
    try:
        size = back_up(settings.database_path, file)
    except BackupFailed as trouble:
        sys.exit(f"bonghwa: {trouble}")
    print(f"{file} is a copy of {settings.database}, {size / 1e6:.1f} MB, checked")
