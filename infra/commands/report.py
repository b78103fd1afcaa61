"""``python -m infra report``."""

import argparse
import json
import os
import re
import sys
from typing import TYPE_CHECKING

from infra.commands import add_url, backend_of
from infra.local.environment import refuse_unknown_zone
from shared.settings import Settings

if TYPE_CHECKING:
    from infra.report.month import Month

HELP = "how available each monitor was in a month: what people send to their customers"
READS_DOTENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--month", type=_month, metavar="YYYY-MM", help="by default the last one; it begins as TZ says")
    parser.add_argument("--group", type=_group, help="only the monitors of this group")
    parser.add_argument("--format", choices=("text", "markdown", "csv"), default="text", help="by default text")
    parser.add_argument("--json", action="store_true", help="for a program")
    add_url(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print the report, in the language of MESSAGE_LANGUAGE; exit with 1 if there is none.

    Raises:
        SettingError: a setting is malformed.
    """
    from infra.asking.api import NotAnswered
    from infra.report.month import Month, UnknownGroup, read
    from infra.report.texts import shown
    from shared.models import now

    settings = Settings.from_env()
    refuse_unknown_zone(os.environ)
    today = now().astimezone()
    month = arguments.month or Month(today.year, today.month).previous()
    try:
        backend = backend_of(arguments, settings)
        report = read(backend, month, arguments.group, today)
    except (NotAnswered, UnknownGroup) as trouble:
        sys.exit(f"bonghwa: {trouble}")
    if arguments.json:
        print(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        print(shown(report, arguments.format, settings.message_language))


def _group(text: str) -> str:
    if not text:
        # The backend would take it for no condition.
        raise argparse.ArgumentTypeError("it is empty: expected the name of a group")
    return text


def _month(text: str) -> "Month":
    from infra.report.month import Month

    found = re.fullmatch(r"(\d{4})-(\d{2})", text, re.ASCII)
    if not found or not 1970 < int(found[1]) < 9999 or not 1 <= int(found[2]) <= 12:
        raise argparse.ArgumentTypeError(f"{text!r} is no month: expected one such as 2026-11")
    return Month(int(found[1]), int(found[2]))
