"""The kinds of channel: a file or folder each, named like the kind. ``shared.notifiers`` finds them by itself."""
