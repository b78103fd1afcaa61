"""Questions that are answered from several tables."""
