-- When somebody changed the window last: visitors hear of it. NULL: nobody has.
ALTER TABLE windows ADD COLUMN changed_at TEXT;
