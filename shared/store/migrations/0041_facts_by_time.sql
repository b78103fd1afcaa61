-- Each run of the upkeep asks for the oldest ones, and they stay as long as the history.
CREATE INDEX state_changes_by_time ON state_changes (at, id);
CREATE INDEX replay_facts_by_time ON replay_facts (at, id);
