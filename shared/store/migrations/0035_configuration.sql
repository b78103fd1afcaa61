-- 0005 was edited after some stores had applied it: they lack "problem" and the defaults. SQLite cannot say so of a table
-- that there is. If "configuration" has no "problem", that of "absent" is copied.
{only_sqlite}CREATE TABLE new_configuration (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL DEFAULT '{}',
    problem TEXT,
    installation TEXT,
    mailing TEXT,
    channels TEXT
);
{only_sqlite}INSERT INTO new_configuration (id, version, body, problem, installation, mailing, channels)
    SELECT id, version, body, (SELECT problem FROM configuration), installation, mailing, channels
    FROM (SELECT id, version, body, installation, mailing, channels FROM configuration), (SELECT NULL AS problem) absent;
{only_sqlite}DROP TABLE configuration;
{only_sqlite}ALTER TABLE new_configuration RENAME TO configuration;
{only_postgresql}ALTER TABLE configuration ADD COLUMN IF NOT EXISTS problem TEXT;
{only_postgresql}ALTER TABLE configuration ALTER COLUMN version SET DEFAULT 0;
{only_postgresql}ALTER TABLE configuration ALTER COLUMN body SET DEFAULT '{}';
