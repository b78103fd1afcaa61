"""The same outages again, from what is stored; and others, by other settings."""
