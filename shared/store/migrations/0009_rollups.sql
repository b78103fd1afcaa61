-- The events of a monitor in an hour or a day, folded into counts and histograms before they are pruned.
CREATE TABLE rollups (
    id {identity},
    monitor_id INTEGER NOT NULL REFERENCES monitors (id),
    step TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    checks INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    slowest_ms REAL,
    times TEXT NOT NULL,
    UNIQUE (monitor_id, step, starts_at)
);

CREATE INDEX rollups_by_age ON rollups (step, starts_at);

-- One row: the last event that is folded in.
CREATE TABLE folded (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    event_id INTEGER NOT NULL
);
