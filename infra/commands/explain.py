"""``python -m infra explain``."""

import argparse
import json
import os
import sys
from datetime import datetime, timedelta

from infra.commands import add_url, backend_of
from infra.local.environment import refuse_unknown_zone
from shared.settings import Settings

HELP = "say what happened to a monitor, and why people were notified, or not"
READS_DOTENV = True
SPAN = timedelta(hours=24)
# ``--at`` shows so much before that time, and so much after it.
AROUND = timedelta(minutes=15)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("monitor", help="its name")
    parser.add_argument("--at", type=_time, metavar="TIME", help="around this time: 10:31 or 2025-01-08T10:31")
    parser.add_argument("--json", action="store_true", help="for a program")
    add_url(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print the monitor's timeline, by itself of the last 24 hours. Exit with 1 if there is no such monitor.

    Raises:
        SettingError: a setting is malformed.
    """
    from infra.asking.api import NotAnswered
    from infra.asking.telling import told
    from infra.local.terminal import visible
    from shared.models import as_text, now, utc

    settings = Settings.from_env()
    refuse_unknown_zone(os.environ)
    at = arguments.at and utc(_on_day(arguments.at, datetime.now().astimezone()))
    since, until = (at - AROUND, at + AROUND) if at else (now() - SPAN, now())
    backend = backend_of(arguments, settings)
    try:
        monitor = backend.monitor(arguments.monitor)
        span = {"from": as_text(since), "to": as_text(until)}
        entries = list(backend.pages(f"/monitors/{monitor['id']}/timeline", "timeline", **span))
    except NotAnswered as trouble:
        sys.exit(f"bonghwa: {trouble}")
    if arguments.json:
        print(json.dumps({"monitor": monitor["name"], **span, "timeline": entries}, ensure_ascii=False, indent=2))
        return
    heading = f"{monitor['name']}: {monitor['state']}, {_shown(since)} to {_shown(until)} {until.astimezone():%Z}"
    for line in (heading, *told(entries)):
        print(visible(line))
    if not entries:
        print("nothing happened, and no check arrived")


def _time(text: str) -> datetime | str:
    """A time, with its date or of the day; the latter as text."""
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            datetime.strptime(text, form)  # only whether it is one
        except ValueError:
            continue
        return text
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min
    # At an end of the calendar there is nothing around it.
    if not 1970 < found.year < 9999:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 10:31 or 2025-01-08T10:31")
    return found


def _on_day(given: datetime | str, today: datetime) -> datetime:
    """A time with its date. One of the day is the last that has been."""
    if isinstance(given, datetime):
        return given
    hour, minute, *second = map(int, given.split(":"))
    at = today.replace(hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0)
    return at if at <= today else at - timedelta(days=1)


def _shown(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"
