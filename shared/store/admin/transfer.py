"""Copy a store into another engine's database, and prove that the copy is the same."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest

from shared.store.engines.database import Database, Row, Transaction
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.postgres.transaction import PostgresTransaction
from shared.store.migrate import TABLES

# So many rows are read and written at a time: little memory, and no statement that takes long, even where the network
# is slow. The server, which ends a transaction in which it hears nothing for long, waits for one page of SQLite's.
PAGE = 1000


class TransferFailed(Exception):
    """Nothing was copied, and the database that it was meant for is as it was; says why."""


@dataclass(frozen=True)
class Sum:
    """How many rows a table has, and what all of them come to."""

    rows: int
    checksum: str


def transfer(source: Database, target: PostgresDatabase) -> tuple[bool, dict[str, Sum]]:
    """Copy every table of ``source`` to ``target``: whether that was still to be done, and the sums of both by table.

    All or nothing: the copy is committed once its rows are counted, read again and found the same. Where they are the
    same already nothing is done. Nobody writes to either meanwhile.

    Raises:
        TransferFailed: ``target`` holds something else.
        StoreUnavailable: one of them cannot be used.
    """
    with ExitStack() as stack:
        old = stack.enter_context(source.transaction())
        new = stack.enter_context(target.transaction())
        is_empty = all(new.row(f"SELECT id FROM {table} LIMIT 1") is None for table in TABLES)  # noqa: S608  # our names
        if is_empty:
            for table in TABLES:
                _copy(old, new, table)
        found = {table: _sum_of_both(old, new, table) for table in TABLES}
        same = {table: both for table, both in found.items() if both is not None}
        if different := [table for table in TABLES if table not in same]:
            what = "the copy differs" if is_empty else "it holds another store, or this one as it was before"
            raise TransferFailed(f"{what}, in {', '.join(different)}: nothing was changed")
        return is_empty, same


def _copy(old: Transaction, new: PostgresTransaction, table: str) -> None:
    last = 0
    for page in _pages(old, table):
        new.copy_in(table, page)
        last = page[-1]["id"]
    if last:
        new.rows("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)", table=table, last=last)


def _sum_of_both(old: Transaction, new: Transaction, table: str) -> Sum | None:
    """What ``table`` comes to in both, or None where they differ, which is known at the first page that does.

    A page of one and then of the other: neither is left alone for as long as all of the other takes.
    """
    ours, theirs, count = hashlib.sha256(), hashlib.sha256(), 0
    for page, copied in zip_longest(_pages(old, table), _pages(new, table), fillvalue=()):
        for rows, checksum in ((page, ours), (copied, theirs)):
            for row in rows:
                checksum.update(json.dumps(sorted(dict(row).items())).encode())
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
