"""Hosts and paths beyond ASCII: whatever curl checks if it is spelled in Punycode is checked if it is spelled out."""

from typing import Any

import pytest

from functions.check_monitors.probes.urls import as_ascii
from shared.settings import Settings
from tests.support.checks import check
from tests.support.raw_servers import OK, RawServers, says


@pytest.mark.parametrize("host", ["💩", "♥", "x_ü", "größe", "Ü_X", "日本語", "i❤️you", "ü%41"])
def test_a_host_of_any_script_is_checked(serve: RawServers, host: str) -> None:
    # libcurl itself knows that everything below localhost is this machine.
    url = f"http://{host}.localhost:{serve(says(OK))}/"
    assert Settings.from_env({"TARGET_URL": url}).targets == (url,)
    event = check(url)
    assert (event.error_message, event.target_url) == (None, url)


@pytest.mark.parametrize(
    ("host", "ascii_host"),
    [
        ("💩.localhost", "xn--ls8h.localhost"),
        ("x_ü.example", "xn--x_-yka.example"),
        ("a_b.größe.example.", "a_b.xn--gre-6ka8i.example."),
        ("\uff48öst。example", "xn--hst-sna.example"),  # as a browser reads it
        ("faß.example", "xn--fa-hia.example"),
    ],
)
def test_a_host_has_one_spelling_in_ascii(host: str, ascii_host: str) -> None:
    assert as_ascii(f"http://{host}:1/") == f"http://{ascii_host}:1/"


@pytest.mark.parametrize(
    "host", ["ü..example", "ü%", "ü%2Fx", "ü%EF%BC%8Fx", "ü@b%00", "ü b", "ü" * 70, "\u00ad", "ü＠b", "ü：80"]
)
def test_a_host_that_cannot_be_one_is_not_a_url(host: str) -> None:
    assert check(f"http://{host}/").error_message == "not a valid URL"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/100%/ü?q=%zz%20é", b"/100%/%C3%BC?q=%zz%20%C3%A9"),
        ("/ü%", b"/%C3%BC%"),
        ("/%éé/%7E", b"/%%C3%A9%C3%A9/%7E"),
        ("/a b?100%", b"/a%20b?100%"),
    ],
)
def test_a_stray_percent_sign_stays_as_it_is(serve: RawServers, path: str, asked: bytes) -> None:
    requests = []

    def handler(connection: Any) -> None:
        requests.append(connection.recv(65536))
        connection.sendall(OK)

    assert check(f"http://127.0.0.1:{serve(handler)}{path}").is_success
    assert requests[0].split(b" ")[1] == asked
