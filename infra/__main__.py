"""``python -m infra``: the chores of whoever runs the system."""

import argparse
import os
import sys

from infra.local.environment import read_dotenv
from shared.models import as_text, now
from shared.settings import SettingError, Settings
from shared.store import StoreUnavailable, open_store
from shared.store.migrate import drop_everything, migrate


def main() -> None:
    """Run one chore; exits with one line on standard error where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m infra", description=__doc__)
    chores = parser.add_subparsers(dest="chore", required=True)
    init_db = chores.add_parser("init-db", help="create the database, or bring it up to date")
    init_db.add_argument("--reset", action="store_true", help="delete everything that is stored and start afresh")
    init_db.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args()
    read_dotenv(os.environ)
    try:
        _init_db(Settings.from_env(), is_reset=arguments.reset, is_sure=arguments.yes)
    except (SettingError, StoreUnavailable) as trouble:
        sys.exit(f"bonghwa: {trouble}")


def _init_db(settings: Settings, *, is_reset: bool, is_sure: bool) -> None:
    if is_reset and not is_sure:
        try:
            reply = input(f"Delete every event, alert and log in {settings.database_path}? [y/N] ")
        except EOFError:
            reply = ""
        if reply.strip().lower() not in ("y", "yes"):
            sys.exit("nothing was deleted")
    database = open_store(settings).database
    if is_reset:
        with database.transaction() as transaction:
            drop_everything(transaction)
        migrate(database, as_text(now()))
    print(f"{settings.database_path} is {'empty and ' if is_reset else ''}ready")


if __name__ == "__main__":
    main()
