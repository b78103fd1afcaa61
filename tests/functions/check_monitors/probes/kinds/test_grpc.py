"""gRPC health checks against a server of HTTP/2 frames, spoken by hand."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.policies import check_policy
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, Handler, RawServers, says, stays_silent

pytestmark = pytest.mark.slow

Headers = Sequence[tuple[str, str]]
GRPC: Headers = [(":status", "200"), ("content-type", "application/grpc")]
DONE: Headers = [("grpc-status", "0")]


def frame(kind: int, flags: int, stream: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + content


def literal(headers: Headers) -> bytes:
    """Headers as HPACK's literals, which neither side keeps."""
    return b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode() for name, value in headers
    )


def responds(headers: Headers, message: bytes | None, trailers: Headers, asked: list[bytes] | None = None) -> Handler:
    """A handler that gives one response. Without trailers, the headers end it."""

    def handler(connection: Any) -> None:
        said = b""
        while b"\0\0\0\0\0" not in said[24:] and len(said) < 80:
            said += connection.recv(65536)
        if asked is not None:
            asked.append(said)
        parts = [frame(4, 0, 0, b""), frame(4, 1, 0, b""), frame(1, 4 if trailers else 5, 1, literal(headers))]
        if message is not None:
            parts.append(frame(0, 0, 1, b"\0" + len(message).to_bytes(4, "big") + message))
        if trailers:
            parts.append(frame(1, 5, 1, literal(trailers)))
        connection.sendall(b"".join(parts))
        while connection.recv(65536):
            pass

    return handler


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (responds(GRPC, b"\x08\x01", DONE), None),
        (responds(GRPC, b"\x08\x02", DONE), "the gRPC service is NOT_SERVING"),
        (responds(GRPC, b"\x08\x03", DONE), "the gRPC service is SERVICE_UNKNOWN"),
        (responds(GRPC, b"", DONE), "the gRPC service is UNKNOWN"),
        (
            responds([*GRPC, ("grpc-status", "12"), ("grpc-message", "no%20health")], None, []),
            "gRPC status 12: no health",
        ),
        (responds(GRPC, None, [("grpc-status", "5")]), "gRPC status 5:"),
        (responds([(":status", "200"), ("content-type", "text/html")], b"hi", DONE), "not a gRPC answer"),
        (responds([(":status", "502")], None, []), "HTTP 502 Bad Gateway"),
        (stays_silent(30), "no answer within 0.5 s"),
    ],
)
def test_the_health_service_decides(serve: RawServers, handler: Handler, message: str | None) -> None:
    event = check_policy(f"grpc://127.0.0.1:{serve(handler)}", timeout="500ms")
    assert event.error_message == message


def test_the_service_is_named_in_the_request(serve: RawServers) -> None:
    asked: list[bytes] = []
    event = check_policy(f"grpc://127.0.0.1:{serve(responds(GRPC, bytes([8, 1]), DONE, asked))}/shop.Cart")
    assert event.error_message is None
    assert b"\0\0\0\0\x0b\x0a\x09shop.Cart" in asked[0]
    assert asked[0].startswith(b"PRI * HTTP/2.0")


def test_the_state_is_the_body(serve: RawServers) -> None:
    url = f"grpc://127.0.0.1:{serve(responds(GRPC, bytes([8, 2]), DONE))}"
    assert check_policy(url, conditions=["[BODY] == NOT_SERVING"]).error_message is None


def test_a_server_of_http_1_is_no_grpc(serve: RawServers) -> None:
    event = check_policy(f"grpc://127.0.0.1:{serve(says(OK))}", timeout="1s")
    assert (event.is_success, event.is_inconclusive) == (False, False)


def test_grpc_inside_tls_has_a_certificate(serve: RawServers, trusted: Authority) -> None:
    context = trusted.context(TODAY - A_DAY, TODAY + A_DAY)
    context.set_alpn_protocols(["h2"])
    event = check_policy(f"grpcs://localhost:{serve(responds(GRPC, bytes([8, 1]), DONE), context)}")
    assert (event.error_message, event.certificate_expires_at) == (None, TODAY + A_DAY)
