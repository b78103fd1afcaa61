"""The counts of a store, wherever they stand."""

from shared.history.rollup import Key, Rollup
from shared.store import Store
from shared.store.tables import rollups


def rollups_of(store: Store, step: str) -> dict[Key, Rollup]:
    """The hours or days of all monitors, in order: what is packed, and what is not."""
    found: dict[Key, Rollup] = {}
    with store.database.snapshot() as snapshot:
        stored = rollups.between(snapshot, None, step, "0001-01-01T00:00:00.000Z", "9999-01-01T00:00:00.000Z")
    for key, rollup in stored:
        found.setdefault(key, Rollup()).merge(rollup)
    return dict(sorted(found.items()))
