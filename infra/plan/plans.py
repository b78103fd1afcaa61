"""From a configuration to the plan of each platform."""

import functools
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.plan import aws, gcp, local
from infra.plan.measured import measured
from infra.plan.model import Load, Plan, Price
from shared import channels
from shared.settings import SettingError, Settings

PLATFORMS = {module.PLATFORM: module for module in (local, gcp, aws)}
_FILE = Path(__file__).with_name("prices.toml")
_OWN_MACHINE = "a machine of your own"
# The configuration of the table in the README.
REFERENCE = {
    "TARGET_URL": "https://service-1.example.com/",
    "CHECK_INTERVAL_SECONDS": "30",
    "TELEGRAM_BOT_TOKEN": "123456:ABC-DEF",
    "TELEGRAM_CHAT_ID": "123456789",
}
REFERENCE_MONITORS = (10, 100, 1000)


def load_of(given: Mapping[str, str], monitors: int | None = None) -> Load:
    """The load that the settings make, or would make with another number of monitors with addresses as long.

    Raises:
        SettingError: a setting is malformed, or nothing is watched.
    """
    settings = Settings.from_env(given)
    watched = [*settings.target_urls, *(_of_file(settings) if monitors is None else ())] or settings.targets
    lengths = [len(url.encode()) for url in watched]
    monitors, length = monitors or len(lengths), sum(lengths) / len(lengths)
    return Load(settings, monitors, {**given, "TARGET_URL": " ".join(["-" * round(length)] * monitors)})


def _of_file(settings: Settings) -> list[str]:
    """The addresses that the configuration's file has to watch; none if there is no file."""
    if not settings.config_file.is_file():
        return []
    from infra.configuration.file import FileErrors, read

    try:
        monitors = read(settings.config_file, os.environ).monitors
    except FileErrors as wrong:
        raise SettingError("CONFIG_FILE", str(wrong).splitlines()[0], "a file that can be read") from None
    return [policy.target for policy in monitors if policy.heartbeat is None]


def plan_of(platform: str, load: Load) -> Plan:
    """The plan of ``platform`` for a load."""
    said = price_list().get(platform, {"name": _OWN_MACHINE, "prices": {}})
    prices = {name: Price(**price) for name, price in said["prices"].items()}
    where = f"{said['name']}, {said['region']}" if "region" in said else said["name"]
    # The console costs nothing.
    notifiers = channels.configured(load.given).values()
    paid = max(1, sum(notifier.kind != channels.CONSOLE for notifier in notifiers))
    found: Plan = PLATFORMS[platform].plan(load, measured(), prices, where, paid)
    return found


@functools.cache
def price_list() -> dict[str, Any]:
    """The price list, and when it was looked up."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def reference() -> list[Plan]:
    """The plans of the README's table, in its order."""
    return [
        plan_of(platform, load_of(REFERENCE, monitors)) for monitors in REFERENCE_MONITORS for platform in PLATFORMS
    ]
