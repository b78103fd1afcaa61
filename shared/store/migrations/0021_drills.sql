-- A drill is an alert of the kind DRILL. "channels" is a JSON list: who got it. "result" is what GET / says of it, as a
-- JSON object, once it is over: it outlasts the alert.
CREATE TABLE drills (
    id {identity},
    alert_id INTEGER NOT NULL,
    channels TEXT NOT NULL,
    need_ack_seconds REAL,
    finished_at TEXT,
    result TEXT
);

CREATE INDEX drills_under_way ON drills (id) WHERE finished_at IS NULL;

-- The drills of the file, each with when it is due next. "body" is JSON.
CREATE TABLE drill_schedules (
    id {identity},
    body TEXT NOT NULL UNIQUE,
    next_at TEXT
);
