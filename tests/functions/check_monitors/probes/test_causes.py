"""Causes from libcurl's results that a socket on loopback cannot bring about."""

import errno

import pycurl
import pytest

from functions.check_monitors.probes.causes import cause
from shared.models import Cause
from shared.words import cause_text


class Handle:
    """A transfer that ended with this number, whichever one is asked for."""

    def __init__(self, number: int) -> None:
        self._number = number

    def getinfo(self, _: int) -> int:
        return self._number


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENETUNREACH, Cause.of("network_unreachable")),
        (errno.EHOSTUNREACH, Cause.of("host_unreachable")),
        (errno.EACCES, Cause.of("connection_failed", reason="permission denied")),
        (0, Cause.of("connection_failed", reason="Failed to connect")),
    ],
)
def test_a_connection_that_fails_names_its_fault(number: int, expected: Cause) -> None:
    assert cause(Handle(number), pycurl.E_COULDNT_CONNECT, "Failed to connect", None, 1.0) == expected


@pytest.mark.parametrize(
    ("code", "text", "english"),
    [
        (
            pycurl.E_COULDNT_RESOLVE_PROXY,
            "Could not resolve proxy: proxy.example",
            "could not resolve proxy: proxy.example",
        ),
        (pycurl.E_SEND_ERROR, "Sending failed.", "sending failed"),
        (pycurl.E_HTTP2, "HTTP/2 stream 1 was not closed cleanly", "HTTP/2 stream 1 was not closed cleanly"),
        (pycurl.E_SEND_ERROR, "", "libcurl error 55"),
        (pycurl.E_SEND_ERROR, "a\0b\r\nc\x1b[31md\u202e" + "x" * 999, "a�b��c�[31md�" + "x" * 287),
    ],
)
def test_an_unknown_fault_keeps_libcurls_words(code: int, text: str, english: str) -> None:
    assert cause_text("en", cause(Handle(0), code, text, None, 1.0)) == english


def test_our_own_causes_are_values_that_an_event_takes() -> None:
    made = cause(Handle(0), pycurl.E_OPERATION_TIMEDOUT, "", None, 0.5)
    assert made is not None
    assert Cause.model_validate_json(made.model_dump_json()) == made == Cause.of("no_response", seconds=0.5)


@pytest.mark.parametrize(
    "text", ["Unsupported proxy scheme for 'htpp://ops:s3cr3tPW@proxy:3128'", "x" * 280 + " http://a:s3cr3tPW@b"]
)
def test_a_cause_shows_no_password(text: str) -> None:
    """Its parameters reach every channel, and are shown without a key."""
    seen = Cause.of("libcurl_error", text=text)
    reported = Cause.model_validate({"code": "libcurl_error", "parameters": {"text": text[:300], "number": 7}})
    for made in (seen, reported, Cause.model_validate_json(reported.model_dump_json())):
        assert "s3cr3tPW" not in made.model_dump_json()
