"""Checks of databases and brokers: real servers if this machine has them, and stand-ins that speak their bytes."""

import resource
import ssl
import struct
import sys
from collections.abc import Callable
from typing import Any

import pytest

from functions.check_monitors.probes.transfers.talk import CLOSED, RESET
from tests.support.pgbouncer import Pgbouncer
from tests.support.policies import check_policy
from tests.support.postgres import Server
from tests.support.running import free_port, rows_of, wait_until
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import Handler, RawServers, stays_silent

pytestmark = pytest.mark.slow
CUT = 'only the first 65536 bytes of the answer were read, too few to judge "x"'


def replies(*parts: bytes, greeting: bytes = b"", asked: list[bytes] | None = None) -> Handler:
    """A handler that greets, and then gives each message the next reply."""

    def handler(connection: Any) -> None:
        if greeting:
            connection.sendall(greeting)
        for part in parts:
            said = connection.recv(4096)
            if asked is not None:
                asked.append(said)
            # A reply may come in pieces. Bytes that are no reply are judged by the first one.
            for half in [part] if part.startswith(b"HTTP") else (part[:3], part[3:]):
                connection.sendall(half)
        connection.recv(4096)

    return handler


def packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload) | number << 24) + payload


def pg_error(code: bytes, message: bytes) -> bytes:
    fields = b"SFATAL\0C" + code + b"\0M" + message + b"\0\0"
    return b"E" + struct.pack(">I", 4 + len(fields)) + fields


def mongo(document: bytes) -> bytes:
    body = struct.pack("<IB", 0, 0) + struct.pack("<I", len(document) + 5) + document + b"\0"
    return struct.pack("<IIII", 16 + len(body), 7, 1, 2013) + body


GREETING = packet(0, b"\x0a5.5.5-10.11.6-MariaDB\0" + b"\x01\0\0\0" + b"12345678\0" + b"\xff\xf7" + b"\0" * 30)
DENIED = packet(2, b"\xff\x15\x04#28000Access denied for user 'bonghwa'")
AMQP_START = b"\x01\0\0\0\0\0\x20\0\x0a\0\x0a\0\x09" + b"\0" * 29 + b"\xce"
OK_DOCUMENT = b"\x08isWritablePrimary\0\x01" + b"\x01ok\0" + struct.pack("<d", 1)
FAILED_DOCUMENT = b"\x01ok\0" + struct.pack("<d", 0) + b"\x02errmsg\0" + struct.pack("<I", 5) + b"busy\0"


@pytest.mark.parametrize(
    ("scheme", "handler", "message"),
    [
        ("redis", replies(b"+PONG\r\n"), None),
        ("redis", replies(b"-NOAUTH Authentication required.\r\n"), None),
        ("redis", replies(b"-LOADING Redis is loading\r\n"), "the server refused: -LOADING Redis is loading"),
        ("redis", replies(b"SSH-2.0-x\r\n"), "the server does not speak Redis: SSH-2.0-x"),
        ("mysql", replies(DENIED, greeting=GREETING), None),
        ("mysql", replies(packet(2, b"\xfecaching_sha2_password\0salt"), DENIED, greeting=GREETING), None),
        ("mysql", replies(packet(2, b"\0\0\0\2\0\0\0"), greeting=GREETING), None),
        (
            "mysql",
            replies(greeting=packet(0, b"\xff\x10\x04Too many connections")),
            "the server refused: Too many connections",
        ),
        ("mysql", replies(greeting=b"SSH-2.0-OpenSSH_9.6\r\n"), "the server does not speak MySQL: SSH-2.0-OpenSSH_9.6"),
        ("postgres", replies(b"R\0\0\0\x08\0\0\0\x0a"), None),
        ("postgres", replies(pg_error(b"28000", b"no pg_hba.conf entry")), None),
        (
            "postgresql",
            replies(pg_error(b"57P03", b"the database system is starting up")),
            "the server refused: the database system is starting up",
        ),
        ("postgres", replies(b"HTTP/1.1 400\r\n"), "the server does not speak PostgreSQL: HTTP/1.1 400"),
        ("mongodb", replies(mongo(OK_DOCUMENT)), None),
        ("mongodb", replies(mongo(FAILED_DOCUMENT)), "the server refused: busy"),
        ("mongodb", replies(b"HTTP/1.0 200 OK\r\nIt looks like"), "the server does not speak MongoDB: HTTP/1.0 200 OK"),
        ("mqtt", replies(b"\x20\x02\0\0", b""), None),
        ("mqtt", replies(b"\x20\x02\0\x05"), None),
        ("mqtt", replies(b"\x20\x02\0\x03"), "the server refused: MQTT 3"),
        ("mqtt", replies(b"HTTP/1.1 400\r\n"), "the server does not speak MQTT: HTTP/1.1 400"),
        ("amqp", replies(AMQP_START), None),
        ("amqp", replies(b"AMQP\0\1\0\0"), "the server does not speak AMQP 0-9-1: AMQP����"),
    ],
)  # fmt: skip
def test_a_few_bytes_show_whether_it_is_well(
    serve: RawServers, scheme: str, handler: Handler, message: str | None
) -> None:
    event = check_policy(f"{scheme}://127.0.0.1:{serve(handler)}")
    assert (event.error_message, event.is_success) == (message, message is None)
    assert event.ip == "127.0.0.1"
    assert (event.response_time_ms or 0) < 9000


