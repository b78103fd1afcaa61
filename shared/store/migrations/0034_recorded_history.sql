-- Before then, changes of state are pruned: nobody knows how monitors were. NULL as long as none is pruned.
ALTER TABLE folded ADD COLUMN changes_since TEXT;
