"""Questions that are answered from several tables, each in one snapshot."""
