"""Questions about what has happened. Nothing here writes."""
