"""The meaning of PostgreSQL's errors for the store, in words that name neither the server nor the user."""

import psycopg

from shared.store.engines.database import StoreBusy, StoreUnavailable, StoreUnsuitable

_READ_ONLY = "is read-only: a replica, or its disk is full"
# By the words of the client library, which gives no codes before there is a session. It says those of all hosts:
# one that responds and is of no use is told before one that does not respond.
_UNREACHABLE = {
    "session is read-only": _READ_ONLY,
    "server is in hot standby mode": _READ_ONLY,
    "root certificate file": "cannot be trusted: the file of sslrootcert in DATABASE_URL is not there",
    "password authentication failed": "rejects the user or the password",
    "no password supplied": "rejects the user or the password: DATABASE_URL has no password",
    "not permitted to log in": "does not let its user in",
    "permission denied for database": "does not let its user in",
    "no pg_hba.conf entry": "rejects connections from here",
    "does not exist": "does not know the user or the database",
    "too many": "has no connection left",
    "remaining connection slots": "has no connection left",
    "starting up": "is starting up",
    "shutting down": "is shutting down",
    "translate host name": "has a host name that is not known",
    "resolve": "has a host name that is not known",
    "Connection refused": "does not run: nothing listens there",
    "timeout": "does not respond",
    "certificate": "has a certificate that is not trusted",
    "SSL": "cannot be spoken to over TLS",
}
# By the beginning of the code, longer ones first: the words, and whether the error is transient.
_WORDS = {
    "22P05": ("cannot store every character: its encoding must be UTF8", False),
    "25006": (_READ_ONLY, True),
    "2BP01": ("has something that needs our tables, such as a view of yours: drop that first", False),
    "3F000": ("has no schema for our tables: its search_path names none that is there", False),
    "42501": ("does not let its user do this", False),
    "42P01": ("lacks a table", False),
    "53100": ("has no room left on its disk", True),
    "53": ("has no memory or no connection left", True),
    "54": ("cannot store something of this length", False),
    "57P": ("was stopped, or has ended the connection", True),
    "58": ("cannot read or write its files", True),
    "08": ("cannot be reached", True),
    "25P0": ("has ended the connection, which was idle for too long", True),
    "XX": ("is damaged, or has a defect", False),
}
# Lock and statement timeouts, deadlocks and collisions: another attempt may succeed.
_BUSY = {"55P03", "57014", "40001", "40P01"}


def unreachable(error: psycopg.Error) -> StoreUnavailable:
    """The meaning of a failed attempt to connect."""
    if not isinstance(error, psycopg.OperationalError):
        return StoreUnsuitable("the database's URL is malformed")
    said = str(error)
    words = next((words for part, words in _UNREACHABLE.items() if part in said), "cannot be reached")
    return StoreUnavailable(f"the database server {words}", is_transient=True)


def meaning(error: psycopg.Error) -> StoreUnavailable | None:
    """The meaning of an error for the store, or None if our own statement is wrong."""
    code = error.sqlstate
    if code in _BUSY:
        return StoreBusy()
    if code is None:
        # The connection ended, or no response came: without a response there is no code.
        if not isinstance(error, psycopg.OperationalError):
            return None
        words = "does not respond" if "timeout" in str(error) else "has ended the connection"
        return StoreUnavailable(f"the database server {words}", is_transient=True)
    found = next((words for begin, words in _WORDS.items() if code.startswith(begin)), None)
    if found is None:
        return None
    # The engine's own errors have no diagnosis of the server.
    said = error.diag.message_primary or str(error) or code
    return StoreUnavailable(f"the database {found[0]} ({said})", is_transient=found[1])
