"""One story in examples: a shop fails, one channel accepts the message late, and somebody acknowledges the alert."""

from typing import Any

from shared import __version__

SUCCESS: dict[str, Any] = {
    "target_url": "https://example.com",
    "status_code": 200,
    "response_time_ms": 150,
    "timestamp": "2025-01-08T10:30:00",
    "is_success": True,
    "error_message": None,
}

FAILURE: dict[str, Any] = {
    "target_url": "https://shop.example.com/cart",
    "status_code": 503,
    "response_time_ms": 41.7,
    "timestamp": "2025-01-08T10:30:00.250+09:00",
    "is_success": False,
    "error_message": "HTTP 503 Service Unavailable",
    "cause": {"code": "http_status", "parameters": {"status": 503, "phrase": "Service Unavailable"}},
    "event_id": "019443c1f8ba5d0c7e2f4b6a8d901c3e",
    "monitor": "shop",
    "location": "seoul",
    "dns_ms": 1.2,
    "connect_ms": 9.8,
    "tls_ms": 12.1,
    "first_byte_ms": 18.6,
}

ALERT: dict[str, Any] = {
    "id": 7,
    "kind": "OUTAGE",
    "subject": "shop",
    "target_url": FAILURE["target_url"],
    "status": "OPEN",
    "cause": FAILURE["error_message"],
    "failed_at": "2025-01-08T01:30:00.250Z",
    "opened_at": "2025-01-08T01:30:00.250Z",
    "acknowledged_at": None,
    "acknowledged_by": None,
    "resolved_at": None,
    "resolved_by": None,
    "locations": [],
    "dependents": [],
    "still_failing": [],
    "still_failing_from": [],
    "suppressed_by": None,
    "timings": {"confirmed_seconds": 0.0, "opened_seconds": 0.051, "delivered": {"telegram": 2.06}},
}
ACKNOWLEDGED = ALERT | {
    "window_id": None,
    "status": "ACK",
    "acknowledged_at": "2025-01-08T01:34:12.804Z",
    "acknowledged_by": "kim",
}
WHOLE_ALERT = ALERT | {
    "notifications": [
        {
            "id": 12,
            "alert_id": 7,
            "channel": "telegram",
            "kind": "OUTAGE",
            "status": "SENT",
            "occurred_at": ALERT["opened_at"],
            "is_manual": False,
            "actor": None,
            "created_at": "2025-01-08T01:30:00.301Z",
            "due_at": "2025-01-08T01:30:02.118Z",
            "leased_until": None,
            "attempts": 2,
            "reason": None,
            "number": None,
            "message_id": None,
            "edits": None,
        }
    ]
}

TAKEN: dict[str, Any] = {"id": 4711, "event_id": "ping-4711", "duplicate": False, "change": None, "alert": None}
OPENED = TAKEN | {"event_id": FAILURE["event_id"], "change": "OPENED", "alert": ALERT}
ARRAY_TAKEN: dict[str, Any] = {
    "accepted": 2,
    "duplicates": 0,
    "changes": [{"event_id": FAILURE["event_id"], "change": "OPENED", "alert": ALERT}],
}

_SENT: dict[str, Any] = {
    "id": 22,
    "notification_id": 12,
    "alert_id": 7,
    "kind": "OUTAGE",
    "channel": "telegram",
    "status": "SENT",
    "attempted_at": "2025-01-08T01:30:02.240Z",
    "duration_ms": 121.4,
    "answer": "message 5021",
    "reason": None,
}
_RETRY = _SENT | {
    "id": 21,
    "status": "RETRY",
    "attempted_at": "2025-01-08T01:30:00.305Z",
    "duration_ms": 804.9,
    "answer": "Bad Gateway",
    "reason": None,
}
LOGS = {"notification_logs": [_SENT, _RETRY], "next": None}

HEALTH = {
    "status": "ok",
    "reasons": [],
    "database": "ok",
    "last_check": "2025-01-08T01:30:00.250Z",
    "open_alerts": 1,
    "owed_notifications": 0,
    "last_drill": {
        "at": "2025-01-06T01:00:00.000Z",
        "ok": True,
        "delivered": {"ops": 0.4},
        "failed": {},
        "acknowledged_by": "kim",
    },
    "time_to_notify": {"p50": 0.4, "p95": 2.1},
    "last_runs": {
        "review_alerts": "2025-01-08T01:30:00.125Z",
        "deliver_notifications": "2025-01-08T01:29:45.500Z",
    },
    "version": __version__,
}
DEGRADED = HEALTH | {"status": "degraded", "reasons": ["agent seoul last reported at 2025-01-08T01:20:00.250Z"]}
TROUBLE = {
    "status": "unavailable",
    "reasons": ["the database is busy"],
    "database": "the database is busy",
    "last_drill": None,
    "version": __version__,
}
CHECKS_RUN = {"checked": 2, "failed": 1, "posted": 2, "refused": 0, "spooled": 0}
REVIEW = {
    "silent_agents": 0,
    "missed_pings": 0,
    "outlived_windows": 0,
    "reminders": 0,
    "escalations": 0,
    "drills": 0,
    "summaries": 0,
}
DELIVERY_RUN = {"SENT": 1, "RETRY": 0, "FAILED": 0, "EXPIRED": 0}

_BLANK = {"type": "about:blank"}
PROBLEMS: dict[int, dict[str, Any]] = {
    400: _BLANK
    | {
        "title": "Bad Request",
        "status": 400,
        "detail": "is_success: Input should be a valid boolean; found 'no'",
        "field": "is_success",
        "value": "'no'",
        "errors": [{"field": "is_success", "value": "'no'", "problem": "Input should be a valid boolean"}],
    },
    401: _BLANK | {"title": "Unauthorized", "status": 401, "detail": "the X-API-Key header is missing"},
    404: _BLANK | {"title": "Not Found", "status": 404, "detail": "there is no alert 99"},
    405: _BLANK | {"title": "Method Not Allowed", "status": 405, "detail": "the method DELETE is not allowed"},
    409: _BLANK
    | {
        "title": "Conflict",
        "status": 409,
        "detail": "alert 7 cannot go from RESOLVED to ACK: reopen it first (OPEN)",
        "field": "status",
        "from": "RESOLVED",
        "to": "ACK",
    },
    413: _BLANK | {"title": "Content Too Large", "status": 413, "detail": "the body is longer than 1048576 bytes"},
    414: _BLANK | {"title": "URI Too Long", "status": 414, "detail": "Request Line is too large (5014 > 4094)"},
    421: _BLANK
    | {
        "title": "Misdirected Request",
        "status": 421,
        "detail": "the Host is 'evil.example', which is none of our names; PUBLIC_URL adds one",
        "field": "Host",
        "value": "'evil.example'",
    },
    415: _BLANK
    | {
        "title": "Unsupported Media Type",
        "status": 415,
        "detail": "the Content-Type is 'text/plain': expected 'application/json'",
        "field": "Content-Type",
        "value": "'text/plain'",
    },
    429: _BLANK
    | {
        "title": "Too Many Requests",
        "status": 429,
        "detail": "alert 7 was moved 10 times within a minute: try again in 42 s",
    },
    500: _BLANK
    | {"title": "Internal Server Error", "status": 500, "detail": "an error of this program; its log has the details"},
    503: _BLANK | {"title": "Service Unavailable", "status": 503, "detail": "the database is busy"},
}
