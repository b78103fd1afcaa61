"""What libcurl and OpenSSL say of a look that failed, in words that a person understands.

``shared/messages.py`` has the Korean of each.
"""

import errno
import http
import operator
import os
import ssl
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pycurl

MAX_REDIRECTS = 10
MAX_UNDECLARED_BODY = 10 * 1024 * 1024  # bytes

_TOO_LARGE = 100  # libcurl's code, which pycurl does not name

ONLY_HTTP = "only http and https are looked at"
ENDLESS = f"the answer did not end within {MAX_UNDECLARED_BODY // 2**20} MiB"
NO_URL = "not a valid URL"
_NO_HTTP = "not an HTTP answer"
_RESET = "connection reset"

_BY_CODE = {
    pycurl.E_URL_MALFORMAT: NO_URL,
    pycurl.E_UNSUPPORTED_PROTOCOL: ONLY_HTTP,
    pycurl.E_FTP_WEIRD_SERVER_REPLY: _NO_HTTP,
    pycurl.E_TOO_MANY_REDIRECTS: f"more than {MAX_REDIRECTS} redirects",
    pycurl.E_GOT_NOTHING: "connection closed without an answer",
    pycurl.E_PARTIAL_FILE: "the answer ended early",
    _TOO_LARGE: "the answer's headers are too large",
}
_BY_TEXT = {  # for the codes that stand for several things; these come first
    "HTTP/0.9": _NO_HTTP,
    "Unsupported HTTP": _NO_HTTP,  # a version
    "Unsupported response code": _NO_HTTP,
    "reset by peer": _RESET,
    "Broken pipe": _RESET,
    "Too large response headers": _BY_CODE[_TOO_LARGE],
}
_BY_ERRNO = {
    errno.ECONNREFUSED: "connection refused",
    errno.ENETUNREACH: "network unreachable",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ECONNRESET: _RESET,
}
_BY_VERIFY_RESULT = {  # OpenSSL's X509_V_ERR_…
    2: "certificate issuer is not trusted",
    9: "certificate is not valid yet",
    10: "certificate expired",
    18: "certificate is self-signed",
    19: "certificate issuer is not trusted",
    20: "certificate issuer is not trusted",
    21: "certificate issuer is not trusted",
}
WRONG_DATES = {  # of the above: the field that says since or until when, how it compares to now, the message
    9: (b"Start date", operator.gt, "certificate is not valid before"),
    10: (b"Expire date", operator.lt, "certificate expired on"),
}
_TLS_CODES = {
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CIPHER,
    pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_CERTPROBLEM,
}


def cause(curl: Any, code: int, text: str, status: int | None, timeout_seconds: float) -> str | None:
    """Why the transfer ``curl`` is a failure, or None where it is none.

    ``code`` and ``text`` are libcurl's verdict, ``status`` that of the final answer if there was one.
    """
    if code == pycurl.E_HTTP_RETURNED_ERROR and status is None:
        return f"the proxy answered {status_cause(curl.getinfo(pycurl.HTTP_CONNECTCODE))}"
    if code in (pycurl.E_OK, pycurl.E_HTTP_RETURNED_ERROR):
        return status_cause(status)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        what = "no answer" if status is None else "the answer did not end"
        return f"{what} within {timeout_seconds:g} s"
    if code == pycurl.E_COULDNT_RESOLVE_HOST:
        return f"host not found: {host_of(curl)}"
    for fragment, message in _BY_TEXT.items():
        if fragment in text:
            return message
    if code == pycurl.E_COULDNT_CONNECT:
        number = curl.getinfo(pycurl.OS_ERRNO)
        return _BY_ERRNO.get(number) or f"connection failed: {os.strerror(number).lower() if number else text}"
    if code == pycurl.E_RECV_ERROR and "unexpected eof" in text:  # closed without TLS's own goodbye
        return _BY_CODE[pycurl.E_GOT_NOTHING if status is None else pycurl.E_PARTIAL_FILE]
    if code == pycurl.E_PEER_FAILED_VERIFICATION and "subject name" in text:
        return f"certificate is for another host than {host_of(curl)}"
    if code in _TLS_CODES:
        verdict = _BY_VERIFY_RESULT.get(curl.getinfo(pycurl.SSL_VERIFYRESULT))
        return verdict or f"TLS handshake failed: {text.rpartition('::')[2]}"
    if text[1:2].islower():
        text = text[0].lower() + text[1:]
    return _BY_CODE.get(code) or text.rstrip(".") or f"libcurl error {code}"


def refused(reason: str | None, *, is_proxys: bool = False) -> str:
    """Of a connection that we refuse to make; ``is_proxys``: the address is that of the proxy on the way."""
    return f"proxy refused: {reason}" if is_proxys else f"refused: {reason}"


def status_cause(status: int | None) -> str | None:
    """Why an answer with this status is a failure, in our own words and never in the target's."""
    if status is None:
        return _NO_HTTP
    if 200 <= status < 400:
        return None
    try:
        return f"HTTP {status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def wrong_date(curl: Any, verdict: int) -> str | None:
    """Which date made OpenSSL's ``verdict``, read from the certificates that ``curl`` was shown."""
    field, is_wrong, message = WRONG_DATES[verdict]
    values = [
        value for certificate in curl.getinfo_raw(pycurl.INFO_CERTINFO) for name, value in certificate if name == field
    ]
    for value in values:  # of the host's own certificate first, then of its issuers'
        try:
            date = datetime.fromtimestamp(ssl.cert_time_to_seconds(value.decode("ascii")), UTC)
        except (ValueError, OverflowError):
            continue
        if is_wrong(date, datetime.now(UTC)):
            return f"{message} {date:%Y-%m-%d}"
    return None


def host_of(curl: Any) -> str:
    """The host that was asked in the end, which a redirect may have named."""
    try:
        return urlsplit(curl.getinfo_raw(pycurl.EFFECTIVE_URL).decode("utf-8", "replace")).hostname or "?"
    except ValueError:
        return "?"
