-- Why a check changed its monitor's state, or did not, if anything was wrong: most checks are healthy, and have no row. "id" is
-- the event's; "number" says which failure, or success, in a row it was at its location, and "threshold" of how many.
CREATE TABLE judgements (
    id INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    number INTEGER NOT NULL,
    threshold INTEGER NOT NULL
);
