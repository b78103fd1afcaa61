"""Spans in which monitors are under maintenance or silenced, once or again and again. Pure."""
