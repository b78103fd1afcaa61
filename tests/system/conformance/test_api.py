"""The HTTP API on every platform."""

import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from infra.openapi.document import FILE
from shared import __version__
from tests.support.running import API_KEY, wait_until
from tests.support.stand_ins import Target
from tests.system.conformance.observing import DAY, problem, recovered
from tests.system.runtimes import Runtime

pytestmark = pytest.mark.system


def test_a_repeated_event_changes_nothing(runtime: Runtime, failure: dict[str, Any]) -> None:
    event = recovered(failure, at=f"{DAY}T10:30:00") | {"response_time_ms": 150}
    taken = runtime.call("POST", "/events", event)
    assert taken.status_code == 201
    assert (taken.json()["duplicate"], taken.json()["change"], taken.json()["alert"]) == (False, None, None)
    again = runtime.call("POST", "/events", failure | {"event_id": taken.json()["event_id"]})
    assert (again.status_code, again.json()) == (200, taken.json() | {"duplicate": True})


def test_an_array_is_taken_in_one_transaction_or_refused_whole(runtime: Runtime, failure: dict[str, Any]) -> None:
    refused = problem(runtime.call("POST", "/events", [failure, failure | {"is_success": "no"}]), 400)
    assert refused["field"] == "1.is_success"
    assert runtime.alerts(monitor=failure["target_url"]) == []
    known = f"known-{failure['target_url']}"
    events = [failure | {"event_id": known}, recovered(failure), failure | {"event_id": known}]
    taken = runtime.call("POST", "/events", events)
    assert taken.status_code == 201
    assert (taken.json()["accepted"], taken.json()["duplicates"]) == (2, 1)
    assert [change["change"] for change in taken.json()["changes"]] == ["OPENED", "RESOLVED"]


def test_alerts_are_listed_newest_first_page_by_page(runtime: Runtime, failure: dict[str, Any]) -> None:
    at = [f"{DAY}T10:3{minute}:00Z" for minute in range(5)]
    events = [recovered(failure, at[n]) if n % 2 else failure | {"timestamp": at[n]} for n in range(5)]
    assert runtime.call("POST", "/events", events).status_code == 201
    # An alert's timings change once its messages are sent.
    runtime.deliver()
    listed = f"/alerts?monitor={failure['target_url']}&limit=2"
    first = runtime.get(listed)
    second = runtime.get(f"{listed}&cursor={first['next']}")
    alerts = [*first["alerts"], *second["alerts"]]
    assert (len(first["alerts"]), second["next"]) == (2, None)
    assert [alert["status"] for alert in alerts] == ["OPEN", "RESOLVED", "RESOLVED"]
    assert [alert["id"] for alert in alerts] == sorted((alert["id"] for alert in alerts), reverse=True)
    assert runtime.alerts(monitor=failure["target_url"], status="OPEN") == alerts[:1]


def test_an_alert_is_acknowledged_reopened_and_resolved_by_hand(runtime: Runtime, alert: dict[str, Any]) -> None:
    path, messages_before = f"/alerts/{alert['id']}", len(runtime.bot_api.messages)
    runtime.deliver()
    for status in ("ACK", "OPEN", "RESOLVED"):
        moved = runtime.call("PATCH", path, {"status": status, "by": "김 kim"})
        assert (moved.status_code, moved.json()["status"]) == (200, status)
        alone = {name: value for name, value in runtime.get(path).items() if name != "notifications"}
        assert moved.json() == {**alone, "window_id": None}
    runtime.deliver()
    assert moved.json()["resolved_by"] == "김 kim"
    [*_, recovery] = runtime.bot_api.messages[messages_before:]
    assert f"RECOVERY {alert['target_url']}" in recovery
    assert "resolved by hand by 김 kim" in recovery
    messages = [owed for owed in runtime.get(path)["notifications"] if owed["kind"] != "UPDATE"]
    assert {owed["status"] for owed in messages} == {"SENT"}


def test_every_attempt_to_send_is_listed_newest_first(runtime: Runtime, alert: dict[str, Any]) -> None:
    runtime.deliver()
    logs = runtime.get("/notification_logs?limit=1000")["notification_logs"]
    assert [log["id"] for log in logs] == sorted((log["id"] for log in logs), reverse=True)
    own = [log for log in logs if log["alert_id"] == alert["id"]]
    assert own == runtime.get(f"/notification_logs?alert_id={alert['id']}&limit=100")["notification_logs"]
    assert {log["channel"] for log in own} == {"console", "telegram"}


def test_health_counts_open_alerts(runtime: Runtime, failure: dict[str, Any]) -> None:
    before = runtime.get("/")
    counts = {"last_check", "open_alerts", "owed_notifications"}
    facts = {"status", "reasons", "database", "last_runs", "version", "time_to_notify", "last_drill"}
    assert set(before) == facts | counts
    assert before["version"] == __version__
    runtime.call("POST", "/events", failure)
    assert runtime.get("/")["open_alerts"] == before["open_alerts"] + 1


def test_the_api_describes_itself(runtime: Runtime) -> None:
    response = runtime.call("GET", "/openapi.json")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert response.json() == json.loads(FILE.read_text(encoding="utf-8"))


