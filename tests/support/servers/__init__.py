"""Servers of several protocols, as agents meet them: right, wrong and silent."""
