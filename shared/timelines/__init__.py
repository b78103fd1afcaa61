"""The history of a monitor, in sentences: for ``GET /monitors/<id>/timeline`` and for the dashboard."""
