-- What of a policy says what follows while an outage stays open.
ALTER TABLE monitors ADD COLUMN reminder_seconds REAL;
ALTER TABLE monitors ADD COLUMN escalation TEXT;

-- Since when reminders and escalations count (NULL: since the alert opened), and which there were: the number of
-- reminders, when the last one was due, and for each step of the escalation when it was due last, as a JSON list.
ALTER TABLE alerts ADD COLUMN follows_from TEXT;
ALTER TABLE alerts ADD COLUMN reminders INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN reminded_at TEXT;
ALTER TABLE alerts ADD COLUMN escalated TEXT;

-- The how manieth reminder it is, or the step of the escalation.
ALTER TABLE notifications ADD COLUMN number INTEGER;
