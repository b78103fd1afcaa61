"""From a configuration to the plan of each platform."""

import dataclasses
import functools
import os
import statistics
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.clouds import deployed_file
from infra.clouds.aws.schedules import SHORTEST_SECONDS as SHORTEST_OF_AMAZON
from infra.clouds.gcp.schedules import SHORTEST_SECONDS as SHORTEST_OF_GOOGLE
from infra.local.configured import FileWrong
from infra.plan import aws, gcp, local, regions
from infra.plan.load import Load
from infra.plan.measured import measured
from infra.plan.model import Plan
from shared import channels
from shared.models.channel import CONSOLE
from shared.models.monitor import DEFAULT_LOCATION
from shared.monitors.kinds import Kind
from shared.monitors.placeholders import names_in
from shared.settings import SettingError, Settings

if TYPE_CHECKING:
    from infra.configuration.file import Configuration

PLATFORMS = {module.PLATFORM: module for module in (local, gcp, aws)}
_SCHEDULERS = {gcp.PLATFORM: (SHORTEST_OF_GOOGLE, "Google's"), aws.PLATFORM: (SHORTEST_OF_AMAZON, "Amazon's")}
_FILE = Path(__file__).with_name("prices.toml")
# The configuration of the table in the README.
REFERENCE = {
    "TARGET_URL": "https://service-1.example.com/",
    "CHECK_INTERVAL_SECONDS": "30",
    "TELEGRAM_BOT_TOKEN": "123456:ABC-DEF",
    "TELEGRAM_CHAT_ID": "123456789",
}
REFERENCE_MONITORS = (10, 100, 1000)
# No agent reads these.
_NOT_FILLED_IN = {"description"}


def load_of(
    given: Mapping[str, str],
    monitors: int | None = None,
    platform: str = local.PLATFORM,
    environ: Mapping[str, str] = os.environ,
) -> Load:
    """The load that the settings and the file make on ``platform``, or that so many monitors in TARGET_URL would make.

    ``environ`` fills in the file's placeholders.

    Raises:
        SettingError: a setting is malformed, or the platform cannot keep a monitor's interval.
    """
    settings = Settings.from_env(given)
    configuration = _configuration(given, environ) if monitors is None else None
    if configuration is None:
        lengths = [len(url.encode()) for url in settings.target_urls]
        count = len(lengths) if monitors is None else monitors
        length = round(statistics.mean(lengths or [len(REFERENCE["TARGET_URL"])]))
        return Load(settings, count, {**given, "TARGET_URL": " ".join(["-" * length] * count)})
    given = _with_file(given, settings, configuration, platform)
    here = settings.location or DEFAULT_LOCATION
    checked = tuple(each for each in _checked(configuration) if not each.locations or here in each.locations)
    # On a machine of one's own they have a schedule of their own.
    target_seconds = None if platform in _SCHEDULERS else settings.check_interval_seconds
    monitors = len(settings.target_urls) + len(checked)
    return Load(Settings.from_env(given), monitors, given, checked, target_seconds=target_seconds)


def _configuration(given: Mapping[str, str], environ: Mapping[str, str]) -> "Configuration | None":
    """The configuration's file, if there is one."""
    try:
        return deployed_file.read(given, environ)
    except FileWrong as wrong:
        raise SettingError("CONFIG_FILE", str(wrong).splitlines()[0], "a file that can be read") from None


def _with_file(
    given: Mapping[str, str], settings: Settings, configuration: "Configuration", platform: str
) -> dict[str, str]:
    """The settings as the platform makes them of the file: its channels, and the shortest interval."""
    if platform in _SCHEDULERS:
        shortest, whose = _SCHEDULERS[platform]
        return deployed_file.settings_with(given, configuration, shortest_seconds=shortest, whose=whose)
    intervals = [each.interval for each in _checked(configuration)]
    if settings.target_urls or not intervals:
        intervals.append(settings.check_interval_seconds)
    known = channels.json_with(given, configuration.channels)
    return {
        **given,
        "CHECK_INTERVAL_SECONDS": f"{min(intervals):g}",
        **({"CHANNELS": known} if known != "{}" else {}),
    }


