"""The store in trouble: the running system says what it is, keeps every event, and goes on when the trouble ends."""
