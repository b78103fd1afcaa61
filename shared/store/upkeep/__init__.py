"""What keeps the store small: events are folded into rollups, and what is old is pruned."""
