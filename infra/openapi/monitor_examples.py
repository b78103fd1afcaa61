"""Examples about what is watched: a shop, and a backup that pings."""

from typing import Any

from infra.openapi.examples import ALERT

POLICY: dict[str, Any] = {
    "name": "shop",
    "group": "Web",
    "url": "https://shop.example.com/cart",
    "interval": "30s",
    "failure_threshold": 2,
    "headers": {"Authorization": "Bearer ${MONITOR_SHOP_TOKEN}"},
    "keyword": "checkout",
}
HEARTBEAT: dict[str, Any] = {"name": "backup", "heartbeat": {"period": "1d", "grace": "1h"}}
CHANGE: dict[str, Any] = {"interval": "1m", "keyword": None}
CONFIGURATION: dict[str, Any] = {"monitors": [{**POLICY, "line": 3}, {**HEARTBEAT, "line": 11}]}

_EVENT: dict[str, Any] = {
    "id": 4712,
    "event_id": "019443c1f8ba5d0c7e2f4b6a8d901c3e",
    "location": "seoul",
    "target_url": POLICY["url"],
    "timestamp": "2025-01-08T01:30:00.250Z",
    "received_at": "2025-01-08T01:30:00.297Z",
    "is_success": False,
    "is_inconclusive": False,
    "status_code": 503,
    "response_time_ms": 41.7,
    "dns_ms": 1.2,
    "connect_ms": 9.8,
    "tls_ms": 12.1,
    "first_byte_ms": 18.6,
    "error_message": "HTTP 503 Service Unavailable",
    "cause": {"code": "http_status", "parameters": {"status": 503, "phrase": "Service Unavailable"}},
    "ip": "203.0.113.7",
    "certificate_expires_at": "2025-03-01T12:00:00.000Z",
    "condition": None,
    "message": "try again later",
    "attempts": [],
}
MONITOR: dict[str, Any] = {
    "id": 3,
    "name": POLICY["name"],
    "source": "api",
    "line": None,
    "policy": POLICY,
    "state": "DOWN",
    "since": ALERT["opened_at"],
    "last_checked_at": _EVENT["timestamp"],
    "last_event": _EVENT,
    "next_check_at": "2025-01-08T01:30:30.250Z",
    "active_alert": ALERT,
    "is_degraded": False,
    "is_flapping": False,
    "suppressed_by": None,
    "locations": [
        {
            "location": "seoul",
            "state": "DOWN",
            "since": ALERT["opened_at"],
            "last_checked_at": _EVENT["timestamp"],
        }
    ],
}
PAUSED = MONITOR | {
    "policy": POLICY | {"enabled": False},
    "state": "PAUSED",
    "next_check_at": None,
    "active_alert": None,
    "is_degraded": False,
    "is_flapping": False,
}
PLAN: dict[str, Any] = {
    "version": 5,
    "dry_run": False,
    "added": ["backup"],
    "changed": [{"name": "shop", "fields": ["interval"]}],
    "removed": ["old shop"],
    "unchanged": 12,
    "parts": [{"change": "changed", "section": "window", "name": "Patching", "fields": ["duration"]}],
    "channels": "6f1c0d5e9a7b42f3816d0c9be2574a83d1e06b79c45f28ad3097be16f4c8a250",
    "locations": ["default", "seoul"],
}

CLAIM: dict[str, Any] = {"agent": "seoul", "location": "seoul", "seconds": 30, "known": 4}
CLAIMED: dict[str, Any] = {
    "version": 5,
    "now": "2025-01-08T01:30:00.000Z",
    "until": "2025-01-08T01:30:30.000Z",
    "checks": [{"name": "shop", "due_at": "2025-01-08T01:30:14.512Z"}],
    "policies": [POLICY],
    "removed": ["old shop"],
    "is_complete": False,
    "trials": [],
}
TRIED: dict[str, Any] = {
    "event": {
        "target_url": "https://shop.example/",
        "timestamp": "2025-01-08T01:30:01.000Z",
        "is_success": True,
        "status_code": 200,
        "response_time_ms": 131.2,
    },
    "conditions": [{"condition": "[STATUS] == 200", "is_met": True, "shown": "[STATUS] (200) == 200"}],
}
