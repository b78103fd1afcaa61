"""Heartbeats on every platform: whoever pings, and whatever stands in front of the function."""

from typing import Any

import pytest

from shared.models import new_event_id
from tests.support.running import rows_of, wait_until
from tests.system.runtimes import Runtime

pytestmark = pytest.mark.system


def made(runtime: Runtime, period: str = "1h") -> dict[str, Any]:
    """A heartbeat that no other test uses: the policy."""
    number = new_event_id()[-12:]
    beat = {"period": period, "grace": "1s", "token": f"token-{number}"}
    policy = {"name": f"Job {number}", "group": "Cron", "heartbeat": beat, "failure_threshold": 9}
    assert runtime.call("POST", "/monitors", policy).status_code == 201
    return policy


def events(runtime: Runtime, policy: dict[str, Any]) -> list[tuple[Any, ...]]:
    sql = """SELECT is_success, error_message, message FROM events
        WHERE monitor_id = (SELECT id FROM monitors WHERE name = ?) ORDER BY id"""
    return [tuple(row.values()) for row in rows_of(runtime.database_url, sql, policy["name"])]


def test_each_client_is_understood(runtime: Runtime) -> None:
    policy = made(runtime)
    token, key = policy["heartbeat"]["token"], policy["name"].lower().replace(" ", "-")
    for method, path, body, bearer in [
        ("GET", f"/heartbeats/{token}", None, None),
        ("HEAD", f"/heartbeats/{token}/0", None, None),
        # A slash more does no harm: curl would follow no redirect, and take it for a success.
        ("GET", f"/heartbeats/{token}/", None, None),
        ("POST", f"/heartbeats/{token}/0/", None, None),
        ("GET", f"/api/push/{token}/?status=up&msg=OK", None, None),
        ("POST", f"/api/v1/endpoints/cron_{key}/external/?success=true", None, token),
        ("POST", f"/heartbeats/{token}/start", None, None),
        ("POST", f"/heartbeats/{token}/3", "디스크가 가득 참\n".encode(), None),
        ("GET", f"/api/push/{token}?status=down&msg=disk%20full&ping=", None, None),
        ("POST", f"/api/push/{token}?status=up&msg=OK&ping=12", None, None),
        ("POST", f"/api/v1/endpoints/cron_{key}/external?success=true&error=&duration=10s", None, token),
    ]:
        response = runtime.call(
            method, path, body, key=None, content_type="text/plain", bearer=bearer, function="receive_heartbeat"
        )
        assert response.status_code == 200, (method, path, response.text)
        assert method == "HEAD" or response.json() == {"ok": True}
    assert events(runtime, policy) == [
        (1, None, None),
        (1, None, None),
        (1, None, None),
        (1, None, None),
        (1, None, "OK"),
        (1, None, None),
        (0, "exit code 3: 디스크가 가득 참", "디스크가 가득 참"),
        (0, "disk full", "disk full"),
        (1, None, "OK"),
        (1, None, None),
    ]


def test_an_unknown_token_is_404_with_its_reason(runtime: Runtime) -> None:
    for method, path in [
        ("GET", "/heartbeats/nobody-has-this"),
        ("POST", "/heartbeats/nobody-has-this/0"),
        ("GET", "/api/push/nobody-has-this?status=up"),
        ("POST", "/api/v1/endpoints/_nobody/external?success=true"),
    ]:
        response = runtime.call(method, path, key=None, bearer="nobody-has-this")
        assert (response.status_code, response.json()) == (404, {"ok": False, "msg": "no heartbeat has this token"})


def test_a_missed_ping_is_notified_and_the_next_one_too(runtime: Runtime) -> None:
    policy = made(runtime, "1s")
    token = policy["heartbeat"]["token"]
    runtime.run("review_alerts")
    assert runtime.call("GET", f"/heartbeats/{token}", key=None).status_code == 200

    def outage() -> list[dict[str, Any]]:
        runtime.run("review_alerts")
        return runtime.alerts(monitor=policy["name"])

    [alert] = wait_until(outage, otherwise=runtime.printed)
    assert alert["cause"].startswith("no ping since ")
    assert runtime.call("HEAD", f"/heartbeats/{token}", key=None).status_code == 200
    runtime.deliver()
    assert runtime.get(f"/alerts/{alert['id']}")["status"] == "RESOLVED"
    said = [text for text in runtime.bot_api.messages if policy["name"] in text]
    # Other tests may have made a storm.
    assert [text.split()[0].rstrip(":") for text in said[:2]] == ["OUTAGE", "RECOVERY"]
    assert runtime.call("DELETE", f"/monitors/{_id_of(runtime, policy)}").status_code == 204


def _id_of(runtime: Runtime, policy: dict[str, Any]) -> int:
    [monitor] = runtime.get(f"/monitors?name={policy['name'].replace(' ', '%20')}")["monitors"]
    return int(monitor["id"])
