-- The name by which a channel knows a message that it took, so that the message can be edited there. Of an UPDATE, the
-- notification whose message it edits.
ALTER TABLE notifications ADD COLUMN message_id TEXT;
ALTER TABLE notifications ADD COLUMN edits INTEGER;

-- What people did from a chat, by the name of the update that said so: a chat's service repeats what it had no answer to.
CREATE TABLE handled_updates (
    id {identity},
    name TEXT NOT NULL UNIQUE,
    handled_at TEXT NOT NULL
);

-- Who alone may do something until then.
CREATE TABLE leases (
    id {identity},
    name TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    leased_until TEXT NOT NULL
);
