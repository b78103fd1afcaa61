"""The messages that a channel gets, and when; and how a drill of the way there went. Pure."""
