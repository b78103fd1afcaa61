-- When somebody changed the window last: visitors hear of it. NULL: nobody has.
ALTER TABLE windows ADD COLUMN changed_at TEXT;

-- Since when the subscriber's page is gone, or takes no subscriptions. NULL: it is there.
ALTER TABLE subscribers ADD COLUMN left_since TEXT;
