"""The steps after a deployment: wait until it works, apply the file, try the channels, and say what comes next."""

import argparse
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from infra.clouds import deployed_file
from infra.clouds.cli import Interrupted
from infra.clouds.progress import in_words
from shared.settings import Settings

if TYPE_CHECKING:
    from infra.configuration.file import Configuration

# A new permission or host takes up to seven minutes: https://cloud.google.com/iam/docs/access-change-propagation
WAIT_SECONDS = 600
PAUSE_SECONDS = 5.0
# How long to wait, once it responds, until somebody would be notified: the schedules call once a minute.
SETTLE_SECONDS = 150
# How often a line says that it still waits.
SAY_SECONDS = 30.0
Say = Callable[[str], object]


class NotFinished(Exception):
    """Everything is deployed, and something afterwards did not work. The text says what, and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of a deployment that are about what follows it."""
    parser.add_argument(
        "--wait",
        type=_seconds,
        default=WAIT_SECONDS,
        metavar="SECONDS",
        help="how long to wait until it works (%(default)s); 0 does not wait",
    )
    parser.add_argument("--send-test", action="store_true", help="send a test through each channel at the end")


def finish(
    url: str,
    given: Mapping[str, str],
    configuration: "Configuration | None",
    asked: argparse.Namespace,
    *,
    own_file: str,
    say: Say = lambda line: print(line, flush=True),
) -> None:
    """Do what follows the deployment at ``url``, and print its address and the next step.

    Raises:
        NotFinished: it does not work in time, or a test did not arrive.
        NotApplied: it refuses the file.
        Interrupted: Ctrl-C.
    """
    settings = Settings.from_env({name: value for name, value in given.items() if name != "DATABASE_URL"})
    try:
        if asked.wait:
            wait_until_it_works(url, settings, asked.wait, say=say)
        if configuration is not None:
            say(deployed_file.apply(configuration, url, settings.key.get_secret_value()))
        if asked.send_test:
            _send_test(url, settings, say)
        if asked.wait:
            wait_until_it_notifies(url, settings, min(asked.wait, SETTLE_SECONDS), say=say)
    except KeyboardInterrupt:
        rest = "the same command waits, applies the file and tests again"
        raise Interrupted(f"stopped; everything is deployed at {url}/, and {rest}") from None
    if not asked.send_test:
        say(f"# To try the way to your phone: .venv/bin/python -m infra drill --url {url}")
    say(f"# If something is odd: .venv/bin/python -m infra doctor --env-file {own_file} --url {url}")
    say(f"Done. With the API key it responds at {url}/: curl -H 'X-API-Key: …' {url}/")


def wait_until_it_works(
    url: str,
    settings: Settings,
    seconds: float,
    *,
    say: Say,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until ``GET /`` responds and reaches the database. Raises NotFinished.

    It may say that nobody would be notified: what follows, the file or a test, can be what ends that.
    """
    from infra.asking.api import Backend, NotAnswered

    backend = Backend(url, settings, os.environ)

    def complaint() -> str:
        try:
            backend.health()
        except NotAnswered as trouble:
            return str(trouble)
        return ""

    if why := _waited(complaint, "it works, usually 2 min", seconds, say, clock, sleep):
        fix = f"the same command again waits again, and GET {url}/ says why"
        raise NotFinished(f"everything is deployed, but after {in_words(round(seconds))} {why}: {fix}")


def wait_until_it_notifies(
    url: str,
    settings: Settings,
    seconds: float,
    *,
    say: Say,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until ``GET /`` says that somebody would be notified. If it does not in time, say why not."""
    from infra.asking.api import Backend, NotAnswered

    backend = Backend(url, settings, os.environ)

    def complaint() -> str:
        try:
            return backend.troubles()
        except NotAnswered as trouble:
            return str(trouble)

    if why := _waited(complaint, "somebody would be notified, usually 1 min", seconds, say, clock, sleep):
        say(f"# warning: nobody would be notified of an outage now: {why}")


def _waited(
    complaint: Callable[[], str],
    what: str,
    seconds: float,
    say: Say,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> str:
    """Wait until there is no complaint; the last one, if it takes too long."""
    began_at = clock()
    said_at = began_at - SAY_SECONDS
    while why := complaint():
        passed = clock() - began_at
        if passed >= seconds:
            return why
        if clock() - said_at >= SAY_SECONDS:
            said_at = clock()
            say(f"waiting until {what}, at most {in_words(round(seconds - passed))} more: {why}")
        sleep(PAUSE_SECONDS)
    return ""


def _send_test(url: str, settings: Settings, say: Say) -> None:
    from infra.asking.api import Backend, NotAnswered
    from infra.asking.drills import Drill

    backend = Backend(url, settings, os.environ)
    try:
        is_ok = Drill(backend).run(None, None, say=say)
    except NotAnswered as trouble:
        raise NotFinished(f"everything is deployed, but the test did not end: {trouble}") from None
    if not is_ok:
        raise NotFinished(f"everything is deployed at {url}/, but a channel did not take the test: see the lines above")


def _seconds(text: str) -> int:
    if not text.isdecimal() or int(text) > 3600:
        raise argparse.ArgumentTypeError(f"{text!r}: expected seconds from 0 to 3600")
    return int(text)
