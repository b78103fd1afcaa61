"""The configuration's file in a deployment: its channels become a setting, and its monitors are applied at the end."""

import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from infra.clouds import cron
from infra.local.configured import FileWrong
from shared.channels import json_with
from shared.monitors.durations import duration_text
from shared.settings import SettingError, Settings

if TYPE_CHECKING:
    from infra.configuration.file import Configuration

# A public URL that was made just now may take minutes until it responds.
READY_SECONDS = 600.0
_PAUSE_SECONDS = 5.0


def read(given: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> "Configuration | None":
    """The configuration of a deployment; None if there is no file. ``given``: the settings.

    ``environ`` fills in placeholders: a channel's may have any name.

    Raises:
        FileWrong: the file is wrong, or was named and is not there.
    """
    settings = Settings.from_env({name: given[name] for name in ("CONFIG_FILE",) if name in given})
    if settings.config_file_given is None and not os.path.lexists(settings.config_file):
        return None
    from infra.configuration.file import FileErrors
    from infra.configuration.file import read as read_file

    try:
        return read_file(settings.config_file, {**environ, **given})
    except FileErrors as wrong:
        raise FileWrong(str(wrong)) from None


def settings_with(
    given: Mapping[str, str], configuration: "Configuration | None", *, shortest_seconds: int, whose: str
) -> dict[str, str]:
    """The settings with the file's channels, and with an interval that keeps the shortest one of what is checked.

    Raises:
        SettingError: the scheduler, ``whose`` names its owner, cannot keep a monitor's interval, or a setting that the
            file adds to is malformed.
    """
    settings = dict(given)
    if configuration is None:
        return settings
    if channels := configuration.channels:
        settings["CHANNELS"] = json_with(given, channels)
    checked = [policy for policy in configuration.monitors if policy.enabled and policy.heartbeat is None]
    if checked:
        shortest = min(checked, key=lambda policy: policy.interval)
        period = max((each for each in cron.periods(shortest_seconds) if each <= shortest.interval), default=None)
        if period is None:
            monitor, interval = f"the interval of monitor {shortest.name!r}", duration_text(shortest.interval)
            expected = f"{duration_text(shortest_seconds)} or more, as {whose} scheduler can keep"
            raise SettingError(monitor, interval, expected)
        name = "CHECK_INTERVAL_SECONDS"
        own = Settings.from_env({each: given[each] for each in (name, "TARGET_URL") if each in given})
        is_given = own.target_urls or given.get(name)
        settings[name] = f"{min(own.check_interval_seconds, period) if is_given else period:g}"
    return settings


def apply(
    configuration: "Configuration",
    url: str,
    key: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Apply the file to the deployment at ``url``, once that responds; what changed, in one line.

    Raises:
        NotApplied: it does not respond in READY_SECONDS, or refuses the file.
    """
    from infra.configuration.sending import NotApplied, NotReached, put

    gives_up_at = clock() + READY_SECONDS
    while True:
        try:
            *_, counts = put(configuration.body(), url, key, os.environ, is_dry_run=False).lines()
        except NotReached as trouble:
            if clock() >= gives_up_at:
                raise NotApplied(str(trouble)) from None
            print(f"# waiting until {url} responds", flush=True)
            sleep(_PAUSE_SECONDS)
        else:
            return counts
