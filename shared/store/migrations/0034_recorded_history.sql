-- Before then, changes of state are pruned: nobody knows how monitors were. NULL as long as none is pruned.
ALTER TABLE folded ADD COLUMN changes_since TEXT;

-- An update from version 0.1 wrote how each monitor was then (0012). It is not so that nobody had checked them, and an outage
-- that was open then began before anything was recorded.
UPDATE state_changes SET reason = 'recorded_since_update', counts_from = NULL
WHERE reason = 'unchecked' AND to_state <> 'UNKNOWN';
