-- How many successes in a row end an outage, and how many there were.
ALTER TABLE monitors ADD COLUMN success_threshold INTEGER NOT NULL DEFAULT 1;
ALTER TABLE monitors ADD COLUMN consecutive_successes INTEGER NOT NULL DEFAULT 0;

-- Each time a monitor went from one state to another, and why. The event may be pruned before the row is.
CREATE TABLE state_changes (
    id {identity},
    monitor_id INTEGER NOT NULL REFERENCES monitors (id),
    location TEXT,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    event_id INTEGER,
    alert_id INTEGER
);

CREATE INDEX state_changes_of_monitor ON state_changes (monitor_id, at, id);
