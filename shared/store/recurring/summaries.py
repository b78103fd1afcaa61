"""The summaries of a store, as functions ask for them. The code that reckons one is loaded only when one is due."""

from datetime import datetime
from typing import TYPE_CHECKING

from shared.store.engines.database import Database
from shared.store.recurring.reviewed import Begun
from shared.store.tables import schedules

if TYPE_CHECKING:
    from shared.models.channel import Channels


class Summaries:
    """The summaries of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def review(self, *, now: datetime, channels: "Channels") -> list[Begun]:
        """Begin the summaries that are due, each once, owed to its own of the configured ``channels``."""
        with self._database.snapshot() as snapshot:
            if schedules.due(snapshot, "summary_schedules", now) is None:
                return []  # the usual case
        from shared.store.recurring.summarizing import begin

        return begin(self._database, now, channels)
