"""``python -m infra init-db``."""

import argparse
import sys

from infra.commands import confirm
from shared.settings import Settings

HELP = "create the database, or bring it up to date"
READS_DOTENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--reset", action="store_true", help="delete everything that is stored and start afresh")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> None:
    """Create the store, update it, or empty it.

    Raises:
        SettingError: a setting is malformed.
        StoreUnavailable: the store cannot be used.
    """
    from shared.models import as_text, now
    from shared.store import open_store
    from shared.store.migrate import drop_everything, migrate

    settings = Settings.from_env()
    question = f"Delete every event, alert and log in {settings.database}?"
    if arguments.reset and not arguments.yes and not confirm(question):
        sys.exit("nothing was deleted")
    database = open_store(settings).database
    if arguments.reset:
        with database.transaction() as transaction:
            drop_everything(transaction)
        migrate(database, as_text(now()))
    print(f"{settings.database} is {'empty and ' if arguments.reset else ''}ready")
