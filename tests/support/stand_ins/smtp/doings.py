"""Things that a mail server does in place of a reply."""

import time

from tests.support.stand_ins.smtp.connection import Connection, Doing


def hangs(connection: Connection) -> None:
    """Stay silent."""
    connection.hang()


def closes(connection: Connection) -> None:
    """End the connection in place of a reply."""
    connection.close()


def resets(connection: Connection) -> None:
    """Reset the connection in place of a reply."""
    connection.reset()


def drips(connection: Connection) -> None:
    """Reply one byte at a time, and never finish."""
    connection.drip(b"250-" + b"o" * 100_000)


def drips_lines(connection: Connection) -> None:
    """Reply with one line after the other, of which none is the last."""
    while not connection.is_over(0.05):
        connection.write(b"250-and so on\r\n")


def speaks_garbage(connection: Connection) -> None:
    """Reply with what is not SMTP."""
    connection.write(b"\x00\xffSSH-2.0-OpenSSH_9.2\r\n")


def says_100_megabytes(connection: Connection) -> None:
    """Reply with more than anybody reads."""
    for _ in range(1_600):
        connection.write(b"250-" + b"o" * 62_494 + b"\r\n")


def slowly(reply: bytes, seconds: float) -> Doing:
    """Reply after so many seconds."""

    def doing(connection: Connection) -> None:
        time.sleep(seconds)
        connection.write(reply)

    return doing
