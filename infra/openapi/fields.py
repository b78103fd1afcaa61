"""What the fields of the shared models mean, for a reader of the document; those of the answers say it themselves."""

from collections.abc import Mapping

_ALERT = {
    "id": "The alert's number.",
    "kind": "What it is about.",
    "subject": "The monitor that fails, by its name; for other kinds the channel, agent or location.",
    "target_url": "What was looked at, where there is such a thing.",
    "status": "Where it stands. OPEN and ACK are active, and there is at most one active alert for one subject.",
    "cause": "The first failure in words.",
    "failed_at": "When the first failing check was made.",
    "opened_at": "When the outage met the monitor's threshold.",
    "acknowledged_at": "When somebody said that they know.",
    "acknowledged_by": "Who that was.",
    "resolved_at": "When it ended.",
    "resolved_by": "Who ended it by hand; null where it recovered by itself.",
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "Event": {
        "target_url": "What was looked at, verbatim.",
        "status_code": "The HTTP status that was answered; null where there was no answer.",
        "response_time_ms": "From the start of the check to the end of the answer; null where there was no answer.",
        "timestamp": (
            "When the check was made. Without an offset it is read in the server's local zone. One from the future "
            "is stored as reported and counts from its receipt."
        ),
        "is_success": "Whether the check succeeded.",
        "error_message": "Why it failed. It becomes the alert's cause.",
        "cause": (
            "The same as data, so that messages can say it in their own language. An unknown code is accepted; "
            "messages then show `error_message`."
        ),
        "event_id": "Makes the event safe to send again. Made up where it is absent.",
        "monitor": "The name of what is watched; `target_url` where it is absent. An unknown one is created.",
        "location": "Where the check ran.",
        "dns_ms": "How long it took to resolve the name.",
        "connect_ms": "How long it took to connect.",
        "tls_ms": "How long the TLS handshake took.",
        "first_byte_ms": "From the request to the first byte of its answer.",
        "agent": "Which agent made the check.",
        "interval_seconds": "How often that agent looks at this monitor.",
        "is_inconclusive": "Whether the check says nothing about the monitor, since its own location was cut off.",
    },
    "Cause": {
        "code": "Which cause it is, in snake_case.",
        "parameters": "What the sentence for this code names: texts and numbers.",
    },
    "Alert": _ALERT,
    "AlertWithNotifications": _ALERT,
    "AlertUpdate": {
        "status": "Where the alert shall stand.",
        "by": "Who does it. It stands in the alert and in the message.",
    },
    "Notification": {
        "id": "The message's id: every copy of it carries the same.",
        "alert_id": "The alert that it is about.",
        "channel": "Where it goes.",
        "kind": "What it tells.",
        "status": "Where it stands. PENDING and SENDING are still owed.",
        "occurred_at": "When what it tells happened.",
        "is_manual": "Whether that was done by hand.",
        "actor": "By whom, where that is known.",
        "created_at": "When it was decided.",
        "due_at": "When it is tried next, or was tried last.",
        "leased_until": "Until when its sender has it for itself.",
        "attempts": "How often a sender took it.",
    },
    "NotificationLog": {
        "id": "The attempt's number.",
        "notification_id": "The message that was sent.",
        "alert_id": "The alert that it is about.",
        "kind": "What the message tells.",
        "channel": "Where it went.",
        "status": "How it went. RETRY: failed for now; FAILED: refused for good; EXPIRED: given up for its age.",
        "attempted_at": "When it was tried.",
        "duration_ms": "How long the channel took.",
        "answer": "The channel's own answer.",
    },
    "AlertsQuery": {
        "status": "Only alerts that stand there.",
        "monitor": "Only alerts about the monitor of this name.",
        "limit": "How many at most.",
        "cursor": "The `next` of the page before.",
    },
    "NotificationLogsQuery": {
        "limit": "How many at most.",
        "cursor": "The `next` of the page before.",
        "alert_id": "Only attempts about this alert.",
    },
}
