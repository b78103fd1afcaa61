"""``python -m infra telegram``."""

import argparse
import os
import sys

from infra.commands import url
from shared import ROOT
from shared.settings import Settings

HELP = "find the chats of a Telegram bot, set up its buttons, and send a test"
READS_DOTENV = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--url", type=url, help="where Telegram reaches the system; by default PUBLIC_URL")
    parser.add_argument("--no-test", action="store_true", help="send no test message")


def run(arguments: argparse.Namespace) -> None:
    """Print what is found and done, a line each; exit with 1 if something has to be done first.

    Raises:
        SettingError: a setting is malformed.
    """
    from infra.local.configured import read_at_start
    from infra.telegram.setting_up import set_up

    read_at_start(os.environ, Settings.from_env())
    is_well = True
    for line in set_up(os.environ, ROOT / ".env", public_url=arguments.url, is_tested=not arguments.no_test):
        is_well = is_well and not line.startswith("!")
        print(line)
    sys.exit(0 if is_well else 1)