def test_metrics_are_read_with_the_key_as_a_bearer_token(runtime: Runtime, alert: dict[str, Any]) -> None:
    runtime.deliver()
    response = runtime.call("GET", "/metrics", key=None, bearer=API_KEY)
    assert (response.status_code, response.headers["Content-Encoding"]) == (200, "gzip"), response.text
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    up = {sample.labels["monitor"]: sample.value for sample in families["bonghwa_monitor_up"].samples}
    assert up[alert["subject"]] == 0
    sent = {
        sample.labels["channel"]: sample.value
        for sample in families["bonghwa_notification_attempts"].samples
        if sample.labels["status"] == "SENT"
    }
    # Another test of this runtime may have a channel more.
    assert sent.keys() >= {"console", "telegram"}
    problem(runtime.call("GET", "/metrics", key=None, bearer=f"{API_KEY}x"), 401)


def test_head_responds_like_get_without_a_body(runtime: Runtime) -> None:
    response = runtime.call("HEAD", "/", function="health")
    assert (response.status_code, response.headers["Content-Type"], response.content) == (200, "application/json", b"")


def test_visitors_see_the_page_with_its_assets(runtime: Runtime) -> None:
    monitor: dict[str, Any] = {"name": "of the pages", "group": "Pages", "url": "https://shop.example.com/"}
    body = {"monitors": [monitor], "status_page": {"title": "The shop", "groups": ["Pages"]}}
    try:
        assert runtime.call("PUT", "/config", body).status_code == 200
        incident = runtime.call("POST", "/incidents", {"title": "We move", "text": "**Soon** over."})
        assert incident.status_code == 201, incident.text
        page = runtime.call("GET", "/status?lang=en", key=None)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8"), page.text
        assert "We move" in page.text
        assert "<b>Soon</b> over." in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        [style] = re.findall(r'href="\./(assets/bonghwa-\w+\.css)"', page.text)
        sheet = runtime.call("GET", f"/{style}", key=None)
        assert sheet.status_code == 200
        assert "immutable" in sheet.headers["Cache-Control"]
        shown = runtime.call("GET", "/status.json", key=None).json()
        assert [each["name"] for group in shown["groups"] for each in group["monitors"]] == ["of the pages"]
        number = shown["groups"][0]["monitors"][0]["id"]
        of_monitor = (f"/status/monitors/{number}", f"/badge/{number}/status.svg", f"/embed/{number}")
        for path in ("/status/feed.atom", *of_monitor):
            assert runtime.call("GET", path, key=None).status_code == 200, path
    finally:
        runtime.call("PUT", "/config", {"monitors": []})


def sent(runtime: Runtime, path: str, cookie: str | None = None, **fields: str) -> requests.Response:
    """The page that follows when a browser sends a form."""
    body, kind = urlencode(fields).encode(), "application/x-www-form-urlencoded"
    return runtime.call("POST", path, body, key=None, content_type=kind, cookie=cookie)


def token_of(page: str) -> str:
    """The token of a page's forms."""
    return str(re.findall(r'name="csrf" value="([^"]+)"', page)[0])


def test_people_on_duty_sign_in_and_acknowledge(runtime: Runtime, failure: dict[str, Any]) -> None:
    event = failure | {"monitor": "on duty"}
    alert = runtime.call("POST", "/events", event).json()["alert"]["id"]
    signed_in = sent(runtime, "/dashboard/sign-in", key=API_KEY, name="Kim")
    assert [each.status_code for each in signed_in.history][:1] == [303], signed_in.text
    cookie = signed_in.history[0].headers["Set-Cookie"].partition(";")[0]
    page = runtime.call("GET", f"/dashboard/alerts/{alert}?lang=en", key=None, cookie=cookie)
    assert "on duty</bdi> is down" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    token = token_of(page.text)
    assert sent(runtime, f"/dashboard/alerts/{alert}", cookie, status="ACK", csrf="x").status_code == 403
    assert runtime.get(f"/alerts/{alert}")["status"] == "OPEN"
    sent(runtime, f"/dashboard/alerts/{alert}", cookie, status="ACK", note="on it", csrf=token)
    assert runtime.get(f"/alerts/{alert}")["acknowledged_by"] == "Kim"
    assert runtime.call("PATCH", f"/alerts/{alert}", {"status": "RESOLVED"}).status_code == 200


def test_a_check_is_tried_before_it_is_saved(runtime: Runtime) -> None:
    signed_in = sent(runtime, "/dashboard/sign-in", key=API_KEY)
    cookie = signed_in.history[0].headers["Set-Cookie"].partition(";")[0]
    form = runtime.call("GET", "/dashboard/monitors/new?lang=en", key=None, cookie=cookie)
    with Target() as shop:
        fields = {"kind": "http", "url": shop.url, "interval": "1h", "conditions": "[STATUS] == 200\n[BODY] == bye"}
        path = "/dashboard/monitors/new"
        begun = sent(runtime, path, cookie, csrf=token_of(form.text), **fields, **{"try": "1"})
        assert begun.history, begun.text
        [number] = re.findall(r"[?]trial=(\d+)", begun.history[0].headers["Location"])

        def is_shown() -> bool:
            run = runtime.call("POST", "/check_monitors?only=claimed&seconds=0.1", function="check_monitors")
            assert run.status_code == 200, run.text
            page = runtime.call("GET", f"{path}?lang=en&trial={number}", key=None, cookie=cookie)
            return "1 of 2 conditions hold" in page.text

        wait_until(is_shown, otherwise=runtime.printed)
        assert shop.url not in runtime.call("GET", "/monitors").text
