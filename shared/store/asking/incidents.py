"""Incidents: what people say to visitors of the status pages."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, overload

from shared.models import as_text
from shared.models.values import MAX_ID
from shared.store.engines.database import Database, Row, Transaction
from shared.store.refusals import IncidentChanged, UnknownName
from shared.store.tables import handled_updates
from shared.store.tables import incidents as table
from shared.store.tables import monitors as known


class Update(NamedTuple):
    """An update of an incident: somebody's text at a time, and the state from then on."""

    at: str
    state: str
    text: str


class Incident(NamedTuple):
    """An incident. ``monitors``: the names of those that it affects. ``updates``: oldest first."""

    id: int
    title: str
    state: str
    monitors: list[str]
    created_at: str
    resolved_at: str | None
    updates: list[Update]


class Incidents:
    """The incidents of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, incident_id: int) -> Incident:
        """One incident. Raises IncidentNotFound."""
        with self._database.snapshot() as snapshot:
            return incidents_of(snapshot, [table.get(snapshot, incident_id)])[0]

    def page(self, *, limit: int, before: int | None = None) -> list[Incident]:
        """The newest incidents first; ``before``: only those with a smaller id."""
        with self._database.snapshot() as snapshot:
            return incidents_of(snapshot, table.page(snapshot, limit=limit, before=before or MAX_ID))

    def lately(self, *, past: int) -> list[Incident]:
        """Every incident that goes on, and the newest ``past`` of those that are over; the newest first."""
        with self._database.snapshot() as snapshot:
            return incidents_of(snapshot, table.lately(snapshot, past=past))

    @overload
    def add(self, title: str, text: str, state: str, monitors: Sequence[str], *, now: datetime) -> Incident: ...

    @overload
    def add(
        self, title: str, text: str, state: str, monitors: Sequence[str], *, now: datetime, once: str
    ) -> Incident | None: ...

    def add(
        self, title: str, text: str, state: str, monitors: Sequence[str], *, now: datetime, once: str | None = None
    ) -> Incident | None:
        """A new incident with its first update. Raises UnknownName if a monitor has none of the names.

        ``once``: the name of what asks for it; None if that was handled before.
        """
        with self._database.transaction() as transaction:
            _refuse_unknown(transaction, monitors)
            if once is not None and not handled_updates.note(transaction, once, now):
                return None
            row = table.add(transaction, title, state, monitors, now)
            table.add_update(transaction, row["id"], now, state, text)
            return incidents_of(transaction, [row])[0]

    def change(
        self,
        incident_id: int,
        *,
        title: str | None = None,
        text: str | None = None,
        state: str | None = None,
        monitors: Sequence[str] | None = None,
        now: datetime,
        known: int | None = None,
        once: str | None = None,
    ) -> Incident:
        """Change what is given; a ``text``, or another ``state``, is an update.

        ``known``: how many updates somebody had seen who changes it; None: however many there are. ``once``: the name
        of what asks for it; if that was handled before, nothing changes.

        Raises:
            IncidentNotFound: no incident has this id.
            IncidentChanged: it has another number of updates than is ``known``.
            UnknownName: no monitor has one of the names.
        """
        with self._database.transaction() as transaction:
            row = table.get(transaction, incident_id)
            if once is not None and not handled_updates.note(transaction, once, now):
                return incidents_of(transaction, [row])[0]
            if known is not None and known != len(table.updates_of(transaction, [incident_id])[incident_id]):
                raise IncidentChanged(incident_id)
            changed: dict[str, Any] = {} if title is None else {"title": title}
            if monitors is not None:
                _refuse_unknown(transaction, monitors)
                changed["monitors"] = json.dumps(list(monitors), ensure_ascii=False)
            is_moved = state is not None and state != row["state"]
            if state is not None and is_moved:
                changed |= {"state": state, "resolved_at": as_text(now) if state == "resolved" else None}
            if text is not None or is_moved:
                table.add_update(transaction, incident_id, now, state or row["state"], text or "")
            return incidents_of(transaction, [table.save(transaction, row, **changed)])[0]

    def remove(self, incident_id: int) -> None:
        """Delete an incident with all its updates. Raises IncidentNotFound."""
        with self._database.transaction() as transaction:
            table.get(transaction, incident_id)
            table.remove(transaction, incident_id)


def incidents_of(transaction: Transaction, rows: Sequence[Row]) -> list[Incident]:
    """The incidents that rows hold, in their order."""
    updates = table.updates_of(transaction, [row["id"] for row in rows])
    return [
        Incident(
            row["id"],
            row["title"],
            row["state"],
            json.loads(row["monitors"]),
            row["created_at"],
            row["resolved_at"],
            [Update(each["at"], each["state"], each["text"]) for each in updates[row["id"]]],
        )
        for row in rows
    ]


def _refuse_unknown(transaction: Transaction, names: Sequence[str]) -> None:
    there = known.names_of(transaction, "monitors") if names else set()
    for name in names:
        if name not in there:
            raise UnknownName("monitors", name)
