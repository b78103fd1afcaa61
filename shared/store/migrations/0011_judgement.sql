-- What of a policy says which locations vote, and what a monitor cannot work without.
ALTER TABLE monitors ADD COLUMN quorum INTEGER;
ALTER TABLE monitors ADD COLUMN depends_on TEXT;
ALTER TABLE monitors ADD COLUMN timeout_seconds REAL;
-- The only location that has reported the monitor, or '' for several; its last outcomes, each '+' or '-'; whether it
-- flaps.
ALTER TABLE monitors ADD COLUMN location TEXT;
ALTER TABLE monitors ADD COLUMN outcomes TEXT NOT NULL DEFAULT '';
ALTER TABLE monitors ADD COLUMN is_flapping INTEGER NOT NULL DEFAULT 0;
CREATE INDEX monitors_that_depend ON monitors (id) WHERE depends_on IS NOT NULL;

-- A monitor as each location sees it, if several report it.
CREATE TABLE monitor_locations (
    id {identity},
    monitor_id INTEGER NOT NULL REFERENCES monitors (id),
    location TEXT NOT NULL,
    state TEXT NOT NULL,
    since TEXT,
    consecutive_failures INTEGER NOT NULL,
    consecutive_successes INTEGER NOT NULL,
    failing_since TEXT,
    last_checked_at TEXT,
    cause TEXT,
    error_message TEXT,
    UNIQUE (monitor_id, location)
);

-- Who saw what when the alert opened; the monitors that depend on its own, then and at its end, as JSON lists.
ALTER TABLE alerts ADD COLUMN locations TEXT;
ALTER TABLE alerts ADD COLUMN dependents TEXT;
ALTER TABLE alerts ADD COLUMN still_failing TEXT;
-- The alert of the monitor that it depends on, whose name is blocked_by, and since when that works again, with the
-- failures that its own monitor had then.
ALTER TABLE alerts ADD COLUMN suppressed_by INTEGER;
ALTER TABLE alerts ADD COLUMN blocked_by TEXT;
ALTER TABLE alerts ADD COLUMN freed_at TEXT;
ALTER TABLE alerts ADD COLUMN freed_failures INTEGER NOT NULL DEFAULT 0;
