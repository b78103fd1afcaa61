"""The metrics' names, which others hold in dashboards and rules: in the response, the manuals and our own dashboard."""

import json
import re
from typing import Any

import pytest
from prometheus_client.metrics_core import Metric

from functions.metrics.families import families
from shared import ROOT
from shared.history.histogram import Histogram
from shared.models import Agent
from shared.store import Measures
from shared.store.asking.metrics.measures import MonitorMeasure
from tests.support.builders import NOON

# Each name as it stands in the text, with the labels of its samples.
PROMISED = {
    "bonghwa_monitor_up": {"monitor", "group"},
    "bonghwa_check_seconds": {"monitor", "phase"},
    "bonghwa_certificate_expiry_timestamp_seconds": {"monitor"},
    "bonghwa_alerts": {"kind", "status"},
    "bonghwa_notifications_owed": {"channel"},
    "bonghwa_notification_attempts_total": {"channel", "status"},
    "bonghwa_time_to_notify_seconds": {"le"},
    "bonghwa_agent_last_seen_timestamp_seconds": {"agent"},
    "bonghwa_store_bytes": set(),
}
_TIMES = dict.fromkeys(("response_time_ms", "dns_ms", "connect_ms", "tls_ms", "first_byte_ms"), 1.0)
_EVERYTHING = Measures(
    monitors=[MonitorMeasure("shop", "Web", "UP", {**_TIMES, "certificate_expires_at": "2025-01-08T10:30:00.000Z"})],
    alerts=[{"kind": "OUTAGE", "status": "OPEN", "alerts": 1}],
    owed=[{"channel": "ops", "owed": 1}],
    attempts=[{"channel": "ops", "status": "SENT", "attempts": 1}],
    time_to_notify=Histogram({0: 1}),
    agents=[Agent("default", 30, NOON, NOON)],
    store_bytes=1,
)
_DASHBOARD = json.loads((ROOT / "infra/grafana/bonghwa.json").read_text(encoding="utf-8"))


def shown(family: Metric) -> str:
    """The name of a family as it stands in the text."""
    return family.name + ("_total" if family.type == "counter" else "")


def labels_of(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels}


def expressions() -> list[str]:
    variables = [each["definition"] for each in _DASHBOARD["templating"]["list"] if each["type"] == "query"]
    return [*variables, *(target["expr"] for panel in _DASHBOARD["panels"] for target in panel["targets"])]


def test_each_metric_has_its_promised_name_and_labels() -> None:
    assert {shown(family): labels_of(family) for family in families(_EVERYTHING)} == PROMISED


@pytest.mark.parametrize("readme", ["README.md", "README.ko.md"])
def test_the_manual_names_each_metric_with_its_labels(readme: str) -> None:
    rows = re.findall(r"(?m)^\| `(bonghwa_\w+)` \| (.*?) \|", (ROOT / "functions" / readme).read_text("utf-8"))
    assert {name: set(re.findall(r"`(\w+)`", cell)) for name, cell in rows} == {
        name: labels - {"le"} for name, labels in PROMISED.items()
    }


def test_the_dashboard_draws_each_metric_and_no_other() -> None:
    samples = {sample.name for family in families(_EVERYTHING) for sample in family.samples}
    drawn = {name for each in expressions() for name in re.findall(r"bonghwa_\w+", each)}
    assert drawn <= samples
    assert {re.sub("_(bucket|sum|count)$", "", name) for name in drawn} == PROMISED.keys()


def test_the_dashboard_asks_for_labels_that_there_are() -> None:
    labels = set.union(*PROMISED.values())
    for each in expressions():
        matched = re.findall(r"[{,] *(\w+)(?:=~|!=|!~|=)\"", each)
        grouped = [name for names in re.findall(r"(?:by|on) \((.*?)\)", each) for name in names.split(", ")]
        assert {*matched, *grouped} <= labels, each


def test_no_panel_of_the_dashboard_lies_on_another() -> None:
    panels: list[dict[str, Any]] = _DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    covered = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(covered)) == len(covered)
    assert max(x for x, _ in covered) < 24
