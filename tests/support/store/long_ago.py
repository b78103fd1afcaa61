"""A store in which no channel ever had a message lately, so that nothing waits for a list, or for a channel's pace."""

import sqlite3
from contextlib import closing

import psycopg

LONG_AGO = "2000-01-01T00:00:00.000Z"


def let_every_message_be_long_ago(url: str) -> None:
    """Change the store of a DATABASE_URL, for good, by a trigger."""
    if url.startswith("postgresql://"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                f"CREATE FUNCTION long_ago() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$BEGIN NEW.claimed_at := '{LONG_AGO}'; RETURN NEW; END$$".encode()
            )
            connection.execute(
                b"CREATE TRIGGER long_ago BEFORE UPDATE OF claimed_at ON notifications "
                b"FOR EACH ROW EXECUTE FUNCTION long_ago()"
            )
        return
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=5)) as database, database:
        database.execute(
            "CREATE TRIGGER long_ago AFTER UPDATE OF claimed_at ON notifications BEGIN"
            f" UPDATE notifications SET claimed_at = '{LONG_AGO}' WHERE id = NEW.id; END"
        )
