-- A heartbeat whose outage was resolved by hand was never missed again. If its job is still dead, the review says so once
-- more. One in maintenance has a missed ping and no outage: its window's end says what it is.
UPDATE monitors SET missed_at = pinged_at
WHERE policy IS NOT NULL AND interval_seconds IS NULL AND is_watched = 1 AND state <> 'MAINTENANCE'
    AND pinged_at IS NOT NULL AND missed_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM alerts WHERE kind = 'OUTAGE' AND subject = monitors.name AND status IN ('OPEN', 'ACK'));
