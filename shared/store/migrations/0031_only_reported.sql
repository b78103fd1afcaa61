-- A monitor that was removed and then reported kept what its policy had said: agents were sent to check it, and it became
-- UNKNOWN by itself. Nobody can give one of source 'report' any of this.
{only_sqlite}INSERT INTO replay_facts (after_event, at, what, monitor_id, body)
SELECT (SELECT max(id) FROM raw_events), (SELECT max(applied_at) FROM schema_migrations), 'policy', id,
    json_object('name', name, 'group_name', NULL, 'tags', NULL, 'failure_threshold', failure_threshold,
    'success_threshold', success_threshold, 'quorum', quorum, 'locations', locations, 'interval_seconds', NULL,
    'timeout_seconds', NULL, 'is_watched', is_watched)
FROM monitors WHERE source = 'report' AND removed_at IS NULL AND interval_seconds IS NOT NULL
    AND EXISTS (SELECT 1 FROM raw_events) ORDER BY id;
{only_postgresql}INSERT INTO replay_facts (after_event, at, what, monitor_id, body)
SELECT (SELECT max(id) FROM raw_events), (SELECT max(applied_at) FROM schema_migrations), 'policy', id,
    CAST(json_build_object('name', name, 'group_name', NULL, 'tags', NULL, 'failure_threshold', failure_threshold,
    'success_threshold', success_threshold, 'quorum', quorum, 'locations', locations, 'interval_seconds', NULL,
    'timeout_seconds', NULL, 'is_watched', is_watched) AS TEXT)
FROM monitors WHERE source = 'report' AND removed_at IS NULL AND interval_seconds IS NOT NULL
    AND EXISTS (SELECT 1 FROM raw_events) ORDER BY id;
UPDATE monitors SET interval_seconds = NULL, timeout_seconds = NULL, group_name = NULL, tags = NULL, line = NULL
WHERE source = 'report' AND removed_at IS NULL;
UPDATE configuration SET version = version + 1;
