"""Reports of events come in, and those that arrive together share a commit."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.models import Event
from shared.models.channel import Channels
from shared.models.monitor import FlappingLimits
from shared.store.engines.database import Database, Transaction
from shared.store.engines.group_commit import Group
from shared.store.intake.ingest import Ingested, ingest
from shared.store.intake.reports import Report, together


class Events:
    """Events in. Requests that come at the same time share a commit."""

    def __init__(self, database: Database, limits: FlappingLimits) -> None:
        self._limits = limits
        self._group: Group[Report, list[Ingested]] = Group(database, self._ingest)

    def add(
        self,
        events: Sequence[Event],
        *,
        received_at: datetime,
        sent_at: datetime | None = None,
        channels: Channels,
    ) -> list[Ingested]:
        """Save events, the alerts that they change and the notifications owed to ``channels``, all or nothing.

        They are judged in the order of their effective times and returned in the order given. An ``event_id`` that is
        stored already changes nothing. ``sent_at``: see ``alerting.effective_time``.
        """
        return self._group.run(Report(events, received_at, channels, sent_at))

    def _ingest(self, transaction: Transaction, reports: Sequence[Report]) -> Iterator[list[Ingested]]:
        """Judge and save reports, several at once; yield the results of each report in turn."""
        for some in together(reports):
            yield from ingest(transaction, some, limits=self._limits)
