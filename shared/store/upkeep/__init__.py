"""Upkeep keeps the store small: it folds events into rollups, and prunes what is old."""
