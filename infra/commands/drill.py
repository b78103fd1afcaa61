"""``python -m infra drill``."""

import argparse
import sys

from infra.commands import add_url, backend_of
from shared.settings import Settings

HELP = "try the whole way to the channels: who is reached, how fast, and who acknowledges it"
READS_DOTENV = True
BAD_USAGE = 2
_BAD_REQUEST = 400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--channels", nargs="+", metavar="NAME", help="who gets it: names, or kind:slack; by default every channel"
    )
    parser.add_argument(
        "--need-ack", type=_duration, metavar="DURATION", help="wait so long, at most, until somebody acknowledges it"
    )
    add_url(parser)


def run(arguments: argparse.Namespace) -> None:
    """Start a drill, wait for its end, and print a line for each channel.

    Exit with 1 if it failed somewhere or nobody acknowledged it in time, and with 2 if there is no such channel.

    Raises:
        SettingError: a setting is malformed.
    """
    from infra.asking.api import NotAnswered
    from infra.asking.drills import Drill

    settings = Settings.from_env()
    channels = [name for given in arguments.channels or () for name in given.split(",") if name] or None
    try:
        drill = Drill(backend_of(arguments, settings))
        is_ok = drill.run(channels, arguments.need_ack, say=_say)
    except NotAnswered as trouble:
        print(f"bonghwa: {trouble}", file=sys.stderr)
        sys.exit(BAD_USAGE if trouble.status == _BAD_REQUEST else 1)
    sys.exit(0 if is_ok else 1)


def _say(line: str) -> None:
    print(line, flush=True)


def _duration(text: str) -> float:
    from shared.monitors.durations import seconds_of

    try:
        seconds = seconds_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: expected {error}") from None
    if seconds < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a duration of 1s or more")
    return seconds
