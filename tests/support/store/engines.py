"""Marks that say on which engines a test of the store runs."""

import pytest


def on(*engines: str) -> pytest.MarkDecorator:
    """Run on these engines; for whatever uses the fixture ``new_database``."""
    params = [pytest.param(name, marks=pytest.mark.system) if name != "sqlite" else name for name in engines]
    return pytest.mark.parametrize("new_database", params, indirect=True)


on_sqlite = on("sqlite")
on_each_engine = on("sqlite", "postgresql")
on_each_engine_and_pooler = on("sqlite", "postgresql", "pgbouncer")
