-- {identity} is the engine's word for an integer key that the database gives out.
-- Times are text of one width in UTC (2025-01-08T10:30:00.000Z), so that they sort as they stand.

CREATE TABLE monitors (
    id {identity},
    name TEXT NOT NULL UNIQUE,
    target_url TEXT NOT NULL,
    failure_threshold INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL DEFAULT 'UNKNOWN' CHECK (state IN ('UP', 'DOWN', 'PENDING', 'UNKNOWN', 'MAINTENANCE')),
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    failing_since TEXT,
    last_checked_at TEXT
);

CREATE TABLE events (
    id {identity},
    event_id TEXT NOT NULL UNIQUE,
    monitor_id INTEGER NOT NULL REFERENCES monitors (id),
    location TEXT,
    target_url TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    is_success INTEGER NOT NULL CHECK (is_success IN (0, 1)),
    status_code INTEGER,
    response_time_ms REAL,
    dns_ms REAL,
    connect_ms REAL,
    tls_ms REAL,
    first_byte_ms REAL,
    error_message TEXT,
    received_at TEXT NOT NULL
);

CREATE TABLE alerts (
    id {identity},
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    target_url TEXT,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'ACK', 'RESOLVED')),
    cause TEXT,
    failed_at TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    acknowledged_at TEXT,
    acknowledged_by TEXT,
    resolved_at TEXT,
    resolved_by TEXT
);

-- At most one active alert for each monitor is the database's word.
CREATE UNIQUE INDEX active_alert ON alerts (kind, subject) WHERE status IN ('OPEN', 'ACK');
CREATE INDEX alerts_by_subject ON alerts (subject, id);
CREATE INDEX alerts_by_status ON alerts (status, id);

CREATE TABLE notifications (
    id {identity},
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'SENDING', 'SENT', 'FAILED', 'EXPIRED')),
    occurred_at TEXT NOT NULL,
    is_manual INTEGER NOT NULL DEFAULT 0,
    actor TEXT,
    created_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    leased_until TEXT,
    attempts INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX owed_notifications ON notifications (channel, id) WHERE status IN ('PENDING', 'SENDING');
CREATE INDEX notifications_of_alert ON notifications (alert_id, id);

CREATE TABLE notification_logs (
    id {identity},
    notification_id INTEGER NOT NULL REFERENCES notifications (id),
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('SENT', 'RETRY', 'FAILED', 'EXPIRED')),
    attempted_at TEXT NOT NULL,
    duration_ms REAL NOT NULL,
    answer TEXT
);

CREATE INDEX notification_logs_of_alert ON notification_logs (alert_id, id);
