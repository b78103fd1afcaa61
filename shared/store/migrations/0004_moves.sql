-- How often people moved the alert, and since when that is counted, so that nobody can flood the channels with moves.
ALTER TABLE alerts ADD COLUMN moves INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN moves_since TEXT;
