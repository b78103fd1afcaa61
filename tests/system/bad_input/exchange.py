"""Sending bytes to a running system, and what must hold of the response."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.support.running import API_KEY, LocalSystem, Running
from tests.support.stand_ins import Target
from tests.system.bad_input.bodies import EVENT
from tests.system.bad_input.raw_requests import KEY, head

TABLES = ("events", "monitors", "alerts", "notifications", "notification_logs", "configuration")
SECONDS = 30


class Reply(NamedTuple):
    """The response. Its status is 0 if the connection was closed without a response."""

    status: int
    kind: str
    body: bytes


def exchange(port: int, request: bytes) -> Reply:
    """Send a request as it is, close our direction of the connection, and read the first final response."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        with contextlib.suppress(OSError):  # the server may refuse it before it has read all of it
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        return received(connection)


def received(connection: socket.socket) -> Reply:
    """Read the response to a request."""
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        return Reply(response.status, response.headers.get_content_type(), response.read())
    except (http.client.RemoteDisconnected, ConnectionResetError):
        # The server may close while we still write, and its response is then lost.
        return Reply(0, "", b"")


def sent(port: int, method: str, path: str, body: bytes = b"", kind: bytes = b"application/json") -> Reply:
    """Send a well-formed request with the key."""
    lines = (KEY, b"Content-Type: " + kind, b"Content-Length: %d" % len(body)) if body or method != "GET" else (KEY,)
    return exchange(port, head(method, path, *lines) + body)


def assert_refused(reply: Reply, about: object) -> None:
    """The reply is a 4xx with problem details that say why, and contains nothing internal."""
    assert 400 <= reply.status < 500, (about, reply)
    assert reply.kind == "application/problem+json", (about, reply)
    problem = json.loads(reply.body)
    assert problem["status"] == reply.status, about
    assert problem["detail"], about
    assert len(reply.body) < 8_000, about
    assert_leaks_nothing(reply, about)


def assert_leaks_nothing(reply: Reply, about: object) -> None:
    """The reply contains no secret and nothing internal."""
    for secret in (API_KEY.encode(), b"Traceback", b"/site-packages/", b"sqlite"):
        assert secret not in reply.body, (about, reply)


def counts(system: Running) -> dict[str, int]:
    """The number of rows in each table."""
    return {table: system.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES}


@contextlib.contextmanager
def system_at_rest(project: Path, folder: Path, **variables: str | None) -> Iterator[LocalSystem]:
    """A system with one open alert. Nothing happens in it unless the test does it."""
    with Target() as healthy:
        variables |= {"TARGET_URL": healthy.url, "CHECK_INTERVAL_SECONDS": "3600"}
        with LocalSystem(project, folder, **variables) as system:
            assert system.post("/events", EVENT | {"error_message": "refused"}).status_code == 201
            system.wait_until(lambda: counts(system)["events"] == 2 and system.sent())
            yield system


def assert_unharmed(system: Running, before: dict[str, int]) -> None:
    """Nothing was stored, the system is healthy, and no exception reached its log."""
    assert counts(system) == before
    assert system.get("/").json()["status"] == "ok"
    assert not [line for line in system.output().splitlines() if "Traceback" in line or " defect " in line]
