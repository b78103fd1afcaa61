"""When a monitor was down or under maintenance, as the bands of its chart."""

import itertools
from collections.abc import Sequence
from typing import Any

from functions.dashboard.monitors.chart import Band, Period
from functions.dashboard.overview.facts import tags_of
from functions.dashboard.visit import Visit
from shared.models import Alert, AlertKind
from shared.pages.formatting import duration


def bands_of(visit: Visit, row: Any, alerts: Sequence[Alert], period: Period) -> list[Band]:
    """The outages of a monitor and its maintenance, as far as they lie in a period."""
    since, until = period.edges(visit.at)[0], visit.at
    found = []
    for planned in (each.planned for each in visit.store.windows.between(since, until)):
        if planned.kind != "maintenance" or not planned.is_about(row["name"], row["group_name"], tags_of(row)):
            continue
        spans = itertools.takewhile(lambda span: span.starts_at < until, planned.spans(since))
        found += [Band(span.starts_at, span.ends_at, True, visit.say("plan")) for span in itertools.islice(spans, 60)]
    # The newest comes last, and only it is named: names of others would lie on each other.
    outages = [alert for alert in reversed(alerts) if alert.kind is AlertKind.OUTAGE]
    for alert in outages:
        ends_at = alert.resolved_at or until
        lasted = duration((ends_at - alert.failed_at).total_seconds(), visit.language)
        label = visit.say("down_label", time=lasted) if alert is outages[-1] else ""
        if ends_at > since:
            found.append(Band(alert.failed_at, ends_at, False, label))
    return found
