"""``python -m infra``: the chores of whoever runs the system."""

import argparse
import os
import sys
from pathlib import Path

from infra.local.environment import read_dotenv
from infra.plan import command as plan_command
from shared import ROOT
from shared.models import as_text, now
from shared.settings import SettingError, Settings, http_url
from shared.store import StoreUnavailable, open_store
from shared.store.admin.backup import BackupFailed, back_up
from shared.store.migrate import drop_everything, migrate


def main() -> None:
    """Run one chore; exits with one line on standard error where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m infra", description=__doc__)
    chores = parser.add_subparsers(dest="chore", required=True)
    init_db = chores.add_parser("init-db", help="create the database, or bring it up to date")
    init_db.add_argument("--reset", action="store_true", help="delete everything that is stored and start afresh")
    init_db.add_argument("--yes", action="store_true", help="do not ask")
    backup = chores.add_parser("backup", help="copy the database into a file, also while the system runs")
    backup.add_argument("file", type=Path, help="the copy; what is there already is replaced, after asking")
    backup.add_argument("--yes", action="store_true", help="do not ask")
    move = chores.add_parser("migrate-store", help="copy the SQLite database into a PostgreSQL one, and compare them")
    move.add_argument("--to", required=True, metavar="URL", help="postgresql://user:password@host:port/database")
    doctor = chores.add_parser("doctor", help="say what is wrong with a deployment, and what mends it")
    doctor.add_argument("--url", type=_url, help="ask it from outside too: https://…")
    doctor.add_argument("--env-file", type=Path, help="settings that go before those in .env, like .env.gcp")
    doctor.add_argument("--send-test", action="store_true", help="send a test message through every channel")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    chores.add_parser("openapi", help="write the document that GET /openapi.json answers, from the models")
    costs = chores.add_parser("plan", help="what this configuration costs on each platform, and what it can do there")
    plan_command.add_arguments(costs)
    arguments = parser.parse_args()
    if arguments.chore == "openapi":
        _openapi()
        return
    if arguments.chore == "doctor":
        _doctor(arguments)
        return
    read_dotenv(os.environ)
    try:
        settings = Settings.from_env()
        if arguments.chore == "backup":
            _backup(settings, arguments.file, is_sure=arguments.yes)
        elif arguments.chore == "plan":
            plan_command.run(arguments, os.environ)
        elif arguments.chore == "migrate-store":
            # Imported here: it brings in the driver.
            from infra.migrate_store import migrate_store

            migrate_store(settings, arguments.to)
        else:
            _init_db(settings, is_reset=arguments.reset, is_sure=arguments.yes)
    except (SettingError, StoreUnavailable, BackupFailed) as trouble:
        sys.exit(f"bonghwa: {trouble}")


def _backup(settings: Settings, file: Path, *, is_sure: bool) -> None:
    if settings.database_path is None:
        raise BackupFailed(f"{settings.database} is backed up by its server, or with pg_dump")
    if file.exists() and not is_sure and not _is_agreed(f"Replace {file}?"):
        sys.exit("nothing was copied")
    size = back_up(settings.database_path, file)
    print(f"{file} is a copy of {settings.database}, {size / 1e6:.1f} MB, checked")


def _init_db(settings: Settings, *, is_reset: bool, is_sure: bool) -> None:
    question = f"Delete every event, alert and log in {settings.database}?"
    if is_reset and not is_sure and not _is_agreed(question):
        sys.exit("nothing was deleted")
    database = open_store(settings).database
    if is_reset:
        with database.transaction() as transaction:
            drop_everything(transaction)
        migrate(database, as_text(now()))
    print(f"{settings.database} is {'empty and ' if is_reset else ''}ready")


def _is_agreed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _url(text: str) -> str:
    try:
        return http_url(text).rstrip("/")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no http:// or https:// URL") from None


def _doctor(arguments: argparse.Namespace) -> None:
    # Imported here: it brings in what asks over HTTP.
    from infra.doctor.chore import doctor
    from infra.doctor.settings import read

    files = [file for file in (arguments.env_file, ROOT / ".env") if file is not None]
    for file in files:
        # Not read_dotenv, which would make the one that is not there.
        for name, value in read(file)[0].items():
            os.environ.setdefault(name, value)
    doctor(os.environ, files, arguments.url, is_test_sent=arguments.send_test, is_json=arguments.json)


def _openapi() -> None:
    # Imported here: it brings in the functions themselves.
    from infra.openapi.document import FILE, write

    write()
    print(f"{FILE} is up to date")


if __name__ == "__main__":
    main()
