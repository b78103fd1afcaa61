"""What the document says of the routes of ``show_history``."""
