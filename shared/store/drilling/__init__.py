"""Drills in the store: begun by people and by the file, and judged by what is stored."""
