"""What is read for ``GET /metrics``."""
