"""Reads the API for commands that answer questions."""
