"""``bonghwa.yaml``: one file with every monitor and channel, read into checked values with line numbers."""
