"""Windows: made, changed and ended by people and by the file; and what opens or is sent when one closes."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, overload

from shared.models import as_text
from shared.models.channel import Channels
from shared.models.values import MAX_ID
from shared.monitors.windows.planned import Planned
from shared.monitors.windows.recurrence import STORED
from shared.monitors.windows.spans import Span
from shared.monitors.windows.window import Window
from shared.store.engines.database import Database, Row, Transaction
from shared.store.refusals import UnknownName, WindowOfFile, WindowOver
from shared.store.tables import handled_updates, monitors, replay_facts
from shared.store.tables import windows as table


class Entry(NamedTuple):
    """A window with all that an answer says of it."""

    source: str
    window: Window
    planned: Planned


class Silence(NamedTuple):
    """A silence that somebody made of one monitor."""

    by: str | None
    ends_at: datetime


class Windows:
    """The windows of one store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, window_id: int) -> Entry:
        """One window. Raises WindowNotFound."""
        with self._database.snapshot() as snapshot:
            return _entry(table.get(snapshot, window_id))

    def page(self, *, limit: int, before: int | None = None) -> list[Entry]:
        """The newest windows first; ``before``: only those with a smaller id."""
        with self._database.snapshot() as snapshot:
            return [_entry(row) for row in table.page(snapshot, limit=limit, before=before or MAX_ID)]

    def lately(self, *, now: datetime, past: int) -> list[Entry]:
        """Every window that is not over, and the newest ``past`` of those that are; the newest first."""
        with self._database.snapshot() as snapshot:
            return [_entry(row) for row in table.lately(snapshot, now, past=past)]

    def between(self, since: datetime, until: datetime) -> list[Entry]:
        """The windows of which something may lie in a span, oldest first."""
        with self._database.snapshot() as snapshot:
            return [_entry(row) for row in table.between(snapshot, as_text(since), as_text(until))]

    def silence_of(self, monitor: str, seconds: float, *, now: datetime) -> Silence | None:
        """The silence of this monitor that lasts for at least half of so long, if there is one. The last one counts."""
        with self._database.snapshot() as snapshot:
            return silence_of(snapshot, monitor, seconds, now)

    @overload
    def add(self, window: Window, *, now: datetime) -> Entry: ...

    @overload
    def add(self, window: Window, *, now: datetime, once: str) -> Entry | None: ...

    def add(self, window: Window, *, now: datetime, once: str | None = None) -> Entry | None:
        """A new window of source 'api'. ``once``: the name of what asks for it; None if that was handled before.

        Raises:
            UnknownName: it is about something that there is not.
            WindowOver: it would be over already.
        """
        with self._database.transaction() as transaction:
            _refuse_unknown(transaction, window)
            if once is not None and not handled_updates.note(transaction, once, now):
                return None
            return _entry(_add(transaction, _columns(window, "api", now), now))

    def silence(self, window: Window, *, now: datetime) -> tuple[Entry, bool]:
        """A silence from now on, and whether it is new: an open one about the same is prolonged instead.

        Raises as ``add`` does.
        """
        with self._database.transaction() as transaction:
            _refuse_unknown(transaction, window)
            for row in table.open_of(transaction, "silence", window.targets, now):
                if row["source"] == "api":
                    return _entry(_prolonged(transaction, row, window, now)), False
            return _entry(_add(transaction, _columns(window, "api", now), now)), True

    def change(
        self, window_id: int, changed: Callable[[Window], Window], *, now: datetime, channels: Channels
    ) -> tuple[Entry, list[int]]:
        """Replace a window by what ``changed`` makes of it; nobody else changes it meanwhile.

        Also the notifications that it held and nothing holds now, which are due now. ``channels``: those that are
        configured, whose own rules hold messages too.

        Raises as ``changed`` does, and:
            WindowNotFound: no window has this id.
            WindowOfFile: it stands in the file.
            UnknownName: the new one is about something that there is not.
            WindowOver: it would end before it begins.
        """
        with self._database.transaction() as transaction:
            former = _own(transaction, window_id)
            window = changed(_entry(former).window)
            _refuse_unknown(transaction, window)
            # One that has begun lasts from its beginning on: events of its first part may still come.
            begins = datetime.fromisoformat(former["starts_at"]) if former["starts_at"] else now
            row = table.save(transaction, window_id, _columns(window, "api", min(begins, now)), now)
            replay_facts.add_window(transaction, window_id, row, now)
            return _entry(row), _release(transaction, now, channels)

    def remove(self, window_id: int, *, now: datetime, channels: Channels) -> list[int]:
        """End a window early, or let it never come; what it held, which is due now. Raises as ``change`` does."""
        with self._database.transaction() as transaction:
            _remove(transaction, _own(transaction, window_id), now)
            return _release(transaction, now, channels)


