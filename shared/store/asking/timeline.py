"""The timeline of one monitor: checks, changes of its state, alerts, windows and messages, a page at a time."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.history.timeline import Moment, Place, Row, Source, page_of, standing, worth_a_line
from shared.models import Alert, AlertStatus, Monitor, as_text, value_of
from shared.monitors.windows.spans import Span
from shared.store.engines.database import Database, Transaction
from shared.store.refusals import MonitorNotFound
from shared.store.tables import (
    alert_notes,
    alerts,
    events,
    judgements,
    monitors,
    notification_logs,
    past_events,
    state_changes,
    windows,
)

# The checks that one page looks at, and of them in one statement. Most succeed, and are left out.
MOST_CHECKS = 5_000
CHECKS_AT_ONCE = 1_000
_MOMENTS = {
    Source.ALERT_OPENED: "opened_at",
    Source.ALERT_ACKNOWLEDGED: "acknowledged_at",
    Source.ALERT_RESOLVED: "resolved_at",
}
# The moves that people make, by the column that has the last of its kind, and that of who made it.
_MOVES = {
    Source.ALERT_ACKNOWLEDGED: (AlertStatus.ACK, "acknowledged_at", "acknowledged_by"),
    Source.ALERT_RESOLVED: (AlertStatus.RESOLVED, "resolved_at", "resolved_by"),
    Source.ALERT_REOPENED: (AlertStatus.OPEN, "acknowledged_at", "acknowledged_by"),
}
_MILLISECOND = timedelta(milliseconds=1)


class Page(NamedTuple):
    """A part of a monitor's timeline, oldest first. ``next``: where the following part begins; None after the last.

    The row of a check has its ``event``, and how it was judged: see ``judgements.of_event``. That of an alert has its
    ``alert`` and, if it is known, the ``reason`` for what happened to it. That of a window has its ``kind`` and its
    ``body``, and when it ``starts_at`` and ``ends_at``.
    """

    monitor: Monitor
    moments: list[Moment]
    next: Place | None


class Timelines:
    """The timelines of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, monitor_id: int, *, since: datetime, until: datetime, limit: int, after: Place | None = None
    ) -> Page:
        """The moments from ``since`` on and before ``until``, behind ``after``. Raises MonitorNotFound.

        A page may have less than ``limit`` moments although there are more: it looks at MOST_CHECKS checks at most.
        """
        with self._database.snapshot() as snapshot:
            monitor = monitors.with_id(snapshot, monitor_id)
            if monitor is None:
                raise MonitorNotFound(monitor_id)
            asked = _Asked(snapshot, monitor, as_text(since), as_text(until), limit + 1)
            start = after if after is not None and after.at >= as_text(since) else None
            return asked.page(start or Place(as_text(since), Source.WINDOW_ENDS, -1), limit)


