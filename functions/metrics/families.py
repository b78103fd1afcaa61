"""Each metric with its samples. The names are a promise: dashboards and rules of others hold them."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import product

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from shared.models import AlertKind, AlertStatus
from shared.store import Measures

# Whether a monitor counts as up. The others have no sample: it is paused or in maintenance, or nobody knows.
_UP = {"UP": 1, "PENDING": 1, "DOWN": 0}
# The last check is too old to say anything about now.
_UNKNOWN = "UNKNOWN"
_PHASES = {
    "total": "response_time_ms",
    "dns": "dns_ms",
    "connect": "connect_ms",
    "tls": "tls_ms",
    "first_byte": "first_byte_ms",
}
# The bounds of the histogram in seconds: the promise is a few seconds, and a message is tried for a day.
_BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 21600.0, 86400.0)


def families(measures: Measures) -> Iterator[Metric]:
    """Every metric, also those without a sample."""
    yield from _of_monitors(measures)
    yield _alerts(measures)
    yield _owed(measures)
    attempts = CounterMetricFamily(
        "bonghwa_notification_attempts",
        "Attempts to send by outcome, and decisions not to send: the rows of the notification log since it exists.",
        labels=["channel", "status"],
    )
    for row in measures.attempts:
        attempts.add_metric([row["channel"], row["status"]], int(row["attempts"]))
    yield attempts
    yield _time_to_notify(measures)
    seen = GaugeMetricFamily(
        "bonghwa_agent_last_seen_timestamp_seconds", "When the agent's newest event arrived.", labels=["agent"]
    )
    for agent in measures.agents:
        seen.add_metric([agent.name], agent.last_seen_at.timestamp())
    yield seen
    yield GaugeMetricFamily("bonghwa_store_bytes", "The size of the database.", value=measures.store_bytes)


def _of_monitors(measures: Measures) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "bonghwa_monitor_up",
        "1 if the monitor works, 0 if it is down; absent while it is paused, in maintenance or unknown.",
        labels=["monitor", "group"],
    )
    took = GaugeMetricFamily(
        "bonghwa_check_seconds", "How long the monitor's last check took, by phase.", labels=["monitor", "phase"]
    )
    expires = GaugeMetricFamily(
        "bonghwa_certificate_expiry_timestamp_seconds",
        "When the certificate expires that the monitor's last check saw.",
        labels=["monitor"],
    )
    for monitor in measures.monitors:
        if monitor.state in _UP:
            up.add_metric([monitor.name, monitor.group or ""], _UP[monitor.state])
        if monitor.check is None or monitor.state == _UNKNOWN:
            continue
        for phase, column in _PHASES.items():
            if monitor.check[column] is not None:
                took.add_metric([monitor.name, phase], round(monitor.check[column] / 1000, 9))
        if until := monitor.check["certificate_expires_at"]:
            expires.add_metric([monitor.name], datetime.fromisoformat(until).timestamp())
    yield from (up, took, expires)


def _alerts(measures: Measures) -> Metric:
    alerts = GaugeMetricFamily(
        "bonghwa_alerts", "The alerts that are stored, by kind and status.", labels=["kind", "status"]
    )
    # Also what there is none of: otherwise an alert that opens would be a new series, and no rule sees it rise.
    counted = Counter(dict.fromkeys(product(map(str, AlertKind), map(str, AlertStatus)), 0))
    counted.update({(row["kind"], row["status"]): int(row["alerts"]) for row in measures.alerts})
    for pair, number in counted.items():
        alerts.add_metric(pair, number)
    return alerts


def _owed(measures: Measures) -> Metric:
    owed = GaugeMetricFamily("bonghwa_notifications_owed", "Messages that a channel is still owed.", labels=["channel"])
    counted = dict.fromkeys((row["channel"] for row in measures.attempts), 0)
    counted |= {row["channel"]: int(row["owed"]) for row in measures.owed}
    for channel, number in counted.items():
        owed.add_metric([channel], number)
    return owed


def _time_to_notify(measures: Measures) -> Metric:
    times = measures.time_to_notify
    counts = times.at_most(bound * 1000 for bound in _BOUNDS)
    return HistogramMetricFamily(
        "bonghwa_time_to_notify_seconds",
        "From the moment at which a channel was owed the first message about an alert until it took it, within 2.5 %.",
        buckets=[*zip(map(str, _BOUNDS), counts, strict=True), ("+Inf", times.count())],
        sum_value=times.sum() / 1000,
    )
