-- The rollups of a day, merged for all monitors (no group) and for each group. A day that is missing is read from its
-- rollups.
CREATE TABLE merged_days (
    id {identity},
    group_name TEXT,
    starts_at TEXT NOT NULL,
    checks INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    slowest_ms REAL,
    times TEXT NOT NULL,
    percentiles TEXT NOT NULL
);

CREATE INDEX merged_days_by_time ON merged_days (starts_at, group_name);

-- Whose rollups are in them, and the group that they are merged for.
CREATE TABLE merged_monitors (
    id {identity},
    monitor_id INTEGER NOT NULL UNIQUE REFERENCES monitors (id),
    group_name TEXT
);
