-- How many rows "notification_logs" has had, by channel and outcome, up to its row with the greatest counted_until. Rows are
-- pruned, and a counter must never go back. What comes after that row is counted when somebody asks.
CREATE TABLE attempt_counts (
    id {identity},
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    counted_until INTEGER NOT NULL,
    UNIQUE (channel, status)
);

-- Counted at each question after metrics, over all that are kept.
CREATE INDEX alerts_by_kind ON alerts (kind, status);
