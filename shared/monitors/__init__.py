"""The policy of a monitor: its target, and how it is watched."""
