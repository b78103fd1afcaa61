-- The rollups of one monitor's hours or days that are over, of some days together, in a tenth of the room: see
-- history/packing.py. What arrives later stands in "rollups" until it is packed too; an hour or a day is what both have.
CREATE TABLE packs (
    id {identity},
    monitor_id INTEGER NOT NULL REFERENCES monitors (id),
    step TEXT NOT NULL,
    part INTEGER NOT NULL,
    -- When the first and the last of them began.
    starts_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (monitor_id, step, part)
);

CREATE INDEX packs_by_age ON packs (step, starts_at);

-- How often packs were written. Whoever read rollups before that must not write what came of it.
ALTER TABLE folded ADD COLUMN packed_times INTEGER NOT NULL DEFAULT 0;
