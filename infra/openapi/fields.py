"""The meanings of the shared models' fields, for a reader of the document; responses state their own."""

from collections.abc import Mapping

_ALERT = {
    "id": "The alert's number.",
    "kind": "What it is about.",
    "subject": "The monitor that fails, by its name; for other kinds the channel, agent or location.",
    "target_url": "The address that was checked, if there is one.",
    "status": "Its status. OPEN and ACK are active; a subject has at most one active alert.",
    "cause": "The first failure in words.",
    "failed_at": "When the first failing check was made.",
    "opened_at": "When the outage met the monitor's threshold.",
    "acknowledged_at": "When somebody acknowledged it.",
    "acknowledged_by": "Who acknowledged it.",
    "resolved_at": "When it ended.",
    "resolved_by": "Who resolved it by hand; null if it recovered by itself.",
    "locations": "Who saw what when it opened, if several locations report the monitor.",
    "dependents": "The monitors that depend on this one.",
    "still_failing": "Those of them that still failed when it ended.",
    "still_failing_from": "The locations from which its own monitor still failed when it ended.",
    "suppressed_by": "The alert of a monitor that it depends on, because of which nobody is notified of this one.",
    "timings": "How long it took to notify people.",
}

_SPAN = {"from": "Where the span begins.", "to": "Where it ends; that moment is no part of it."}
_HISTORY_QUERY = {
    "from": "Where the span begins: by itself a day before `to`, or 30 days with `step=day`.",
    "to": "Where it ends, by itself now; that moment is no part of it.",
    "step": (
        "How long a bucket is; `whole`: the span is one bucket. The first and the last one are clipped. At most 3,000 "
        "buckets, or days of a whole, are told at once."
    ),
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "SeenFrom": {
        "location": "The location.",
        "state": "The monitor's state there.",
        "error_message": "Why its last failing check there failed; null if it works there.",
    },
    "Event": {
        "target_url": "The address that was checked; the password of a URL is masked.",
        "status_code": "The HTTP status of the response; null if there was none.",
        "response_time_ms": "From the start of the check to the end of the response; null if there was none.",
        "timestamp": (
            "When the check was made. Without an offset it is read in the server's local zone. One from the future "
            "counts from its receipt, and is stored as reported if it is more than 5 seconds ahead. If the sender's "
            "clock is wrong, it is stored as it was by the backend's."
        ),
        "is_success": "Whether the check succeeded.",
        "error_message": "Why it failed. It becomes the alert's cause.",
        "cause": (
            "The same as data, so that messages can say it in their own language. An unknown code is accepted; "
            "messages then show `error_message`."
        ),
        "event_id": "Makes the event safe to send again. Generated if it is absent.",
        "monitor": (
            "The name of the monitor, at most 2,048 bytes in UTF-8; `target_url` if it is absent. An unknown monitor "
            "is created."
        ),
        "location": "Where the check ran.",
        "dns_ms": "How long it took to resolve the name.",
        "connect_ms": "How long it took to connect.",
        "tls_ms": "How long the TLS handshake took.",
        "first_byte_ms": "From the request to the first byte of the response.",
        "agent": "Which agent made the check.",
        "interval_seconds": "How often that agent reports, in seconds; more than its interval if checks outlast it.",
        "is_inconclusive": "Whether the failure is the agent's own, and says nothing about the monitor.",
        "ip": "The address that answered, or that was connected to.",
        "certificate_expires_at": "When the server's certificate expires; null if it has none.",
        "condition": "The condition that failed, with the value that it met: `[RESPONSE_TIME] (512) < 300`.",
        "message": "The beginning of what the server sent, if the check failed; or what a heartbeat brought.",
        "attempts": "The tries before this one, oldest first: a policy may confirm a failure within one run.",
    },
    "TrialResult": {
        "event": "The event that the check would have been.",
        "conditions": "Each condition of the policy; none if the check did not get so far.",
        "answer": "The first printable characters of what the server sent, if the check read that.",
    },
    "JudgedCondition": {
        "condition": "The condition as it is written.",
        "is_met": "Whether it is met.",
        "shown": "The condition with the values that it met: `[RESPONSE_TIME] (512) < 300`.",
    },
    "CheckAttempt": {
        "timestamp": "When the try was made.",
        "status_code": "The HTTP status of its response; null if there was none.",
        "response_time_ms": "How long it took; null if there was no response.",
        "error_message": "Why it failed.",
    },
    "Cause": {
        "code": "Which cause it is, in snake_case.",
        "parameters": "What the sentence for this code names: texts and numbers.",
    },
    "Alert": _ALERT,
    "AlertWithNotifications": _ALERT,
    "MovedAlert": _ALERT,
    "Timings": {
        "confirmed_seconds": "From the first failing check to the one that met the threshold, by the checks' times.",
        "opened_seconds": "From that check until the alert was saved; null if that is not known.",
        "delivered": (
            "For each channel that got the alert's first message: from when it was owed until the channel had accepted "
            "it. What a rule held back meanwhile is in it."
        ),
    },
    "AlertUpdate": {
        "status": "The new status; without it the alert stays where it is.",
        "silence": "For how long messages about the alert's monitor are held, such as `1h`.",
        "by": "Who does it. The alert and the message show it.",
    },
    "Notification": {
        "id": "The message's id: every copy of it carries the same.",
        "alert_id": "The alert that it is about.",
        "channel": "Where it goes.",
        "kind": "What it says.",
        "status": "Its status. PENDING and SENDING are still owed, HELD is kept back for now, SUPPRESSED for good.",
        "occurred_at": "When the event that it reports happened.",
        "is_manual": "Whether somebody did that by hand.",
        "actor": "Who did it, if that is known.",
        "created_at": "When the notification was created.",
        "due_at": "When it is tried next, or was tried last.",
        "leased_until": "Until when one sender has the sole right to send it.",
        "attempts": "How often a sender claimed it.",
        "reason": (
            "Why it is owed although nothing failed or recovered (`paused`, `removed`), or the rule that held it back "
            "(`silence`, `maintenance`); null otherwise."
        ),
        "number": "Which reminder it is, counted from 1, or the step of the escalation; null for other kinds.",
        "message_id": "The channel's own name for the message that it took, if it can edit it; otherwise null.",
        "edits": "Of an UPDATE, the notification whose message it edits; null for other kinds.",
    },
    "NotificationLog": {
        "id": "The attempt's number.",
        "notification_id": "The message that was sent.",
        "alert_id": "The alert that it is about.",
        "kind": "What the message says.",
        "channel": "Where it went.",
        "status": (
            "The outcome. RETRY: failed, to be tried again; FAILED: permanently rejected; EXPIRED: too old. HELD and "
            "SUPPRESSED: a rule decided that it is not sent, for now or ever."
        ),
        "attempted_at": "When it was tried.",
        "duration_ms": "How long the channel took.",
        "answer": "The channel's own response.",
        "reason": "The rule that held the message back, or why it is owed although nothing failed or recovered.",
    },
    "WindowQuery": {"from": "The spans that are shown end after this time; by itself, after now."},
    "WindowsQuery": {
        "from": "The spans that are shown end after this time; by itself, after now.",
        "limit": "The most windows in a page.",
        "cursor": "The `next` of the previous page.",
    },
    "IncidentsQuery": {"limit": "The most incidents in a page.", "cursor": "The `next` of the previous page."},
    "NewIncident": {
        "title": "What it is called.",
        "text": "What visitors read, in a safe part of Markdown.",
        "state": "How far it is.",
        "monitors": "The names of the monitors that it affects. Without any, every page shows it.",
    },
    "IncidentChange": {
        "title": "Another title.",
        "text": "What visitors read from now on; an update.",
        "state": "How far it is now.",
        "monitors": "The names of the monitors that it affects.",
    },
    "HistoryQuery": _HISTORY_QUERY,
    "GroupHistoryQuery": {
        **_HISTORY_QUERY,
        "group": "Only this group. It matches exactly; one that no monitor has is empty.",
    },
    "EventsQuery": {
        **_SPAN,
        "limit": "The most events in a page.",
        "cursor": "The `next` of the previous page.",
    },
    "ClaimRequest": {
        "agent": "Who asks.",
        "location": "Where it is; `default` if it does not say so.",
        "seconds": "How far ahead it claims.",
        "targets": "The addresses that it watches by its own setting. They become monitors of source `env`.",
        "target_interval": "How often it checks those, in seconds.",
        "target_timeout": "How long a check of those may take, in seconds.",
        "known": "The `version` of the configuration that it has; null for none.",
    },
    "MonitorsQuery": {
        "name": "Only the monitor of this name.",
        "group": "Only monitors of this group.",
        "tag": "Only monitors with this tag.",
        "state": "Only monitors in this state.",
        "source": "Only monitors whose policies have this owner.",
        "limit": "The most monitors in a page.",
        "cursor": "The `next` of the previous page.",
    },
    "TimelineQuery": {
        **_SPAN,
        "limit": "The most entries in a page.",
        "cursor": "The `next` of the previous page.",
    },
    "ConfigQuery": {"dry_run": "Whether nothing is changed, so that the answer says what would change."},
    "RunQuery": {
        "only": "Only its own `targets`, or only what is `claimed`.",
        "seconds": "How far ahead it claims; until its next run by default.",
        "lasting": "With `only=claimed`: for how many seconds it goes on claiming and checking.",
        "is_later": "Whether another run has asked a cloud's queue for this one, which then asks for none itself.",
    },
    "AlertsQuery": {
        "status": "Only alerts with this status.",
        "monitor": "Only alerts about the monitor of this name, of every kind.",
        "kind": "Only alerts of this kind.",
        "limit": "The most rows in a page.",
        "cursor": "The `next` of the previous page.",
    },
    "NotificationLogsQuery": {
        "limit": "The most rows in a page.",
        "cursor": "The `next` of the previous page.",
        "alert_id": "Only attempts about this alert.",
    },
}
