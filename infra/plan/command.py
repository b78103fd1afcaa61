"""``python -m infra plan``."""

import argparse
import json
import sys
from collections.abc import Mapping

PLATFORMS = ("local", "gcp", "aws")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be asked."""
    parser.add_argument("--monitors", type=_count, help="how many there are, by default those of TARGET_URL")
    parser.add_argument("--interval", metavar="SECONDS", help="how often each is looked at (CHECK_INTERVAL_SECONDS)")
    parser.add_argument("--platform", choices=PLATFORMS, help="by default each of them")
    parser.add_argument("--json", action="store_true", help="for a program")
    parser.add_argument("--table", action="store_true", help="the rows of the table in the READMEs")


def run(asked: argparse.Namespace, environ: Mapping[str, str]) -> None:
    """Print the plans; exits with 1 where none of them can be had.

    Raises:
        SettingError: a setting is malformed, or nothing is watched.
    """
    # Imported here: every other chore would pay for all of the deployments.
    from infra.plan import show
    from infra.plan.plans import load_of, plan_of, reference

    if asked.table:
        print("\n".join(show.table_row(plan) for plan in reference()))
        return
    plans = []
    for platform in [asked.platform] if asked.platform else PLATFORMS:
        given = _given(platform, environ)
        if asked.interval:
            given["CHECK_INTERVAL_SECONDS"] = asked.interval
        plans.append(plan_of(platform, load_of(given, asked.monitors)))
    if asked.json:
        print(json.dumps([show.as_json(plan) for plan in plans], indent=2))
    else:
        print("\n\n".join([*map(show.text, plans), show.assumptions()]))
    if all(plan.refusals for plan in plans):
        sys.exit(1)


def _given(platform: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The settings there. A deployment's own file wins over that of this machine."""
    from infra.clouds.aws.target import OWN_FILE as AWS_FILE
    from infra.clouds.gcp.project import OWN_FILE as GCP_FILE
    from infra.clouds.settings import settings_given

    own_files = {"gcp": GCP_FILE, "aws": AWS_FILE}
    if platform not in own_files:
        return dict(environ)
    # The database of a cloud may not be known yet.
    return {name: v for name, v in settings_given(own_files[platform]).items() if name != "DATABASE_URL"}


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100000")
    return int(text)
