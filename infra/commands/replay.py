"""``python -m infra replay``."""

import argparse
import json
import os
import sys
from datetime import timedelta
from typing import Any

from infra.local.environment import refuse_unknown_zone
from shared.settings import Settings

HELP = "say which alerts other thresholds would have spared, delayed or added, by the checks that are stored"
READS_DOTENV = True
MAX_DAYS = 7_320


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--days", type=_days, default=30, help="of how many days, by default 30")
    parser.add_argument(
        "--set",
        type=_change,
        action="append",
        default=[],
        dest="changes",
        metavar="FIELD=VALUE",
        help="failure_threshold, success_threshold, quorum, locations (seoul,tokyo), FLAPPING_STARTS or FLAPPING_ENDS;"
        " may be given several times; all else is as it was at that time",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--monitor", help="only this one, by its name")
    which.add_argument("--group", help="only the monitors of this group")
    parser.add_argument("--json", action="store_true", help="for a program")


def run(arguments: argparse.Namespace) -> None:
    """Judge the events in the store of DATABASE_URL again, and print what differs. Exit with 1 if there are none.

    Raises:
        SettingError: a setting is malformed.
        StoreUnavailable: the store cannot be read.
    """
    from infra.replay.changes import rules
    from infra.replay.show import as_json, lines
    from infra.replay.stored import NotReplayed, compared
    from shared.models import now

    settings = Settings.from_env()
    refuse_unknown_zone(os.environ)
    since = now() - timedelta(days=arguments.days)
    judged = rules(dict(arguments.changes), settings)
    try:
        found = compared(settings, judged, since, monitor=arguments.monitor, group=arguments.group)
    except NotReplayed as trouble:
        sys.exit(f"bonghwa: {trouble}")
    if arguments.json:
        print(json.dumps(as_json(found), ensure_ascii=False, indent=2))
        return
    for line in lines(found):
        print(line)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= MAX_DAYS):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {MAX_DAYS}")
    return int(text)


def _change(text: str) -> tuple[str, Any]:
    from infra.replay.changes import BadChange, parsed

    try:
        return parsed(text)
    except BadChange as trouble:
        raise argparse.ArgumentTypeError(str(trouble)) from None
