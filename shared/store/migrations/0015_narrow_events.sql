-- Events in half the bytes: times are milliseconds since 1970 in UTC, durations whole microseconds, the event_id 16
-- bytes as two numbers (see tables/narrowing.py). The view "events" shows them as the former table did.
--
-- The former rows stay where they are, so that an update takes no time; upkeep moves them in small steps.
-- 0012 once made an index of this name, which the new table's has. It was edited after some stores had applied it.
DROP INDEX IF EXISTS events_of_monitor;
ALTER TABLE events RENAME TO old_events;

-- What checks found, apart from their times: each once, because most checks find the same again.
CREATE TABLE results (
    id {identity},
    digest TEXT NOT NULL UNIQUE,
    -- No event with a greater id has this result.
    used_until INTEGER NOT NULL,
    target_url TEXT NOT NULL,
    location TEXT,
    is_success INTEGER NOT NULL CHECK (is_success IN (0, 1)),
    status_code INTEGER,
    error_message TEXT,
    cause TEXT,
    is_inconclusive INTEGER NOT NULL,
    ip TEXT,
    certificate_expires_at TEXT,
    condition TEXT,
    -- How the event_id was written: 0 as 32 hexadecimal digits, 1 as a UUID with hyphens, 2 as the text in "details".
    id_form INTEGER NOT NULL
);

CREATE INDEX results_by_use ON results (used_until);

-- In PostgreSQL "INT" is four bytes, "SMALLINT" two, and a row with a NULL has eight bytes more: so -1 stands for a
-- duration that is not known. NULL is a number that does not fit: it stands in "details", which is empty or a JSON object
-- with what few events have.
{only_sqlite}CREATE TABLE raw_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key_high INTEGER NOT NULL,
    key_low INTEGER NOT NULL,
    at INTEGER NOT NULL,
    monitor_id INT NOT NULL REFERENCES monitors (id),
    result_id INT NOT NULL REFERENCES results (id),
    response_us INT,
    dns_us INT,
    connect_us INT,
    tls_us INT,
    first_byte_us INT,
    delay_ms SMALLINT,
    details TEXT NOT NULL,
    UNIQUE (key_high, key_low)
);
{only_postgresql}CREATE TABLE raw_events (
    id {identity},
    key_high INTEGER NOT NULL,
    key_low INTEGER NOT NULL,
    at INTEGER NOT NULL,
    monitor_id INT NOT NULL REFERENCES monitors (id),
    result_id INT NOT NULL REFERENCES results (id),
    response_us INT,
    dns_us INT,
    connect_us INT,
    tls_us INT,
    first_byte_us INT,
    delay_ms SMALLINT,
    details TEXT NOT NULL,
    UNIQUE (key_high, key_low)
);

CREATE INDEX events_of_monitor ON raw_events (monitor_id, at);

-- The numbers go on, also where the last ones are pruned.
{only_sqlite}INSERT INTO sqlite_sequence (name, seq)
    SELECT 'raw_events', newest FROM (
        SELECT max(id) AS newest FROM (
            SELECT max(id) AS id FROM old_events UNION ALL SELECT max(event_id) FROM folded)) WHERE newest > 0;
{only_postgresql}SELECT setval(pg_get_serial_sequence('raw_events', 'id'), newest) FROM (
    SELECT max(id) AS newest FROM (
        SELECT max(id) AS id FROM old_events UNION ALL SELECT max(event_id) FROM folded) numbers) found WHERE newest > 0;

