"""Each kind of trouble that a SQLite store may be in."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from shared.store.admin.backup import back_up
from tests.support.running import LocalSystem

Trouble = Callable[[LocalSystem], AbstractContextManager[object]]


@contextlib.contextmanager
def locked(system: LocalSystem) -> Iterator[None]:
    """Another process holds the lock for writing."""
    with contextlib.closing(sqlite3.connect(system.database, timeout=5, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextlib.contextmanager
def disk_full(system: LocalSystem) -> Iterator[None]:
    """Nothing more can be written to the disk."""
    disk = system.database.parent.parent
    if not disk.is_mount():
        pytest.skip("a small disk cannot be mounted here")
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def folder_missing(system: LocalSystem) -> Iterator[None]:
    """The folder is moved away with its files, and later back."""
    folder = system.database.parent
    away = folder.rename(folder.with_name("away"))
    try:
        yield
    finally:
        away.rename(folder)


@contextlib.contextmanager
def read_only(system: LocalSystem) -> Iterator[None]:
    """The file is replaced by a copy that the system may only read."""
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("there is no setpriv, and nothing is read-only for root")
    with replaced(system) as copy:
        copy.chmod(0o444)
        copy.replace(system.database)
    try:
        yield
    finally:
        system.database.chmod(0o644)


@contextlib.contextmanager
def corrupted(system: LocalSystem) -> Iterator[None]:
    """The file is replaced by garbage, and later by a backup."""
    with replaced(system) as copy:
        garbage = copy.with_name("garbage")
        garbage.write_bytes(b"This is no database. " * 1000)
        garbage.replace(system.database)
    try:
        yield
    finally:
        copy.replace(system.database)


@contextlib.contextmanager
def from_a_newer_version(system: LocalSystem) -> Iterator[None]:
    """A newer program has migrated the store."""
    with contextlib.closing(sqlite3.connect(system.database, timeout=5, isolation_level=None)) as newer:
        newer.executescript(
            "BEGIN IMMEDIATE; CREATE TABLE later (id); INSERT INTO schema_migrations VALUES (999, 'later', ''); COMMIT"
        )
        try:
            yield
        finally:
            newer.executescript(
                "BEGIN IMMEDIATE; DROP TABLE later; DELETE FROM schema_migrations WHERE version = 999; COMMIT"
            )


@contextlib.contextmanager
def replaced(system: LocalSystem) -> Iterator[Path]:
    """A copy of the database. Nothing is written to the database until the copy has replaced it."""
    with locked(system):
        copy = system.database.with_name("copy.db")
        back_up(system.database, copy)
        yield copy
