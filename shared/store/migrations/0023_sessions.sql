-- Who is signed in to the dashboard. The cookie holds what is hashed here.
CREATE TABLE sessions (
    id {identity},
    hash TEXT NOT NULL UNIQUE,
    name TEXT,
    ends_at TEXT NOT NULL
);

-- Sign-ins that failed lately, by the address that they came from.
CREATE TABLE failed_sign_ins (
    id {identity},
    address TEXT NOT NULL,
    at TEXT NOT NULL
);

CREATE INDEX failed_sign_ins_by_address ON failed_sign_ins (address, at);

-- What people wrote when they moved an alert by hand.
CREATE TABLE alert_notes (
    id {identity},
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    status TEXT NOT NULL,
    author TEXT,
    text TEXT NOT NULL,
    at TEXT NOT NULL
);

CREATE INDEX alert_notes_by_alert ON alert_notes (alert_id);
