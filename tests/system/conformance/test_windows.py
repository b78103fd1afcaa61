"""Windows on every platform: nothing opens under maintenance, and a silence holds what it is about."""

from typing import Any

import pytest

from tests.system.conformance.observing import Watch
from tests.system.runtimes import Runtime

pytestmark = pytest.mark.system


def opened(runtime: Runtime, watch: Watch, kind: str) -> dict[str, Any]:
    """A window for what is watched, from now on."""
    watch.check()
    response = runtime.call("POST", "/windows", {"kind": kind, "monitors": [watch.url], "duration": "1h", "by": "kim"})
    assert response.status_code == 201, response.text
    window: dict[str, Any] = response.json()
    assert runtime.get(f"/windows/{window['id']}") == window
    assert window in runtime.get("/windows?limit=1000")["windows"]
    return window


def ended(runtime: Runtime, window: dict[str, Any]) -> None:
    path = f"/windows/{window['id']}"
    assert runtime.call("PATCH", path, {"title": "until it is over"}).status_code == 200
    assert runtime.call("DELETE", path).status_code == 204
    assert runtime.call("GET", path).status_code == 404


def test_a_silence_holds_an_outage_until_it_ends(runtime: Runtime, watch: Watch) -> None:
    silence = opened(runtime, watch, "silence")
    runtime.target.status = 503
    watch.check()
    runtime.deliver()
    [alert] = watch.alerts
    logs = runtime.get(f"/notification_logs?alert_id={alert['id']}")["notification_logs"]
    assert {(log["status"], log["reason"]) for log in logs} == {("HELD", "silence")}
    assert watch.messages == []
    ended(runtime, silence)
    runtime.deliver()
    assert [text.split()[0] for text in watch.messages] == ["OUTAGE"]


def test_an_outage_that_outlives_its_maintenance_opens_at_the_end(runtime: Runtime, watch: Watch) -> None:
    window = opened(runtime, watch, "maintenance")
    runtime.target.status = 503
    watch.check(times=2)
    assert (watch.alerts, watch.messages) == ([], [])
    assert runtime.get(f"/monitors?name={watch.url}")["monitors"][0]["state"] == "MAINTENANCE"
    ended(runtime, window)
    assert runtime.call("POST", "/review_alerts", function="review_alerts").json()["outlived_windows"] <= 1
    [alert] = watch.alerts
    assert (alert["status"], alert["cause"]) == ("OPEN", "HTTP 503 Service Unavailable")
    runtime.deliver()
    assert [text.split()[0] for text in watch.messages] == ["OUTAGE"]
