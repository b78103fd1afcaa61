"""Monitors that people make over HTTP, on the running system: each is checked within seconds, and its life is told."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.running import API_KEY, LocalSystem, free_port
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system

KEY = {"X-API-Key": API_KEY}


def call(system: LocalSystem, method: str, path: str, body: Any = None) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        response = session.request(method, f"{system.url}{path}", json=body, headers=KEY, timeout=30)
    assert response.ok, response.text
    return response.json() if response.content else None


def told(system: LocalSystem) -> list[str]:
    """The first words of each message."""
    return [" ".join(line.split()[:2]) for line in system.output().splitlines() if line.startswith(("OUTAGE", "RECOV"))]


def test_a_new_monitor_is_checked_within_seconds(project: Path, tmp_path: Path, target: Target) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL="", CHECK_INTERVAL_SECONDS="3600") as system:
        monitor = call(system, "POST", "/monitors", {"name": "shop", "url": target.url, "interval": "1h"})
        path = f"/monitors/{monitor['id']}"
        system.wait_until(lambda: call(system, "GET", path)["state"] == "UP")
        assert call(system, "GET", path)["last_event"]["status_code"] == 200

        # Its next check would be in an hour.
        target.status = 503
        assert call(system, "POST", f"{path}/check")["id"] == monitor["id"]
        system.wait_until(lambda: told(system) == ["OUTAGE shop"])

        call(system, "PATCH", path, {"enabled": False})
        system.wait_until(lambda: told(system) == ["OUTAGE shop", "RECOVERY shop"])
        assert "no longer watched (paused)" in system.output()
        call(system, "PATCH", path, {"enabled": True})
        call(system, "POST", f"{path}/check")
        system.wait_until(lambda: told(system)[2:] == ["OUTAGE shop"])

        call(system, "DELETE", path)
        system.wait_until(lambda: told(system)[3:] == ["RECOVERY shop"])
        assert "no longer watched (removed)" in system.output()
        assert call(system, "GET", "/monitors") == {"monitors": [], "next": None}


def test_the_new_policy_judges_the_next_check(project: Path, tmp_path: Path, target: Target) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL="", CHECK_INTERVAL_SECONDS="3600") as system:
        policy = {"name": "shop", "url": target.url, "interval": "1s"}
        path = f"/monitors/{call(system, 'POST', '/monitors', policy)['id']}"
        system.wait_until(lambda: call(system, "GET", path)["state"] == "UP")
        call(system, "PATCH", path, {"keyword": "checkout"})
        system.wait_until(lambda: told(system) == ["OUTAGE shop"])
        alert = call(system, "GET", path)["active_alert"]
        assert alert["cause"] == 'the answer does not contain "checkout"'
        # Another address, and another fault: the alert stays the same.
        call(system, "PATCH", path, {"keyword": None, "url": f"http://127.0.0.1:{free_port()}/"})
        fault = "connection refused"
        system.wait_until(lambda: call(system, "GET", path)["last_event"]["error_message"] == fault)
        assert call(system, "GET", path)["active_alert"] == alert
        call(system, "PATCH", path, {"url": target.url})
        system.wait_until(lambda: told(system) == ["OUTAGE shop", "RECOVERY shop"])
