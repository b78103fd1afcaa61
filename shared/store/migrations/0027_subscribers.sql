-- Visitors who get mail about the status page "slug"; the main page's is empty. "secret" signs the links in their mails.
-- "refusals" counts how often in a row the mailbox was refused for good.
CREATE TABLE subscribers (
    id {identity},
    slug TEXT NOT NULL,
    address TEXT NOT NULL,
    language TEXT NOT NULL,
    secret TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    confirmed_at TEXT,
    refusals INTEGER NOT NULL DEFAULT 0,
    UNIQUE (slug, address)
);

-- Who asked for a confirmation lately, and for which address, both hashed: what throttles it counts them.
CREATE TABLE subscription_requests (
    id {identity},
    client TEXT NOT NULL,
    address TEXT NOT NULL,
    at TEXT NOT NULL
);

CREATE INDEX subscription_requests_by_time ON subscription_requests (at);

-- What is mailed to everybody who subscribed to a page before "at". "about" keeps anything from being announced twice.
-- "body" is JSON: what every copy says. "alerts" are the outages that it tells of, as JSON; it is over when they are.
-- Mails are added in steps, up to the subscriber "reached".
CREATE TABLE announcements (
    id {identity},
    slug TEXT NOT NULL,
    about TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL,
    alerts TEXT,
    is_over INTEGER NOT NULL DEFAULT 0,
    reached INTEGER NOT NULL DEFAULT 0,
    is_spread INTEGER NOT NULL DEFAULT 0,
    UNIQUE (slug, about)
);

-- The mails that are owed to subscribers, and how their sending went. Without an announcement it asks for a confirmation.
CREATE TABLE subscriber_mails (
    id {identity},
    subscriber_id INTEGER NOT NULL REFERENCES subscribers (id),
    announcement_id INTEGER REFERENCES announcements (id),
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    leased_until TEXT,
    attempts INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX owed_subscriber_mails ON subscriber_mails (status, due_at, id);
CREATE INDEX subscriber_mails_by_subscriber ON subscriber_mails (subscriber_id, status, id);
CREATE INDEX subscriber_mails_by_announcement ON subscriber_mails (announcement_id);

-- The channels that can mail people, as JSON. review_alerts notes them: pages know no channel's settings.
ALTER TABLE configuration ADD COLUMN mailing TEXT;
