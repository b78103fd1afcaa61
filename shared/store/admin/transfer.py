"""Copy a store into a database of another engine, and prove that the copy is the same."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest

import psycopg

from shared.store.engines.database import Database, Row, Transaction
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.postgres.transaction import PostgresTransaction
from shared.store.migrate import TABLES
from shared.store.tables import events

# The rows of one read or write: that takes little memory, and no statement takes long, even on a slow network. The
# server ends a transaction that is idle for long, but it never waits for more than one page of SQLite's.
PAGE = 1000
# SQLite holds texts with a NUL, names longer than a row of an index, and anything in a column of numbers.
_NOT_STORED = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)


class TransferFailed(Exception):
    """Nothing was copied, and the target is unchanged; the text says why."""


@dataclass(frozen=True)
class Sum:
    """The number of a table's rows, and their checksum."""

    rows: int
    checksum: str


def transfer(source: Database, target: PostgresDatabase) -> tuple[bool, dict[str, Sum]]:
    """Copy every table of ``source`` to ``target``. Whether that was necessary, and the sum of each table.

    All or nothing: the copy is committed after its rows were read again and found to be the same. If they are the same
    already, nothing is done. Nobody else can write to either of them meanwhile.

    Raises:
        TransferFailed: ``target`` holds something else, or cannot store a row of ``source``.
        StoreUnavailable: one of the two cannot be used.
    """
    with ExitStack() as stack:
        old = stack.enter_context(source.transaction())
        new = stack.enter_context(target.transaction())
        is_empty = all(new.row(f"SELECT id FROM {table} LIMIT 1") is None for table in TABLES)  # noqa: S608  # our names
        if is_empty:
            for table in TABLES:
                _copy(old, new, table)
            for given in old.rows("SELECT name, seq FROM sqlite_sequence"):
                # Also not the number of a row that was deleted: it may stand in an address, a feed or a mail.
                _go_on(new, given["name"], given["seq"])
            # The rows of former versions have their numbers from another table.
            _go_on(new, "raw_events", events.newest_id(new))
        found = {table: _sum_of_both(old, new, table) for table in TABLES}
        same = {table: both for table, both in found.items() if both is not None}
        if different := [table for table in TABLES if table not in same]:
            what = "the copy differs" if is_empty else "it holds another store, or this one as it was before"
            raise TransferFailed(f"{what}, in {', '.join(different)}: nothing was changed")
        return is_empty, same


def _copy(old: Transaction, new: PostgresTransaction, table: str) -> None:
    last = 0
    for page in _pages(old, table):
        try:
            new.copy_in(table, page)
        except _NOT_STORED as error:
            reason = error.diag.message_primary or str(error)
            raise TransferFailed(f"it cannot store a row of {table} ({reason}): nothing was changed") from error
        last = page[-1]["id"]
    _go_on(new, table, last)


def _go_on(new: Transaction, table: str, last: int) -> None:
    """Let the table's next row have the number after ``last``."""
    if last:
        new.rows("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)", table=table, last=last)


def _sum_of_both(old: Transaction, new: Transaction, table: str) -> Sum | None:
    """The sum of ``table`` in both, or None if they differ; the first page that differs ends it.

    It reads a page of the one and then of the other, so that neither is idle while all of the other is read.
    """
    ours, theirs, count = hashlib.sha256(), hashlib.sha256(), 0
    for page, copied in zip_longest(_pages(old, table), _pages(new, table), fillvalue=()):
        for rows, checksum in ((page, ours), (copied, theirs)):
            for row in rows:
                checksum.update(json.dumps(sorted(row.items()), default=bytes.hex).encode())
        if ours.digest() != theirs.digest():
            return None
        count += len(page)
    return Sum(count, ours.hexdigest())


def _pages(transaction: Transaction, table: str) -> Iterator[list[Row]]:
    after = -(2**63)
    while page := transaction.rows(
        f"SELECT * FROM {table} WHERE id > :after ORDER BY id LIMIT :page",  # noqa: S608  # one of our names
        after=after,
        page=PAGE,
    ):
        yield page
        after = page[-1]["id"]
