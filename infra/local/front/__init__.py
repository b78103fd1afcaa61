"""The HTTP server of the local system: a loop reads and writes for every client, and threads only work."""
