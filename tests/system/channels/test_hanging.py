"""A channel that hangs delays neither the next checks nor the other channel."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Target, hangs
from tests.system.channels.pushing import attempts, load_the_library, monitor_of, seconds_between

pytestmark = pytest.mark.system


INTERVAL_SECONDS, HEALTHY_SECONDS, HANGING_SECONDS = 0.5, 5, 10
# If each check waited the second that an event has for its channels, half of the checks would be missing.
LEAST_SHARE = 0.6


def test_a_hanging_channel_delays_no_check_and_no_channel(
    project: Path, tmp_path: Path, target: Target, bot_api: BotApi
) -> None:
    urls = [f"{target.url}/{number}" for number in range(3)]
    settings = {"TARGET_URL": " ".join(urls), "CHECK_INTERVAL_SECONDS": str(INTERVAL_SECONDS), **bot_api.environ}
    with LocalSystem(project, tmp_path, **settings) as system:
        load_the_library(system)
        began = datetime.now(UTC)
        wait_until_after(system, began + timedelta(seconds=HEALTHY_SECONDS))
        healthy = checks(system, urls, began, HEALTHY_SECONDS, is_success=True)
        bot_api.behaviour = hangs
        target.is_down = True
        system.wait_until(lambda: len(system.told()) == 1 + len(urls))
        # From the first failing check on, so that the check whose report sends the messages counts as well.
        began = min(datetime.fromisoformat(alert["failed_at"]) for alert in alerts_of(system, urls))
        wait_until_after(system, began + timedelta(seconds=HANGING_SECONDS + 1))
        alerts = alerts_of(system, urls)
        hanging = checks(system, urls, began, HANGING_SECONDS, is_success=False)
        bot_api.release()

    # A busy machine checks less often, but not because of the channel.
    assert hanging / HANGING_SECONDS >= LEAST_SHARE * healthy / HEALTHY_SECONDS, (hanging, healthy)
    # The channel hung all the time: what was cut off began again, and nothing was accepted.
    hung_calls = [call for call in bot_api.calls if monitor_of(call.text) in urls]
    assert len(hung_calls) >= 2
    assert not any(call.is_accepted for call in hung_calls)
    cut_off = [log for url in urls for log in attempts(system, url)]
    # Some attempt was made at once, within a second. One of the schedule, which may come first, would have had ten.
    assert min(log["duration_ms"] for log in cut_off) < 6000
    for alert in alerts:
        [console] = attempts(system, alert["subject"], "console")
        assert console["status"] == "SENT"
        assert seconds_between(alert["opened_at"], console["attempted_at"]) < 5
        for hung in attempts(system, alert["subject"])[:1]:
            assert seconds_between(hung["attempted_at"], console["attempted_at"]) < hung["duration_ms"] / 1000


def wait_until_after(system: LocalSystem, moment: datetime) -> None:
    system.wait_until(lambda: datetime.now(UTC) > moment)


def alerts_of(system: LocalSystem, urls: list[str]) -> list[dict[str, Any]]:
    return [alert for alert in system.alerts() if alert["subject"] in urls]


def checks(system: LocalSystem, urls: list[str], began: datetime, seconds: int, *, is_success: bool) -> int:
    """How often the least checked of the URLs was checked with this outcome in a span of time."""
    counts = dict.fromkeys(urls, 0)
    for event in system.events(is_success=is_success):
        at = datetime.fromisoformat(event["timestamp"])
        if event["target_url"] in counts and began <= at < began + timedelta(seconds=seconds):
            counts[event["target_url"]] += 1
    return min(counts.values())
