-- Who owns a monitor's policy: 'file', 'api', 'env' (TARGET_URL), or 'report': nobody, since only its events are known.
ALTER TABLE monitors ADD COLUMN source TEXT NOT NULL DEFAULT 'report';
-- The JSON of what was given of the policy; NULL for 'env' and 'report'. The columns after it repeat what is asked for.
ALTER TABLE monitors ADD COLUMN policy TEXT;
ALTER TABLE monitors ADD COLUMN line INTEGER;
ALTER TABLE monitors ADD COLUMN group_name TEXT;
ALTER TABLE monitors ADD COLUMN tags TEXT;
ALTER TABLE monitors ADD COLUMN channels TEXT;
ALTER TABLE monitors ADD COLUMN locations TEXT;
ALTER TABLE monitors ADD COLUMN interval_seconds REAL;
-- Whether its events count: not while it is paused, nor once it was removed.
ALTER TABLE monitors ADD COLUMN is_watched INTEGER NOT NULL DEFAULT 1;
ALTER TABLE monitors ADD COLUMN removed_at TEXT;
-- The version of the configuration with which the policy changed last.
ALTER TABLE monitors ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE monitors ADD COLUMN since TEXT;
ALTER TABLE monitors ADD COLUMN last_event_id INTEGER;
-- When somebody asked for a check at once, until an agent has claimed it.
ALTER TABLE monitors ADD COLUMN wanted_at TEXT;
-- Heartbeats: the SHA-256 of the token, the last ping, the beginning of a run that has not ended, and when it is missed.
ALTER TABLE monitors ADD COLUMN token_hash TEXT;
ALTER TABLE monitors ADD COLUMN pinged_at TEXT;
ALTER TABLE monitors ADD COLUMN began_at TEXT;
ALTER TABLE monitors ADD COLUMN missed_at TEXT;
CREATE INDEX monitors_by_version ON monitors (version);
CREATE INDEX wanted_checks ON monitors (wanted_at) WHERE wanted_at IS NOT NULL;
CREATE INDEX heartbeats ON monitors (token_hash) WHERE token_hash IS NOT NULL;
CREATE INDEX missed_heartbeats ON monitors (missed_at) WHERE missed_at IS NOT NULL;

-- Until when the checks of a location have been claimed.
CREATE TABLE cursors (
    id {identity},
    location TEXT NOT NULL UNIQUE,
    claimed_until TEXT NOT NULL
);

-- When a check that was due at once was claimed: it is not given out again until its event should have come.
CREATE TABLE taken_checks (
    id {identity},
    location TEXT NOT NULL,
    monitor_id INTEGER NOT NULL REFERENCES monitors (id),
    taken_at TEXT NOT NULL,
    UNIQUE (location, monitor_id)
);

-- One row: what the file says beside its monitors, as JSON, how often the configuration has changed, and what is wrong
-- with the file as it is now.
CREATE TABLE configuration (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL DEFAULT '{}',
    problem TEXT
);

-- What a check saw beyond its times, and the tries before it as JSON.
ALTER TABLE events ADD COLUMN ip TEXT;
ALTER TABLE events ADD COLUMN certificate_expires_at TEXT;
ALTER TABLE events ADD COLUMN condition TEXT;
ALTER TABLE events ADD COLUMN message TEXT;
ALTER TABLE events ADD COLUMN attempts TEXT;

-- Why a notification is owed although nothing recovered or failed by itself: 'paused' or 'removed'.
ALTER TABLE notifications ADD COLUMN reason TEXT;
