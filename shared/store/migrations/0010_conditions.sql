-- What of a policy judges a monitor that works: how slow is too slow, and the JSON list of how many seconds before a
-- certificate expires people are notified.
ALTER TABLE monitors ADD COLUMN max_response_ms REAL;
ALTER TABLE monitors ADD COLUMN certificate_limits TEXT;
-- How many checks in a row were slow, or fast (negative), and the certificate that people were notified of, as JSON.
ALTER TABLE monitors ADD COLUMN slow_checks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE monitors ADD COLUMN certificate_notice TEXT;
