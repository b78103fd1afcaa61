"""``[CONNECTED]``: the service itself was reached, and not only a port that accepts connections."""

from typing import Any

import pytest

from tests.functions.check_monitors.probes.kinds.test_docker import engine
from tests.support.policies import check_policy
from tests.support.running import free_port
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import OK, Handler, RawServers, says, stays_silent

IS_CONNECTED = ["[CONNECTED] == true"]
IS_NOT = ["[CONNECTED] == false"]
BRIEFLY = "300ms"


def greets(said: bytes) -> Handler:
    def handler(connection: Any) -> None:
        connection.sendall(said)
        connection.recv(100)

    return handler


@pytest.mark.slow
@pytest.mark.parametrize(
    "url",
    [
        *("http://{}/", "https://{}/", "ws://{}/", "wss://{}/", "tls://{}", "ssh://{}", "smtp://{}", "grpc://{}"),
        *("grpcs://{}", "redis://{}", "rediss://{}", "postgres://{}", "postgres://me:pw@{}/db", "mysql://{}"),
        *("starttls://{}", "docker://web?host=tcp://{}"),
    ],
)
def test_a_service_that_hangs_is_not_connected(serve: RawServers, url: str) -> None:
    """As in Gatus: its port accepts connections, and nothing comes of them."""
    fields: dict[str, Any] = {"timeout": BRIEFLY, **({"protocol": "smtp"} if "starttls" in url else {})}
    url = url.format(f"127.0.0.1:{serve(stays_silent(30))}")
    event = check_policy(url, conditions=IS_CONNECTED, **fields)
    assert (event.is_success, event.condition) == (False, "[CONNECTED] (false) == true")
    assert check_policy(url, conditions=IS_NOT, **fields).error_message is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "handler"),
    [
        ("ws://{}/", says(OK)),
        ("grpc://{}", says(OK)),
        ("ssh://{}", greets(b"220 mail.example\r\n")),
        ("redis://{}", says(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("postgres://{}", says(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("smtp://{}", greets(b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        ("docker://web?host=tcp://{}", says(OK)),
        ("docker://missing?host=tcp://{}", engine),
        ("docker://gone?host=tcp://{}", engine),
    ],
)
def test_another_service_on_its_port_is_not_connected(serve: RawServers, url: str, handler: Handler) -> None:
    event = check_policy(url.format(f"127.0.0.1:{serve(handler)}"), timeout="1s", conditions=IS_CONNECTED)
    assert (event.is_success, event.condition) == (False, "[CONNECTED] (false) == true")


@pytest.mark.parametrize("scheme", ["https", "tls", "wss", "grpcs", "rediss"])
def test_a_certificate_that_nobody_trusts_is_no_connection(
    serve: RawServers, authority: Authority, scheme: str
) -> None:
    port = serve(stays_silent(30), authority.context(TODAY - A_DAY, TODAY + A_DAY))
    event = check_policy(f"{scheme}://localhost:{port}", conditions=IS_CONNECTED)
    assert (event.is_success, event.condition) == (False, "[CONNECTED] (false) == true")
    assert event.error_message == "certificate issuer is not trusted"


@pytest.mark.parametrize(
    ("url", "handler"),
    [
        ("http://{}/", says(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")),
        ("ssh://{}", greets(b"SSH-2.0-OpenSSH_9.6\r\n")),
        ("redis://{}", says(b"-NOAUTH Authentication required.\r\n")),
        ("docker://web?host=tcp://{}", engine),
        ("docker://ill?host=tcp://{}", engine),
    ],
)
def test_a_service_that_responds_is_connected(serve: RawServers, url: str, handler: Handler) -> None:
    url = url.format(f"127.0.0.1:{serve(handler)}")
    assert check_policy(url, conditions=IS_CONNECTED).error_message is None
    assert check_policy(url, conditions=IS_NOT).condition == "[CONNECTED] (true) == false"


@pytest.mark.slow
def test_a_port_that_says_nothing_is_connected_for_tcp(serve: RawServers) -> None:
    url = f"tcp://127.0.0.1:{serve(stays_silent(30))}"
    assert check_policy(url, conditions=IS_CONNECTED).error_message is None
    event = check_policy(url, conditions=IS_CONNECTED, keyword="ready", timeout=BRIEFLY)
    assert event.error_message == "no answer within 0.3 s"
    assert check_policy(f"tcp://127.0.0.1:{free_port()}", conditions=IS_NOT, keyword="ready").is_success
