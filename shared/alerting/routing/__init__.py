"""Which messages a channel gets, and when. Pure."""
