-- What, beside events, decided which outages opened and ended, in the order in which it did: policies as they came into
-- force, windows as they were made, changed and removed, moves by hand, and states that no event brought. It stands behind
-- the event with the id after_event and before the next one. The body is JSON; that of a window that was removed is null.
CREATE TABLE replay_facts (
    id {identity},
    after_event INTEGER NOT NULL,
    at TEXT NOT NULL,
    what TEXT NOT NULL,
    monitor_id INTEGER,
    window_id INTEGER,
    body TEXT NOT NULL
);

CREATE INDEX replay_facts_of_monitor ON replay_facts (monitor_id, id);

-- What is in force now is taken to have been in force before: nothing says what was.
{only_sqlite}INSERT INTO replay_facts (after_event, at, what, monitor_id, body)
SELECT 0, '1970-01-01T00:00:00.000Z', 'policy', id, json_object('name', name, 'group_name', group_name, 'tags', tags,
    'failure_threshold', failure_threshold, 'success_threshold', success_threshold, 'quorum', quorum,
    'locations', locations, 'interval_seconds', interval_seconds, 'is_watched', is_watched)
FROM monitors ORDER BY id;
{only_postgresql}INSERT INTO replay_facts (after_event, at, what, monitor_id, body)
SELECT 0, '1970-01-01T00:00:00.000Z', 'policy', id, CAST(json_build_object('name', name, 'group_name', group_name,
    'tags', tags, 'failure_threshold', failure_threshold, 'success_threshold', success_threshold, 'quorum', quorum,
    'locations', locations, 'interval_seconds', interval_seconds, 'is_watched', is_watched) AS TEXT)
FROM monitors ORDER BY id;
{only_sqlite}INSERT INTO replay_facts (after_event, at, what, window_id, body)
SELECT 0, created_at, 'window', id, json_object('kind', kind, 'targets', targets, 'starts_at', starts_at,
    'ends_at', ends_at, 'recurrence', recurrence)
FROM windows ORDER BY id;
{only_postgresql}INSERT INTO replay_facts (after_event, at, what, window_id, body)
SELECT 0, created_at, 'window', id, CAST(json_build_object('kind', kind, 'targets', targets, 'starts_at', starts_at,
    'ends_at', ends_at, 'recurrence', recurrence) AS TEXT)
FROM windows ORDER BY id;
