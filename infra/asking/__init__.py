"""Asks the API for commands that answer questions, or that try something."""