class _Asked:
    def __init__(self, snapshot: Transaction, monitor: Monitor, since: str, until: str, most: int) -> None:
        self.snapshot, self.monitor = snapshot, monitor
        self.since, self.until, self.most = since, until, most

    def page(self, start: Place, limit: int) -> Page:
        checks, last_check = self._checks(start)
        changes, last_change = self._changes(start)
        logs = notification_logs.about_monitor(
            self.snapshot, self.monitor.name, start.within(Source.NOTIFICATION), self.until, self.most
        )
        sources = [
            [Moment(Place(row["timestamp"], Source.CHECK, row["id"]), row) for row in checks],
            [Moment(Place(row["at"], Source.STATE_CHANGE, row["id"]), row) for row in self._standing(changes, start)],
            [Moment(Place(row["attempted_at"], Source.NOTIFICATION, row["id"]), row) for row in logs],
            *(self._alerts(start, source) for source in (*_MOMENTS, Source.ALERT_REOPENED)),
            self._windows(start),
        ]
        horizon = min(filter(None, (last_check, last_change)), default=None)
        found, following = page_of(itertools.chain(*sources), limit, horizon)
        return Page(self.monitor, self._with_reasons(found, changes, start), following)

    def _checks(self, start: Place) -> tuple[list[Row], Place | None]:
        """The checks that are worth a line, and up to where they were looked at if there may be more."""
        place = start.within(Source.CHECK)
        before = past_events.outcome_before(self.snapshot, self.monitor.id, place)
        earlier = before if before is not None and before["timestamp"] >= self.since else None
        rows: list[Row] = []
        while True:
            more = past_events.outcomes_after(self.snapshot, self.monitor.id, place, self.until, CHECKS_AT_ONCE)
            rows += more
            is_over = len(more) < CHECKS_AT_ONCE
            # The last one is only looked at: whether it is the last of its row, what follows it says.
            seen = rows if is_over else rows[:-1]
            worth = worth_a_line(seen, earlier, None if is_over else rows[-1])
            if is_over:
                return worth, None
            if len(worth) >= self.most or len(rows) >= MOST_CHECKS:
                return worth, Place(seen[-1]["timestamp"], Source.CHECK, seen[-1]["id"])
            place = more[-1]["timestamp"], more[-1]["id"]

    def _changes(self, start: Place) -> tuple[list[Row], Place | None]:
        """The changes of the state, and up to where they were read if there may be more: some may not hold."""
        place = start.within(Source.STATE_CHANGE)
        rows = state_changes.after(self.snapshot, self.monitor.id, place, self.until, self.most)
        is_over = len(rows) < self.most
        return rows, None if is_over else Place(rows[-1]["at"], Source.STATE_CHANGE, rows[-1]["id"])

    def _standing(self, changes: Sequence[Row], start: Place) -> list[Row]:
        place = start.within(Source.STATE_CHANGE)
        return standing(changes, state_changes.noticed_before(self.snapshot, self.monitor.id, place))

    def _alerts(self, start: Place, source: Source) -> Iterator[Moment]:
        """The moments of alerts. An alert has the last moment of each kind alone, and its moves have the others."""
        name, place = self.monitor.name, start.within(source)
        found: dict[Place, Alert] = {}
        if moment := _MOMENTS.get(source):
            for alert in alerts.about_monitor(self.snapshot, name, moment, place, self.until, self.most):
                found[Place(as_text(getattr(alert, moment)), source, alert.id)] = alert
        if source in _MOVES:
            for move in self._moves(source, place):
                found.setdefault(*move)
        yield from (Moment(each, {"alert": alert}) for each, alert in found.items())

    def _moves(self, source: Source, place: tuple[str, int]) -> Iterator[tuple[Place, Alert]]:
        """Each move of an alert, with the alert as that move made it."""
        status, at, by = _MOVES[source]
        rows = alert_notes.moves_about(self.snapshot, self.monitor.name, status, place, self.until, self.most)
        for row in rows:
            moved = {at: datetime.fromisoformat(row["at"]), by: row["author"]}
            yield Place(row["at"], source, row["id"]), value_of(Alert, row)._replace(**moved)

    def _windows(self, start: Place) -> Iterator[Moment]:
        if start.at >= self.until:
            return
        since, until = datetime.fromisoformat(start.at), datetime.fromisoformat(self.until)
        for row in windows.between(self.snapshot, start.at, self.until):
            window = windows.planned(row)
            if not window.is_about(self.monitor.name, self.monitor.group_name, self.monitor.tags or ()):
                continue
            # A window that recurs was not there before somebody made it.
            made_at = datetime.fromisoformat(row["created_at"])
            spans = itertools.takewhile(
                lambda span: span.starts_at < until, window.spans(max(since, made_at) - _MILLISECOND)
            )
            for span in itertools.islice(spans, self.most):
                clipped = Span(max(span.starts_at, made_at), span.ends_at)
                yield from (each for each in _ends(row, clipped) if start < each.place and each.place.at < self.until)

    def _with_reasons(self, found: Sequence[Moment], changes: Sequence[Row], start: Place) -> list[Moment]:
        """The moments, those of checks with their events. Checks and alerts have the reason for what they changed."""
        ids = [moment.place.id for moment in found if moment.place.source is Source.CHECK]
        whole, judged = events.with_ids(self.snapshot, ids), judgements.of_events(self.snapshot, ids)
        # The change that came with an alert may stand on the page before.
        known = [*state_changes.at_time(self.snapshot, self.monitor.id, start.at), *changes]
        of_alert = {(row["alert_id"], row["at"]): row["reason"] for row in known}
        shown: list[Moment] = []
        for moment in found:
            place, row = moment
            if place.source is Source.CHECK:
                event = whole[place.id]
                row = {"event": event, **judgements.of_event(event, judged.get(place.id))}
            elif "alert" in row:
                row = {**row, "reason": of_alert.get((place.id, place.at))}
            shown.append(Moment(place, row))
        return shown


def _ends(row: Row, span: Span) -> Iterator[Moment]:
    starts_at, ends_at = as_text(span.starts_at), as_text(span.ends_at)
    if starts_at < ends_at:
        known = {"kind": row["kind"], "body": row["body"], "starts_at": starts_at, "ends_at": ends_at}
        yield Moment(Place(starts_at, Source.WINDOW_BEGINS, row["id"]), known)
        yield Moment(Place(ends_at, Source.WINDOW_ENDS, row["id"]), known)
