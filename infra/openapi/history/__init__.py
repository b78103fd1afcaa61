"""The part of the document that describes the routes of ``show_history``."""
