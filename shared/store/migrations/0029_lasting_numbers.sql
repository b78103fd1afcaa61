-- The number of a deleted window or incident is never given out again, as PostgreSQL never does: a late DELETE would end
-- another window, a new one would look announced already, and a feed would replace its entry. SQLite cannot say so of a
-- table that there is.
{only_sqlite}CREATE TABLE new_windows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    body TEXT NOT NULL,
    kind TEXT NOT NULL,
    targets TEXT NOT NULL,
    starts_at TEXT,
    ends_at TEXT,
    recurrence TEXT,
    created_at TEXT NOT NULL
);
{only_sqlite}CREATE TABLE new_incidents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    monitors TEXT NOT NULL,
    created_at TEXT NOT NULL,
    resolved_at TEXT
);
{only_sqlite}CREATE TABLE new_incident_updates (
    id {identity},
    incident_id INTEGER NOT NULL REFERENCES new_incidents (id),
    at TEXT NOT NULL,
    state TEXT NOT NULL,
    text TEXT NOT NULL
);
{only_sqlite}INSERT INTO new_windows SELECT id, source, body, kind, targets, starts_at, ends_at, recurrence, created_at
    FROM windows;
{only_sqlite}INSERT INTO new_incidents SELECT id, title, state, monitors, created_at, resolved_at FROM incidents;
{only_sqlite}INSERT INTO new_incident_updates SELECT id, incident_id, at, state, text FROM incident_updates;
{only_sqlite}DROP TABLE windows;
{only_sqlite}DROP TABLE incident_updates;
{only_sqlite}DROP TABLE incidents;
{only_sqlite}ALTER TABLE new_windows RENAME TO windows;
{only_sqlite}ALTER TABLE new_incidents RENAME TO incidents;
{only_sqlite}ALTER TABLE new_incident_updates RENAME TO incident_updates;
{only_sqlite}CREATE INDEX updates_of_incident ON incident_updates (incident_id, id);

-- Also not the number of one that was deleted before, as far as something still tells of it.
{only_sqlite}DELETE FROM sqlite_sequence WHERE name IN ('windows', 'incidents');
{only_sqlite}INSERT INTO sqlite_sequence (name, seq)
    SELECT 'windows', newest FROM (
        SELECT max(id) AS newest FROM (
            SELECT max(id) AS id FROM windows UNION ALL SELECT max(window_id) FROM replay_facts)) WHERE newest > 0;
{only_sqlite}INSERT INTO sqlite_sequence (name, seq)
    SELECT 'incidents', newest FROM (
        SELECT max(id) AS newest FROM (
            SELECT max(id) AS id FROM incidents
            UNION ALL SELECT max(CAST(substr(about, 10) AS INTEGER)) FROM announcements WHERE kind = 'INCIDENT'))
    WHERE newest > 0;