@pytest.mark.parametrize("size", [0, 7])
def test_a_document_that_ends_in_its_number_is_not_mongodbs(serve: RawServers, size: int) -> None:
    event = check_policy(f"mongodb://127.0.0.1:{serve(replies(mongo(OK_DOCUMENT[: size - 8])))}")
    assert str(event.error_message).startswith("the server does not speak MongoDB: ")
    assert not event.is_inconclusive


@pytest.mark.parametrize("scheme", ["redis", "mysql", "postgres", "mongodb", "mqtt", "amqp"])
def test_silence_and_a_closed_connection_are_failures(serve: RawServers, scheme: str) -> None:
    url = f"{scheme}://127.0.0.1:{{}}"
    assert check_policy(url.format(serve(stays_silent(30))), timeout="300ms").error_message == "no answer within 0.3 s"
    closed = check_policy(url.format(serve(stays_silent(0)))).error_message
    assert closed in ("connection closed without an answer", "connection reset")
    assert check_policy(url.format(free_port())).error_message == "connection refused"


def test_mysqls_version_is_the_body(serve: RawServers) -> None:
    port = serve(replies(DENIED, greeting=GREETING))
    assert check_policy(f"mysql://127.0.0.1:{port}", conditions=["[BODY] == pat(10.11.*)"]).error_message is None


def test_mysql_is_well_if_it_lets_nobody_in_from_here(serve: RawServers) -> None:
    """It says so instead of a greeting, before it knows who comes."""
    port = serve(replies(greeting=packet(0, b"\xff\x6a\x04Host '192.0.2.7' is not allowed to connect")))
    event = check_policy(f"mysql://127.0.0.1:{port}", conditions=["[BODY] == pat(Host * is not allowed to connect)"])
    assert event.error_message is None
    blocked = replies(greeting=packet(0, b"\xff\x69\x04Host '192.0.2.7' is blocked"))  # after too many errors
    event = check_policy(f"mysql://127.0.0.1:{serve(blocked)}")
    assert event.error_message == "the server refused: Host '192.0.2.7' is blocked"


def test_a_password_is_tried(serve: RawServers) -> None:
    asked: list[bytes] = []
    url = "{}://me:s%20ecret@127.0.0.1:{}"
    event = check_policy(url.format("redis", serve(replies(b"+OK\r\n", b"+PONG\r\n", asked=asked))))
    assert event.error_message is None
    assert asked[0] == b"*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$7\r\ns ecret\r\n"
    event = check_policy(url.format("redis", serve(replies(b"-WRONGPASS no\r\n"))))
    assert event.error_message == "the server refused the login: -WRONGPASS no"
    event = check_policy(url.format("mqtt", serve(replies(b"\x20\x02\0\x05", asked=asked))))
    assert event.error_message == "the server refused the login: MQTT 5"
    assert b"s ecret" in asked[-1]


def test_tls_encloses_the_bytes(serve: RawServers, trusted: Authority) -> None:
    port = serve(replies(b"+PONG\r\n"), trusted.context(TODAY - A_DAY, TODAY + A_DAY))
    event = check_policy(f"rediss://localhost:{port}")
    assert (event.error_message, event.certificate_expires_at) == (None, TODAY + A_DAY)


