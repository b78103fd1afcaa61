-- Spans in which monitors are under maintenance or silenced. The body is the JSON of what was given; the columns after
-- it say the same for those who judge: what the window is about, its only span, or how it recurs.
CREATE TABLE windows (
    id {identity},
    source TEXT NOT NULL,
    body TEXT NOT NULL,
    kind TEXT NOT NULL,
    targets TEXT NOT NULL,
    starts_at TEXT,
    ends_at TEXT,
    recurrence TEXT,
    created_at TEXT NOT NULL
);

-- A message can be HELD and SUPPRESSED too. SQLite cannot change what a column may hold without a new table.
{only_postgresql}ALTER TABLE notifications DROP CONSTRAINT notifications_status_check;
{only_postgresql}ALTER TABLE notification_logs DROP CONSTRAINT notification_logs_status_check;

{only_sqlite}CREATE TABLE new_notifications (
    id {identity},
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    is_manual INTEGER NOT NULL DEFAULT 0,
    actor TEXT,
    created_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    leased_until TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    scheduled_at TEXT,
    reason TEXT
);
{only_sqlite}CREATE TABLE new_notification_logs (
    id {identity},
    notification_id INTEGER NOT NULL REFERENCES new_notifications (id),
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    attempted_at TEXT NOT NULL,
    duration_ms REAL NOT NULL,
    answer TEXT
);
{only_sqlite}INSERT INTO new_notifications SELECT id, alert_id, channel, kind, status, occurred_at, is_manual, actor,
    created_at, due_at, leased_until, attempts, scheduled_at, reason FROM notifications;
{only_sqlite}INSERT INTO new_notification_logs SELECT id, notification_id, alert_id, kind, channel, status, attempted_at,
    duration_ms, answer FROM notification_logs;
{only_sqlite}DROP TABLE notification_logs;
{only_sqlite}DROP TABLE notifications;
{only_sqlite}ALTER TABLE new_notifications RENAME TO notifications;
{only_sqlite}ALTER TABLE new_notification_logs RENAME TO notification_logs;
{only_sqlite}CREATE INDEX owed_notifications ON notifications (channel, id) WHERE status IN ('PENDING', 'SENDING');
{only_sqlite}CREATE INDEX notifications_of_alert ON notifications (alert_id, id);
{only_sqlite}CREATE INDEX notification_logs_of_alert ON notification_logs (alert_id, id);

-- From when on a message that was held is tried.
ALTER TABLE notifications ADD COLUMN released_at TEXT;
-- The rule that held the message back, or why it is sent although nothing recovered or failed by itself.
ALTER TABLE notification_logs ADD COLUMN reason TEXT;
CREATE INDEX held_notifications ON notifications (channel, id) WHERE status = 'HELD';
