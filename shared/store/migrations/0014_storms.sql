-- When a sender took the message up last, and the first notification of the list that it went in. By them the store
-- knows, for every process, how many messages a channel has had in the last seconds.
ALTER TABLE notifications ADD COLUMN claimed_at TEXT;
ALTER TABLE notifications ADD COLUMN listed_with INTEGER;
CREATE INDEX claimed_notifications ON notifications (channel, claimed_at) WHERE claimed_at IS NOT NULL;

-- In the order in which they are claimed, so that a claim does not look at everything that is owed.
CREATE INDEX owed_by_due ON notifications (channel, due_at, id) WHERE status IN ('PENDING', 'SENDING');
