"""How available monitors were in a month, for those who are told of it: ``python -m infra report``."""
