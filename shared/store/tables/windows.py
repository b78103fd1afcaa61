"""The table ``windows``."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.models import as_text
from shared.models.values import MAX_ID
from shared.monitors.windows.planned import Planned
from shared.monitors.windows.spans import Recurrence, Span
from shared.store.engines.database import Row, Transaction
from shared.store.refusals import WindowNotFound

# The source of a window that was taken away. No list has it, but events of its time may still come.
_ENDED = "ended"
_COLUMNS = ("source", "body", "kind", "targets", "starts_at", "ends_at", "recurrence")
_ADD = f"""
    INSERT INTO windows ({", ".join(_COLUMNS)}, created_at)
    VALUES ({", ".join(f":{name}" for name in _COLUMNS)}, :now) RETURNING *"""  # noqa: S608  # our own names
_SAVE = f"""
    UPDATE windows SET {", ".join(f"{name} = :{name}" for name in _COLUMNS)}, changed_at = :now WHERE id = :id
    RETURNING *"""  # noqa: S608  # our own names
_END = f"""
    UPDATE windows SET source = '{_ENDED}', starts_at = :starts_at, ends_at = :ends_at, recurrence = NULL WHERE id = :id
    RETURNING *"""  # noqa: S608  # our own name
_LISTED = f"SELECT * FROM windows WHERE source <> '{_ENDED}'"  # noqa: S608  # our own name


def columns_of(
    source: str, body: str, kind: str, targets: dict[str, Any], once: Span | None, recurrence: Recurrence | None
) -> dict[str, Any]:
    """The stored columns of a window. ``body``: the JSON of what was given."""
    return {
        "source": source,
        "body": body,
        "kind": kind,
        "targets": json.dumps(targets, ensure_ascii=False),
        **_texts(once),
        "recurrence": json.dumps(recurrence, ensure_ascii=False) if recurrence else None,
    }


def _texts(span: Span | None) -> dict[str, str | None]:
    return {
        "starts_at": as_text(span.starts_at) if span else None,
        "ends_at": as_text(span.ends_at) if span else None,
    }


def planned(row: Row) -> Planned:
    """The window that a row holds."""
    times = [datetime.fromisoformat(row[name]) for name in ("starts_at", "ends_at") if row[name]]
    recurrence = Recurrence(*json.loads(row["recurrence"])) if row["recurrence"] else None
    return Planned(row["id"], row["kind"], json.loads(row["targets"]), Span(*times) if times else None, recurrence)


def add(transaction: Transaction, columns: dict[str, Any], now: datetime) -> Row:
    """A new window; its row."""
    return transaction.rows(_ADD, now=as_text(now), **columns)[0]


def save(transaction: Transaction, window_id: int, columns: dict[str, Any], now: datetime) -> Row:
    """Replace a window; its row."""
    return transaction.rows(_SAVE, id=window_id, now=as_text(now), **columns)[0]


def save_names(transaction: Transaction, window_id: int, *, targets: str, body: str) -> Row:
    """Write what a window is about, under other names; its row."""
    sql = "UPDATE windows SET targets = :targets, body = :body WHERE id = :id RETURNING *"
    return transaction.rows(sql, id=window_id, targets=targets, body=body)[0]


def remove(transaction: Transaction, window_id: int) -> None:
    """Delete a window."""
    transaction.rows("DELETE FROM windows WHERE id = :id", id=window_id)


def end(transaction: Transaction, window_id: int, covered: Span) -> Row:
    """Take a window away, but for the span that it has covered; its row."""
    return transaction.rows(_END, id=window_id, **_texts(covered))[0]


def find(transaction: Transaction, window_id: int) -> Row | None:
    """The window with this id, if there is one."""
    return transaction.row(f"{_LISTED} AND id = :id", id=window_id) if window_id <= MAX_ID else None


def get(transaction: Transaction, window_id: int) -> Row:
    """The window with this id. Raises WindowNotFound."""
    row = find(transaction, window_id)
    if row is None:
        raise WindowNotFound(window_id)
    return row


def page(transaction: Transaction, *, limit: int, before: int) -> Sequence[Row]:
    """The newest windows first, beginning below ``before``."""
    return transaction.rows(f"{_LISTED} AND id < :before ORDER BY id DESC LIMIT :limit", before=before, limit=limit)


def lately(transaction: Transaction, now: datetime, *, past: int) -> Sequence[Row]:
    """The windows that are not over, and the newest ``past`` of those that are; the newest first."""
    newest = f"SELECT id FROM ({_LISTED} AND ends_at <= :now ORDER BY id DESC LIMIT :past) newest"  # noqa: S608  # our own text
    sql = f"{_LISTED} AND (ends_at IS NULL OR ends_at > :now OR id IN ({newest})) ORDER BY id DESC"
    return transaction.rows(sql, now=as_text(now), past=past)


def not_over(transaction: Transaction, now: datetime) -> Sequence[Row]:
    """The windows of which something is still to come, oldest first."""
    return transaction.rows(f"{_LISTED} AND (ends_at IS NULL OR ends_at >= :now) ORDER BY id", now=as_text(now))


def of_source(transaction: Transaction, source: str) -> Sequence[Row]:
    """All windows of a source, oldest first."""
    return transaction.rows("SELECT * FROM windows WHERE source = :source ORDER BY id", source=source)


def open_of(transaction: Transaction, kind: str, targets: dict[str, Any], now: datetime) -> Sequence[Row]:
    """The windows of a kind about just these targets that come once and are open now, the last one first."""
    sql = f"""{_LISTED} AND kind = :kind AND targets = :targets AND starts_at <= :now AND ends_at > :now
        ORDER BY ends_at DESC"""
    written = json.dumps(targets, ensure_ascii=False)
    return transaction.rows(sql, kind=kind, targets=written, now=as_text(now))


def between(transaction: Transaction, since: str, until: str) -> Sequence[Row]:
    """The windows of which something may lie in a span, oldest first, also those that were taken away."""
    sql = """SELECT * FROM windows WHERE created_at < :until AND (ends_at IS NULL OR ends_at >= :since)
        AND (starts_at IS NULL OR starts_at < :until) ORDER BY id"""
    return transaction.rows(sql, since=since, until=until)