def add_silence(transaction: Transaction, monitor: str, seconds: float, *, by: str | None, now: datetime) -> int:
    """Hold messages about a monitor for so long; the window's id."""
    window = Window(kind="silence", monitors=(monitor,), duration=seconds, by=by)
    return int(_add(transaction, _columns(window, "api", now), now)["id"])


def silence_of(transaction: Transaction, monitor: str, seconds: float, now: datetime) -> Silence | None:
    """See Windows.silence_of."""
    for row in table.open_of(transaction, "silence", {"monitors": [monitor]}, now):
        ends_at = datetime.fromisoformat(row["ends_at"])
        if ends_at >= now + timedelta(seconds=seconds / 2):
            return Silence(json.loads(row["body"]).get("by"), ends_at)
    return None


def put_of_file(transaction: Transaction, windows: Sequence[Window], *, now: datetime, channels: Channels) -> bool:
    """Make the windows of source 'file' these; whether that changed any. An unchanged window goes on as it is."""
    wanted = [_columns(window, "file", now) for window in windows]
    bodies = [columns["body"] for columns in wanted]
    stored = table.of_source(transaction, "file")
    gone = [row for row in stored if row["body"] not in bodies]
    for row in gone:
        _remove(transaction, row, now)
    known = {row["body"] for row in stored}
    new = [columns for columns in wanted if columns["body"] not in known]
    for columns in new:
        _add(transaction, columns, now)
    if gone:
        _release(transaction, now, channels)
    return bool(gone or new)


def _add(transaction: Transaction, columns: dict[str, str | None], now: datetime) -> Row:
    row = table.add(transaction, columns, now)
    replay_facts.add_window(transaction, row["id"], row, now)
    return row


def _prolonged(transaction: Transaction, row: Row, window: Window, now: datetime) -> Row:
    """The row of a silence that is open, with the end of the new ``window`` if that is later."""
    begins_at, ends_at = datetime.fromisoformat(row["starts_at"]), window.once(now)[1]
    if ends_at <= datetime.fromisoformat(row["ends_at"]):
        return row
    former = _entry(row).window
    said = {"by": window.by or former.by, "title": window.title or former.title}
    longer = former.model_copy(update={"ends_at": ends_at, "duration": None, **said})
    saved = table.save(transaction, row["id"], _columns(longer, "api", begins_at), now)
    replay_facts.add_window(transaction, row["id"], saved, now)
    return saved


def _remove(transaction: Transaction, row: Row, now: datetime) -> None:
    ended = None
    if covered := _covered(row, now):
        ended = table.end(transaction, row["id"], covered)
    else:
        table.remove(transaction, row["id"])
    replay_facts.add_window(transaction, row["id"], ended, now)


def _covered(row: Row, now: datetime) -> Span | None:
    """The last span of a window, as far as it has passed: events of that time may still come."""
    planned = table.planned(row)
    span = planned.recurrence.last_span(now) if planned.recurrence else planned.once
    if span is None:
        return None
    # A window that recurs was not there before somebody made it.
    begins_at = max(span.starts_at, datetime.fromisoformat(row["created_at"]))
    ends_at = min(span.ends_at, now)
    return Span(begins_at, ends_at) if begins_at < ends_at else None


def _columns(window: Window, source: str, now: datetime) -> dict[str, str | None]:
    recurrence = window.recurs_as()
    if source == "api" and recurrence and next(recurrence.spans(now), None) is None:
        raise WindowOver(recurrence.rule, recurrence.text, as_text(now))
    once = None if recurrence else Span(*window.once(now))
    if once and once.ends_at <= once.starts_at:
        if source == "api":
            raise WindowOver("ends_at", as_text(once.ends_at), as_text(once.starts_at))
        # The file may name what was over before somebody applied it.
        once = Span(once.ends_at, once.ends_at)
    body = window.model_dump_json(exclude_none=True)
    return table.columns_of(source, body, window.kind, window.targets, once, recurrence)


def _entry(row: Row) -> Entry:
    return Entry(row["source"], Window.model_validate_json(row["body"], context=STORED), table.planned(row))


def _own(transaction: Transaction, window_id: int) -> Row:
    row = table.get(transaction, window_id)
    if row["source"] == "file":
        raise WindowOfFile(window_id)
    return row


def _refuse_unknown(transaction: Transaction, window: Window) -> None:
    [(target, names)] = window.targets.items()
    if target == "all":
        return
    known = monitors.names_of(transaction, target)
    for name in names:
        if name not in known:
            raise UnknownName(target, name)


def _release(transaction: Transaction, now: datetime, channels: Channels) -> list[int]:
    # Imported here: most requests only read, and what judges the messages that are held costs a cold start.
    from shared.store.judging.holds import release

    return release(transaction, now, channels)