@pytest.mark.parametrize("scheme", ["rediss", "mqtts", "amqps"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_missing_client_certificate_is_named(
    serve: RawServers, trusted: Authority, scheme: str, version: ssl.TLSVersion
) -> None:
    """By TLS 1.3, the server says so only when the client has spoken already, and that may get lost."""
    context = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    context.maximum_version, context.verify_mode = version, ssl.CERT_REQUIRED
    context.load_verify_locations(trusted.file)
    url = f"{scheme}://localhost:{serve(replies(), context)}"
    for _ in range(5):
        assert check_policy(url).error_message == "the server requires a client certificate"


def test_a_server_that_hangs_up_in_tls_requires_none(serve: RawServers, trusted: Authority) -> None:
    port = serve(stays_silent(0), trusted.context(TODAY - A_DAY, TODAY + A_DAY))
    assert check_policy(f"rediss://localhost:{port}").cause in (CLOSED, RESET)


@pytest.mark.system
class TestPostgres:
    """A real PostgreSQL."""

    def test_a_stranger_sees_that_it_is_well(self, postgres: Server) -> None:
        event = check_policy(f"postgres://127.0.0.1:{postgres.port}")
        assert (event.error_message, event.ip) == (None, "127.0.0.1")

    def test_a_query_is_run(self, postgres: Server) -> None:
        event = check_policy(postgres.url, query="SELECT 40 + 2 AS x", conditions=["[BODY] == 42"])
        assert (event.error_message, event.ip) == (None, "127.0.0.1")
        assert (event.connect_ms or 0) > 0
        assert (event.first_byte_ms or 0) > 0
        assert postgres.password not in event.model_dump_json()

    def test_a_host_that_is_a_name_is_looked_up(self, postgres: Server) -> None:
        assert check_policy(postgres.url.replace("127.0.0.1", "localhost"), query="SELECT 1").error_message is None

    def test_many_rows_are_judged_as_far_as_they_are_read(self, postgres: Server) -> None:
        query = "SELECT 'y' FROM generate_series(1, {}) UNION ALL SELECT 'x'"
        for count, message in ((30_000, 'the answer contains "x"'), (40_000, CUT)):
            event = check_policy(postgres.url, query=query.format(count), forbidden_keyword="x", timeout="20s")
            assert event.error_message == message

    def test_a_large_result_is_not_kept_in_memory(self, postgres: Server) -> None:
        query = "SELECT repeat('y', 100) FROM generate_series(1, 1000000)"
        at_most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + 64 * 1024
        event = check_policy(postgres.url, query=query, forbidden_keyword="x", timeout="30s")
        assert event.error_message == CUT
        if sys.platform == "linux":  # elsewhere ru_maxrss has other units
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < at_most
        wait_until(lambda: not _is_running(postgres, query), 20)

    def test_the_last_statement_of_a_query_is_judged(self, postgres: Server) -> None:
        for query in ("SELECT 'x'; SELECT 42", "SELECT repeat('x', 65536); SELECT 42"):
            assert check_policy(postgres.url, query=query, conditions=["[BODY] == 42"]).error_message is None

    def test_a_query_that_fails_says_why(self, postgres: Server) -> None:
        event = check_policy(postgres.url, query="SELECT * FROM nowhere")
        assert event.error_message == 'the query failed: relation "nowhere" does not exist'

    @pytest.mark.parametrize("query", ["COPY pg_class FROM STDIN", "SELECT 1; COPY pg_class TO STDOUT"])
    def test_a_query_that_copies_rows_fails(self, postgres: Server, query: str) -> None:
        """It ends at once: libpq says again and again that it is ready to copy, and the other checks would stall."""
        event = check_policy(postgres.url, query=query, timeout="20s")
        assert event.error_message == "the query failed: COPY cannot be a check's query"
        assert (event.response_time_ms or 0) < 10_000

    def test_a_wrong_password_is_a_refused_login(self, postgres: Server) -> None:
        event = check_policy(postgres.url.replace(postgres.password, "wrong"), query="SELECT 1")
        assert str(event.error_message).startswith("the server refused the login: password authentication failed")

    def test_a_slow_query_ends_with_its_time(self, postgres: Server) -> None:
        """The server is told, too: otherwise it would go on with the query, and with one more at each check."""
        slow = "SELECT pg_sleep(60) AS slow_query"
        event = check_policy(postgres.url, query=slow, timeout="400ms")
        assert event.error_message == "no answer within 0.4 s"
        assert (event.response_time_ms or 0) < 10_000
        wait_until(lambda: not _is_running(postgres, slow), 20)

    def test_it_is_checked_through_a_pooler(self, postgres: Server, pgbouncer: Pgbouncer) -> None:
        url, slow = pgbouncer.lead_to(postgres.url), "SELECT pg_sleep(60) AS slow_pooled_query"
        event = check_policy(url, query="SELECT 40 + 2", conditions=["[CONNECTED] == true", "[BODY] == 42"])
        assert event.error_message is None
        assert check_policy(url).error_message is None
        assert check_policy(url, query=slow, timeout="1s").error_message == "no answer within 1 s"
        wait_until(lambda: not _is_running(postgres, slow), 20)
        pgbouncer.forget(url)

    def test_the_address_is_filtered(self, postgres: Server, forbid: Callable[[str], None]) -> None:
        forbid("127.0.0.0/8")
        event = check_policy(postgres.url, query="SELECT 1")
        assert event.error_message == "refused: 127.0.0.1 is a cloud metadata address"

    def test_a_password_may_be_a_placeholder(self, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MONITOR_PASSWORD", postgres.password)
        url = postgres.url.replace(postgres.password, "${MONITOR_PASSWORD}")
        assert check_policy(url, query="SELECT 1").error_message is None


def _is_running(postgres: Server, query: str) -> bool:
    return query in {
        row["query"] for row in rows_of(postgres.url, "SELECT query FROM pg_stat_activity WHERE state = 'active'")
    }


def test_no_postgresql_is_a_refused_connection() -> None:
    event = check_policy(f"postgres://me:secret@127.0.0.1:{free_port()}/x", query="SELECT 1")
    assert event.error_message == "connection refused"
