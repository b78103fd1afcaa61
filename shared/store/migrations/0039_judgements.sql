-- Why a check changed its monitor's state, or did not, if anything was wrong: most checks are healthy, and have no row. "id" is
-- the event's; "number" says which failure, or success, in a row it was at its location, and "threshold" of how many.
CREATE TABLE judgements (
    id INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    number INTEGER NOT NULL,
    threshold INTEGER NOT NULL
);

-- How far the agent's clock was ahead of the backend's at its last report; below 0 if it was behind, 0 if that is tolerated.
ALTER TABLE agents ADD COLUMN clock_ahead_seconds REAL NOT NULL DEFAULT 0;
