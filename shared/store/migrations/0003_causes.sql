-- Why a check failed, or why an alert opened, as data: the JSON of a Cause. NULL if only the text is known: the reporter
-- sent no cause, or the row was written before this migration.
ALTER TABLE events ADD COLUMN cause TEXT;
ALTER TABLE alerts ADD COLUMN cause_data TEXT;
