"""Questions about the past, each answered in one snapshot."""
