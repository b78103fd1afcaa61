"""``python -m infra apply``."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from infra.commands import add_url
from shared.settings import Settings

if TYPE_CHECKING:
    from infra.configuration.file import Configuration
    from infra.configuration.sending import Plan

HELP = "apply the configuration's file: print what changes, then change it, all or nothing"
READS_DOTENV = True
WRONG_FILE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("file", nargs="?", type=Path, help="by default CONFIG_FILE")
    parser.add_argument("--dry-run", action="store_true", help="only print what would change")
    add_url(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print the plan, then apply it. Exit with 1 if the backend refuses, and with 2 if the file is wrong.

    Raises:
        SettingError: a setting is malformed, or there is no API_KEY.
    """
    from infra.configuration.file import FileErrors, FileUnreadable, read
    from infra.configuration.sending import NotApplied, put

    settings = Settings.from_env()
    file: Path = arguments.file or settings.config_file
    is_named = arguments.file is not None or settings.config_file_given is not None
    try:
        configuration = read(file, os.environ)
    except FileErrors as wrong:
        if isinstance(wrong, FileUnreadable) and wrong.is_missing and not is_named:
            print(f"{wrong.file} is not there: nothing to apply")
            return
        print(wrong, file=sys.stderr)
        sys.exit(WRONG_FILE)
    body, backend, key = configuration.body(), arguments.url or settings.backend_url, settings.key.get_secret_value()
    try:
        plan = put(body, backend, key, os.environ, is_dry_run=True)
        *changes, counts = plan.lines()
        is_elsewhere = backend != settings.backend_url
        places = _about_places(configuration, plan, settings, is_elsewhere=is_elsewhere)
        warnings = [*_about_channels(configuration, plan, key), *places]
        for line in [*changes, *warnings, counts]:
            print(line)
        sys.stdout.flush()
        if not arguments.dry_run:
            put(body, backend, key, os.environ, is_dry_run=False)
    except NotApplied as trouble:
        sys.exit(f"bonghwa: {trouble}")


def _about_channels(configuration: "Configuration", plan: "Plan", key: str) -> list[str]:
    """The warning for a person if the system runs with other channels."""
    from shared.channels.digest import digest

    is_same = plan.channels in (None, digest(key, os.environ, configuration.channels))
    return [] if is_same else ["channels take effect when the system restarts, or is deployed again"]


def _about_places(configuration: "Configuration", plan: "Plan", settings: Settings, *, is_elsewhere: bool) -> list[str]:
    """Warnings for a person if monitors need locations, or values, that agents may not have, or pages that are not."""
    from infra.configuration.places import unset, unshown, warnings

    of_places = [] if plan.locations is None else warnings(configuration.monitors, plan.locations)
    of_values = unset(configuration.monitors, os.environ)
    # Another system has its own STATUS_PAGE.
    is_on, page = (None, "page of this file") if is_elsewhere else (settings.status_page, "status page")
    of_pages = unshown(configuration, is_on, page)
    return [f"warning: {text}" for text in (*of_places, *of_values, *of_pages)]
