-- Since when a state counts, if that is before the row's own time: DOWN from the outage's first failing check on, UP from
-- the first success of the run that ended it.
ALTER TABLE state_changes ADD COLUMN counts_from TEXT;
-- The first success in the present run of successes, if an outage was open then.
ALTER TABLE monitors ADD COLUMN recovering_since TEXT;

-- A monitor that has changed no more since its changes are kept would have no history.
INSERT INTO state_changes (monitor_id, from_state, to_state, at, reason, alert_id, counts_from)
SELECT monitors.id, 'UNKNOWN', monitors.state, COALESCE(monitors.since, monitors.last_checked_at), 'unchecked', alerts.id,
    alerts.failed_at
FROM monitors LEFT JOIN alerts ON alerts.kind = 'OUTAGE' AND alerts.subject = monitors.name
    AND alerts.status IN ('OPEN', 'ACK') AND monitors.state = 'DOWN'
WHERE monitors.state <> 'UNKNOWN' AND monitors.last_checked_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM state_changes WHERE monitor_id = monitors.id);
