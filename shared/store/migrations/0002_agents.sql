-- Agents that name themselves in their events, so that their silence can be noticed.
CREATE TABLE agents (
    id {identity},
    name TEXT NOT NULL UNIQUE,
    interval_seconds REAL NOT NULL,
    last_seen_at TEXT NOT NULL,
    last_checked_at TEXT NOT NULL,
    is_silent INTEGER NOT NULL DEFAULT 0,
    is_offline INTEGER NOT NULL DEFAULT 0
);

-- One row: since when, without a gap, somebody has looked for agents that fell silent.
CREATE TABLE watches (
    id {identity},
    started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL
);

ALTER TABLE monitors ADD COLUMN agent TEXT;
CREATE INDEX monitors_of_agent ON monitors (agent);
ALTER TABLE events ADD COLUMN is_inconclusive INTEGER NOT NULL DEFAULT 0;

-- When due_at was decided: where that lies ahead, the clock was set back and due_at says nothing.
ALTER TABLE notifications ADD COLUMN scheduled_at TEXT;
