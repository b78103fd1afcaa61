-- What people say to visitors of the status pages: an incident, and its updates, of which the first came with it. The
-- monitors are a JSON list of names.
CREATE TABLE incidents (
    id {identity},
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    monitors TEXT NOT NULL,
    created_at TEXT NOT NULL,
    resolved_at TEXT
);

CREATE TABLE incident_updates (
    id {identity},
    incident_id INTEGER NOT NULL REFERENCES incidents (id),
    at TEXT NOT NULL,
    state TEXT NOT NULL,
    text TEXT NOT NULL
);

CREATE INDEX updates_of_incident ON incident_updates (incident_id, id);

-- A status page asks for what ended lately.
CREATE INDEX alerts_by_end ON alerts (resolved_at);
