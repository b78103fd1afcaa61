-- The agent that checked the monitor last from there. Whether it was DOWN there when its state became UNKNOWN: an outage that
-- is open does not end because a location is heard no more.
ALTER TABLE monitor_locations ADD COLUMN agent TEXT;
ALTER TABLE monitor_locations ADD COLUMN is_presumed_down INTEGER NOT NULL DEFAULT 0;

-- The locations from which the monitor still failed when the alert ended, as a JSON list.
ALTER TABLE alerts ADD COLUMN still_failing_from TEXT;
