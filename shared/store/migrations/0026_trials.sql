-- Checks that somebody on the dashboard tries before a monitor is saved. "policy" and "result" are JSON, and "monitor_id" is
-- the monitor that the form edits. A trial is given to one agent at a time: until "leased_until", for the "given"th time.
CREATE TABLE trials (
    id {identity},
    policy TEXT NOT NULL,
    monitor_id INTEGER,
    timeout_seconds DOUBLE PRECISION NOT NULL,
    created_at TEXT NOT NULL,
    leased_until TEXT,
    given INTEGER NOT NULL DEFAULT 0,
    result TEXT
);
