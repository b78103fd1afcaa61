"""Threads on a machine that may have none left."""

import threading


def started(thread: threading.Thread) -> bool:
    """Start ``thread``, and return whether this machine had one left for it."""
    try:
        thread.start()
    except RuntimeError:
        return False
    return True
