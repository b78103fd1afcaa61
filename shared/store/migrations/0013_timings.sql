-- When the alert was saved, and in how many seconds each channel got its first message, as a JSON object.
ALTER TABLE alerts ADD COLUMN created_at TEXT;
ALTER TABLE alerts ADD COLUMN delivered TEXT;

-- How long first messages took, as a histogram for each day: GET / asks for it often. Days are few, messages are not.
CREATE TABLE delivery_times (
    id {identity},
    day TEXT NOT NULL UNIQUE,
    times TEXT NOT NULL
);
