"""Steps of a test of summaries, in one line each. Noon is that of Wednesday, 8 January 2025."""

import json
from typing import Any

from shared.models import Alert, AlertKind
from shared.models.channel import Channels
from shared.monitors.windows.summary import Summary
from shared.store import Store
from tests.support.builders import at
from tests.support.store.steps import CHANNELS

DAY, HOUR = 86_400.0, 3_600.0
DAILY = {"every": "day", "at": "13:00"}


def put(store: Store, *summaries: dict[str, Any], seconds: float = 0) -> None:
    """The file says that these recur, from then on."""
    wanted = [Summary.model_validate(each) for each in summaries]
    store.monitors.apply([], {}, {}, now=at(seconds), channels=CHANNELS, summaries=wanted)


def review(store: Store, seconds: float, channels: Channels = CHANNELS) -> list[Alert]:
    """A review; the summaries that it begins."""
    return [begun.alert for begun in store.summaries.review(now=at(seconds), channels=channels)]


def content(alert: Alert) -> dict[str, Any]:
    """The text of a summary."""
    return dict(json.loads(alert.summary or "null"))


def stored(store: Store) -> list[Alert]:
    """All summaries, oldest first."""
    return store.alerts.page(limit=100, kind=AlertKind.SUMMARY)[::-1]