-- SQLite reads both tables by their indexes only if the columns of both have the same types, hence the casts, and
-- PostgreSQL only if neither is a join.
-- The former table with one column more: "at", the milliseconds by which the events of a monitor are found quickly.
{only_sqlite}CREATE VIEW events_by_time AS
    SELECT e.id,
        CAST(CASE r.id_form
            WHEN 0 THEN printf('%016x%016x', key_high, key_low)
            WHEN 1 THEN printf('%08x-%04x-%04x-%04x-%012x', (key_high >> 32) & 4294967295, (key_high >> 16) & 65535,
                key_high & 65535, ((key_low | 27707067689629537) - (key_low & 27707067689629537)) >> 48 & 65535,
                ((key_low | 27707067689629537) - (key_low & 27707067689629537)) & 281474976710655)
            ELSE json_extract(nullif(details, ''), '$.event_id')
        END AS TEXT) AS event_id,
        monitor_id, location, target_url,
        CAST(strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch') AS TEXT) AS timestamp,
        is_success, status_code,
        CAST(coalesce(nullif(response_us, -1), json_extract(nullif(details, ''), '$.response_us')) / 1000.0 AS REAL)
            AS response_time_ms,
        CAST(coalesce(nullif(dns_us, -1), json_extract(nullif(details, ''), '$.dns_us')) / 1000.0 AS REAL)
            AS dns_ms,
        CAST(coalesce(nullif(connect_us, -1), json_extract(nullif(details, ''), '$.connect_us')) / 1000.0 AS REAL)
            AS connect_ms,
        CAST(coalesce(nullif(tls_us, -1), json_extract(nullif(details, ''), '$.tls_us')) / 1000.0 AS REAL)
            AS tls_ms,
        CAST(coalesce(nullif(first_byte_us, -1), json_extract(nullif(details, ''), '$.first_byte_us')) / 1000.0 AS REAL)
            AS first_byte_ms,
        error_message,
        CAST(strftime('%Y-%m-%dT%H:%M:%fZ',
            (at + coalesce(delay_ms, json_extract(nullif(details, ''), '$.delay_ms'))) / 1000.0, 'unixepoch') AS TEXT)
            AS received_at,
        is_inconclusive, cause, ip, certificate_expires_at, condition,
        CAST(json_extract(nullif(details, ''), '$.message') AS TEXT) AS message,
        CAST(json_extract(nullif(details, ''), '$.attempts') AS TEXT) AS attempts,
        at
    FROM raw_events e LEFT JOIN results r ON r.id = e.result_id
    UNION ALL
    SELECT id, event_id, monitor_id, location, target_url, timestamp, is_success, status_code, response_time_ms, dns_ms,
        connect_ms, tls_ms, first_byte_ms, error_message, received_at, is_inconclusive, cause, ip,
        certificate_expires_at, condition, message, attempts,
        CAST(strftime('%s', timestamp) * 1000 + substr(timestamp, 21, 3) AS INTEGER)
    FROM old_events;
{only_postgresql}CREATE VIEW events_by_time AS
    SELECT id,
        CASE (SELECT id_form FROM results WHERE results.id = result_id)
            WHEN 0 THEN lpad(to_hex(key_high), 16, '0') || lpad(to_hex(key_low), 16, '0')
            WHEN 1 THEN
                (lpad(to_hex(key_high), 16, '0') || lpad(to_hex(key_low # 27707067689629537), 16, '0'))::uuid::text
            ELSE nullif(details, '')::json ->> 'event_id'
        END AS event_id,
        monitor_id,
        (SELECT location FROM results WHERE results.id = result_id) AS location,
        (SELECT target_url FROM results WHERE results.id = result_id) AS target_url,
        to_char(timestamp 'epoch' + at / 86400000 * interval '1 day' + at % 86400000 * interval '1 millisecond',
            'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS timestamp,
        (SELECT is_success FROM results WHERE results.id = result_id) AS is_success,
        (SELECT status_code FROM results WHERE results.id = result_id) AS status_code,
        coalesce(nullif(response_us, -1), (nullif(details, '')::json ->> 'response_us')::bigint) / 1000::double precision
            AS response_time_ms,
        coalesce(nullif(dns_us, -1), (nullif(details, '')::json ->> 'dns_us')::bigint) / 1000::double precision
            AS dns_ms,
        coalesce(nullif(connect_us, -1), (nullif(details, '')::json ->> 'connect_us')::bigint) / 1000::double precision
            AS connect_ms,
        coalesce(nullif(tls_us, -1), (nullif(details, '')::json ->> 'tls_us')::bigint) / 1000::double precision
            AS tls_ms,
        coalesce(nullif(first_byte_us, -1), (nullif(details, '')::json ->> 'first_byte_us')::bigint) / 1000::double precision
            AS first_byte_ms,
        (SELECT error_message FROM results WHERE results.id = result_id) AS error_message,
        to_char(timestamp 'epoch'
            + (at + coalesce(delay_ms, (nullif(details, '')::json ->> 'delay_ms')::bigint)) / 86400000 * interval '1 day'
            + (at + coalesce(delay_ms, (nullif(details, '')::json ->> 'delay_ms')::bigint)) % 86400000
                * interval '1 millisecond',
            'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS received_at,
        (SELECT is_inconclusive FROM results WHERE results.id = result_id) AS is_inconclusive,
        (SELECT cause FROM results WHERE results.id = result_id) AS cause,
        (SELECT ip FROM results WHERE results.id = result_id) AS ip,
        (SELECT certificate_expires_at FROM results WHERE results.id = result_id) AS certificate_expires_at,
        (SELECT condition FROM results WHERE results.id = result_id) AS condition,
        nullif(details, '')::json ->> 'message' AS message,
        nullif(details, '')::json ->> 'attempts' AS attempts,
        at
    FROM raw_events
    UNION ALL
    SELECT id, event_id, monitor_id::int, location, target_url, timestamp, is_success, status_code, response_time_ms,
        dns_ms, connect_ms, tls_ms, first_byte_ms, error_message, received_at, is_inconclusive, cause, ip,
        certificate_expires_at, condition, message, attempts,
        (extract(epoch FROM timestamp::timestamptz) * 1000)::bigint
    FROM old_events;

CREATE VIEW events AS
    SELECT id, event_id, monitor_id, location, target_url, timestamp, is_success, status_code, response_time_ms, dns_ms,
        connect_ms, tls_ms, first_byte_ms, error_message, received_at, is_inconclusive, cause, ip,
        certificate_expires_at, condition, message, attempts
    FROM events_by_time;
