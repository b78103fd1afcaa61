-- A summary is an alert of the kind SUMMARY, resolved from its beginning. "summary" is what it says, as JSON: counted once,
-- so that every copy of its message is alike, in each language.
ALTER TABLE alerts ADD COLUMN summary TEXT;

-- The summaries of the file, each with when it is due next. "body" is JSON.
CREATE TABLE summary_schedules (
    id {identity},
    body TEXT NOT NULL UNIQUE,
    next_at TEXT
);
