"""``python -m infra plan``."""

import argparse
import json
import os
import sys

from infra.commands import region
from shared.settings import Settings

HELP = "what this configuration costs on each platform, and what it can do there"
READS_DOTENV = True
PLATFORMS = ("local", "gcp", "aws")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "--monitors", type=_count, help="how many there are, by default those of TARGET_URL and of the file"
    )
    parser.add_argument("--interval", metavar="SECONDS", help="how often each is checked (CHECK_INTERVAL_SECONDS)")
    parser.add_argument("--platform", choices=PLATFORMS, help="by default each of them")
    parser.add_argument("--region", type=region, help="of --platform; by default the one whose prices are listed")
    parser.add_argument(
        "--resolve", action="store_true", help="ask the DNS which hosts functions in a cloud cannot reach over IPv4"
    )
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.add_argument("--table", action="store_true", help="the rows of the table in the READMEs")


def run(arguments: argparse.Namespace) -> None:
    """Print the plans; exit with 1 if no platform can do it.

    Raises:
        SettingError: a setting is malformed.
    """
    from infra.plan import show
    from infra.plan.plans import plan_for, reference
    from infra.plan.savings import with_savings
    from infra.plan.unreachable import with_unreachable

    # Rejects settings that are malformed on this machine, also for the plan of another platform.
    Settings.from_env()
    if arguments.table:
        print("\n".join(show.table_row(plan) for plan in reference()))
        return
    plans = []
    for platform in [arguments.platform] if arguments.platform else PLATFORMS:
        environ = _environment(platform)
        given = _given(platform, environ)
        if arguments.interval:
            given["CHECK_INTERVAL_SECONDS"] = arguments.interval
        where = arguments.region if arguments.platform == platform else None
        plan = with_savings(plan_for(platform, given, arguments.monitors, where, environ), where)
        plans.append(with_unreachable(plan) if arguments.resolve else plan)
    if arguments.json:
        print(json.dumps([show.as_json(plan) for plan in plans], indent=2))
    else:
        print("\n\n".join([*map(show.text, plans), show.assumptions()]))
    if all(plan.refusals for plan in plans):
        sys.exit(1)


def _environment(platform: str) -> dict[str, str]:
    """Every variable on a platform. A deployment's own file wins over this machine's."""
    from infra.clouds.aws.target import OWN_FILE as AWS_FILE
    from infra.clouds.gcp.project import OWN_FILE as GCP_FILE
    from infra.clouds.settings import environment_on

    own_files = {"gcp": GCP_FILE, "aws": AWS_FILE}
    return environment_on(own_files[platform]) if platform in own_files else dict(os.environ)


def _given(platform: str, environ: dict[str, str]) -> dict[str, str]:
    """The settings on a platform."""
    from infra.clouds.settings import settings_in

    if platform == "local":
        return dict(environ)
    # The cloud's database may not be known yet.
    return {name: value for name, value in settings_in(environ).items() if name != "DATABASE_URL"}


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100000")
    return int(text)
