"""``python -m infra doctor``."""

import argparse
import logging
import os
import sys
from pathlib import Path

from infra.commands import url
from shared import ROOT

HELP = "say what is wrong with a deployment, and how to fix it"
# The doctor reports a file that cannot be read, instead of ending.
READS_DOTENV = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--url", type=url, help="ask it from outside too: https://…")
    parser.add_argument("--env-file", type=Path, help="settings that go before those in .env, like .env.gcp")
    parser.add_argument(
        "--send-test",
        nargs="?",
        const="",
        metavar="NAME",
        help="send a test message through every channel, or one",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    """Print what the doctor finds; exit with 1 if there is a failure."""
    from infra.doctor.examination import examine
    from infra.doctor.findings import Verdict, as_json, as_lines, worst
    from infra.doctor.settings import read

    files = [file for file in (arguments.env_file, ROOT / ".env") if file is not None]
    for file in files:
        for name, value in read(file)[0].items():
            os.environ.setdefault(name, value)
    # The findings say everything; log lines between them would break the JSON.
    logging.disable(logging.CRITICAL)
    findings = examine(os.environ, files, arguments.url, tested=arguments.send_test)
    print(as_json(findings) if arguments.json else as_lines(findings))
    sys.exit(worst(findings) is Verdict.FAILURE)
