"""Uptime Kuma: its database (1.23 and 2.x) and the backup of 1.x, a JSON file."""
