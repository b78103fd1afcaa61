"""The content of a store, read beside the system that uses it."""

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row


def rows_of(url: str, sql: str, *values: object) -> list[dict[str, Any]]:
    """The rows that a statement returns from the database of a DATABASE_URL. ``?`` stands for a value."""
    if url.startswith("sqlite:///"):
        return rows(Path(url.removeprefix("sqlite:///")), sql, *values)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, connect_timeout=30) as connection:
        cursor = connection.execute(sql.replace("%", "%%").replace("?", "%s").encode(), values)
        return cursor.fetchall() if cursor.description else []


def rows(database: Path, sql: str, *values: object) -> list[dict[str, Any]]:
    """The rows that a statement returns from a database file."""
    connection = sqlite3.connect(database, timeout=30)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]
    finally:
        connection.close()