def _checked(configuration: "Configuration") -> list[Any]:
    """The monitors of the file that an agent checks."""
    return [policy for policy in configuration.monitors if policy.enabled and policy.heartbeat is None]


def plan_for(
    platform: str,
    given: Mapping[str, str],
    monitors: int | None = None,
    region: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Plan:
    """The plan of ``platform`` for the settings and the file. An interval that it cannot keep is a refusal.

    ``region``: see ``plan_of``. ``environ``: see ``load_of``.

    Raises:
        SettingError: a setting is malformed.
    """
    try:
        load = load_of(given, monitors, platform, environ)
    except SettingError as refusal:
        if platform not in _SCHEDULERS:
            raise
        # A mistake that holds everywhere is raised here again.
        return Plan(platform, _name(platform), load_of(given, monitors, environ=environ), refusals=[str(refusal)])
    return plan_of(platform, load, region)


def plan_of(platform: str, load: Load, region: str | None = None) -> Plan:
    """The plan of ``platform`` for a load. ``region``: where it runs, by default where the prices are from."""
    prices = regions.prices(price_list()[platform], region)
    # The console costs nothing.
    notifiers = channels.configured(load.given).values()
    paid = max(1, sum(notifier.kind != CONSOLE for notifier in notifiers))
    found: Plan = PLATFORMS[platform].plan(load, measured(), prices, _name(platform, region), paid)
    notes = [*found.notes, *_of_regions(found, region), *idle(load), *_warnings(platform, load)]
    return dataclasses.replace(found, notes=notes)


def _name(platform: str, region: str | None = None) -> str:
    said = price_list()[platform]
    return f"{said['name']}, {region or said['region']}"


def _of_regions(plan: Plan, region: str | None) -> list[str]:
    """The region's part in the price."""
    said = price_list()[plan.platform]
    if plan.refusals or plan.platform == local.PLATFORM:
        return []
    if not (tier_2 := said.get("tier_2")):
        is_elsewhere = region not in (None, said["region"])
        return [f"the prices are those of {said['region']}: {region} may be dearer"] if is_elsewhere else []
    more = regions.dollars_of_tier_2(said, plan.bill)
    if regions.is_tier_2(said, region):
        return [f"{region} is of tier 2: one of tier 1, such as {said['region']}, costs {more:,.2f} $ less a month"]
    return [f"a region of tier 2, such as {tier_2['example']}, costs {more:,.2f} $ more a month"]


def _warnings(platform: str, load: Load) -> list[str]:
    """Doubts about what works there."""
    if platform not in _SCHEDULERS:
        return []
    return [*_pings(load), *lacking(load)]


def idle(load: Load) -> Iterator[str]:
    """That nothing is checked there, if so."""
    if not load.monitors:
        yield "nothing is checked there: TARGET_URL is empty, and no monitor of the file is for that agent"


def _pings(load: Load) -> Iterator[str]:
    pinged = [policy.name for policy in load.checked if policy.kind is Kind.ICMP]
    more = f" and {len(pinged) - 1:,} more" if len(pinged) > 1 else ""
    if pinged:
        yield (
            f"monitor {pinged[0]!r}{more}: functions there may not be allowed to ping (ICMP); then a check says "
            "nothing of the host, and tcp:// serves better"
        )


def lacking(load: Load) -> Iterator[str]:
    """The monitors of the file whose checks would say nothing, since a variable that they name has no value."""
    found: dict[str, list[str]] = {}
    for policy in load.checked:
        for name in sorted(set(names_in(policy.model_dump_json(exclude=_NOT_FILLED_IN))) - load.given.keys()):
            found.setdefault(name, []).append(policy.name)
    for name, monitors in found.items():
        more = f" and {len(monitors) - 1:,} more" if len(monitors) > 1 else ""
        yield f"monitor {monitors[0]!r}{more} has ${{{name}}}, which is not set: a check without it says nothing"


@functools.cache
def price_list() -> dict[str, Any]:
    """The price list, and when it was looked up."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def reference() -> list[Plan]:
    """The plans of the README's table, in its order."""
    return [
        plan_of(platform, load_of(REFERENCE, monitors)) for monitors in REFERENCE_MONITORS for platform in PLATFORMS
    ]
