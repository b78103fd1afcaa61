"""What PostgreSQL's errors mean for the store, in words that name neither server nor user."""

import psycopg

from shared.store.engines.database import StoreBusy, StoreUnavailable

# By what the client's library says before there is a session: it gives no codes there.
_UNREACHABLE = {
    "password authentication failed": "refuses the user or the password",
    "no pg_hba.conf entry": "refuses connections from here",
    "does not exist": "does not know the user or the database",
    "too many": "has no connection left",
    "remaining connection slots": "has no connection left",
    "starting up": "is starting up",
    "shutting down": "is shutting down",
    "translate host name": "has a host name that is not known",
    "resolve": "has a host name that is not known",
    "Connection refused": "does not run: nothing listens there",
    "timeout": "does not answer",
    "certificate": "has a certificate that is not trusted",
    "SSL": "cannot be spoken to over TLS",
}
# By the code's beginning, the longer first; and whether it may pass by itself.
_WORDS = {
    "25006": ("is read-only: a replica, or its disk is full", True),
    "42501": ("does not let its user do this", False),
    "42P01": ("lacks a table", False),
    "53100": ("has no room left on its disk", True),
    "53": ("has no memory or no connection left", True),
    "57P": ("was stopped, or has ended the connection", True),
    "58": ("cannot read or write its files", True),
    "08": ("cannot be reached", True),
    "25P0": ("has ended the connection, for nothing was heard for long", True),
    "XX": ("is damaged, or has a defect", False),
}
# Lock and statement timeouts, deadlocks and collisions: the same again may do.
_BUSY = {"55P03", "57014", "40001", "40P01"}


def unreachable(error: psycopg.Error) -> StoreUnavailable:
    """What it means that no connection was made."""
    if not isinstance(error, psycopg.OperationalError):
        return StoreUnavailable("the database's URL is malformed", is_transient=False)
    said = str(error)
    words = next((words for part, words in _UNREACHABLE.items() if part in said), "cannot be reached")
    return StoreUnavailable(f"the database server {words}", is_transient=True)


def meaning(error: psycopg.Error) -> StoreUnavailable | None:
    """The trouble that an error means, or None where our own statement got something wrong."""
    code = error.sqlstate
    if code in _BUSY:
        return StoreBusy()
    if code is None:
        # The connection ended, or nothing came; only then there is neither an answer nor a code.
        if not isinstance(error, psycopg.OperationalError):
            return None
        words = "does not answer" if "timeout" in str(error) else "has ended the connection"
        return StoreUnavailable(f"the database server {words}", is_transient=True)
    found = next((told for begin, told in _WORDS.items() if code.startswith(begin)), None)
    if found is None:
        return None
    return StoreUnavailable(f"the database {found[0]} ({error.diag.message_primary or code})", is_transient=found[1])
