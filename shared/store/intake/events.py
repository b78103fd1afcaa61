"""Events in."""

from collections.abc import Sequence
from datetime import datetime

from shared.models import Event
from shared.models.channel import Channels
from shared.store.engines.database import Database
from shared.store.engines.group_commit import Group
from shared.store.intake.ingest import Ingested, ingest


class Events:
    """Events in. Requests that come at the same time share a commit."""

    def __init__(self, database: Database, limits: tuple[float, float] | None) -> None:
        self._group, self._limits = Group(database), limits

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
        return self._group.run(
            lambda transaction: ingest(
                transaction, events, received_at=received_at, sent_at=sent_at, channels=channels, limits=self._limits
            )
        )
