"""Stand-ins of the clouds' own APIs."""
