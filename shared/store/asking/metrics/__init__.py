"""The reads of ``GET /metrics``."""
