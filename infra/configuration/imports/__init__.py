"""``python -m infra import``: from other uptime monitors to a ``bonghwa.yaml``."""
