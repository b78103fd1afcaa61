-- Every report asks for the windows that are not over, and those that were removed stay as long as the history.
CREATE INDEX windows_by_end ON windows (ends_at);
