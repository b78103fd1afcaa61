"""The drills of a store, as functions ask for them. The code that conducts one is loaded only while there is one."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from shared.store.engines.database import Database
from shared.store.recurring.reviewed import Reviewed
from shared.store.tables import drills, schedules

if TYPE_CHECKING:
    from shared.models import Change, Notification
    from shared.models.channel import Channels


class Drills:
    """The drills of one store: at most one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(
        self, channels: "Channels", *, need_ack_seconds: float | None, now: datetime
    ) -> "tuple[Change, list[Notification]]":
        """Begin a drill on these channels; the messages that it owes. Raises DrillUnderWay."""
        from shared.store.recurring.conduct import start

        return start(self._database, channels, need_ack_seconds, now)

    def review(self, *, now: datetime, channels: "Channels") -> Reviewed:
        """End the drill that is over, if one is, and begin the one that is due. ``channels``: those configured."""
        with self._database.snapshot() as snapshot:
            if drills.under_way(snapshot) is None and schedules.due(snapshot, "drill_schedules", now) is None:
                return Reviewed()  # the usual case
        from shared.store.recurring.conduct import review

        return review(self._database, now, channels)

    def is_under_way(self) -> bool:
        """Whether a drill is not over yet."""
        with self._database.snapshot() as snapshot:
            return drills.under_way(snapshot) is not None

    def last(self) -> dict[str, Any] | None:
        """How the last one went that is over."""
        with self._database.snapshot() as snapshot:
            return drills.last(snapshot)
