"""How an event that is stored stands in an answer."""

import json
from typing import Any

from shared.store.engines.database import Row

# Columns that are JSON, with what an empty one means, and those that stand for true and false.
_JSON: dict[str, Any] = {"cause": None, "attempts": []}
_FLAGS = ("is_success", "is_inconclusive")


def event_of(row: Row) -> dict[str, Any]:
    """The event of a row of ``events``."""
    event = {name: value for name, value in row.items() if name != "monitor_id"}
    event |= {name: json.loads(event[name]) if event[name] else empty for name, empty in _JSON.items()}
    return event | {name: bool(event[name]) for name in _FLAGS}
