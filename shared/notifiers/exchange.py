"""One HTTP exchange with a channel's service: by libcurl, which has one deadline for all of it.

No redirect is followed: a POST would become a GET without the message, and look delivered. No secret gets into a
reason: libcurl's own words may hold the URL, so that only its code is said, in our words.
"""

import functools
import json
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from shared.notifiers.outcomes import SendFailed
from shared.notifiers.response import Response
from shared.settings import SettingError, proxies

# How long an unused connection is trusted to be still alive.
KEEP_SECONDS = 20
MAX_RESPONSE_BYTES = 64 * 1024
FORM = "application/x-www-form-urlencoded"
# CURLOPT_QUICK_EXIT, which pycurl does not name. Without it, a name look-up that hangs keeps us past the deadline.
QUICK_EXIT = 322
INVALID_CERTIFICATE = "its certificate is not valid"
# Numbers of libcurl's errors, and what they mean.
_FAILURES = {
    5: "the proxy was not found",
    6: "its host was not found",
    7: "the connection was refused",
    35: "the TLS handshake failed",
    52: "the connection was closed without an answer",
    55: "the connection broke",
    56: "the connection broke",
    60: INVALID_CERTIFICATE,
}
_TIMED_OUT = 28
_WRITE_FAILED = 23


def post_json(
    url: str, body: Any, *, seconds: float, headers: Mapping[str, str] | None = None, method: str = "POST"
) -> Response:
    """Post ``body`` as JSON. See ``exchange``."""
    data = json.dumps(body, ensure_ascii=False).encode()
    return exchange(method, url, data, {"Content-Type": "application/json", **(headers or {})}, seconds=seconds)


def extended(url: str, path: str = "", **query: str) -> str:
    """``url`` with more at the end of its path and of its query."""
    base, _, own = url.partition("#")[0].partition("?")
    asked = "&".join(part for part in (own, urlencode(query)) if part)
    return f"{base.rstrip('/') if path else base}{path}{'?' if asked else ''}{asked}"


def post_form(url: str, fields: Mapping[str, str], *, seconds: float) -> Response:
    """Post ``fields`` as a form. See ``exchange``."""
    return exchange("POST", url, urlencode(fields).encode(), {"Content-Type": FORM}, seconds=seconds)


def reach(url: str, *, seconds: float) -> None:
    """Connect as for a request, with TLS if the URL has it, and send none.

    Raises:
        SendFailed: no connection came about in time.
    """
    import pycurl

    curl = pycurl.Curl()
    try:
        set_up(curl, url, seconds, method="GET", headers={})
        curl.setopt(pycurl.CONNECT_ONLY, 1)
        curl.perform()
    except pycurl.error as error:
        raise SendFailed(reason_of(error.args[0], seconds)) from None
    finally:
        curl.close()


def exchange(
    method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, *, seconds: float
) -> Response:
    """Send one request and return the response, whatever its status is, within ``seconds`` in all.

    Raises:
        SendFailed: there was none in time. It is transient, and its text holds no part of the URL.
    """
    import pycurl

    gives_up_at = time.monotonic() + seconds
    try:
        curl = _idle.pop()
    except IndexError:
        curl = pycurl.Curl()
    found, answered = bytearray(), dict[str, str]()
    try:
        set_up(curl, url, seconds, method=method, headers=headers or {}, body=body)
        curl.setopt(pycurl.HEADERFUNCTION, functools.partial(_add_header, answered))
        # A return value other than the part's length ends the transfer.
        curl.setopt(pycurl.WRITEFUNCTION, lambda part: 0 if len(found) > MAX_RESPONSE_BYTES else found.extend(part))
        curl.perform()
    except pycurl.error as error:
        code = error.args[0]
        if code != _WRITE_FAILED or len(found) <= MAX_RESPONSE_BYTES:
            raise SendFailed(reason_of(code, seconds)) from None
    finally:
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        curl.reset()  # of its options, and so of what they refer to; its connections stay open
        if time.monotonic() < gives_up_at:
            _idle.append(curl)
        else:
            curl.close()
    return Response(status, answered, bytes(found[:MAX_RESPONSE_BYTES]))


def _add_header(answered: dict[str, str], line: bytes) -> None:
    if line.startswith(b"HTTP/"):
        answered.clear()  # the headers so far were those of "100 Continue", or of a proxy
    name, _, value = line.decode("latin-1").partition(":")
    answered[name.strip().lower()] = value.strip()


def set_up(
    curl: Any, url: str, seconds: float, *, method: str, headers: Mapping[str, str], body: bytes | None = None
) -> None:
    """Let a handle of pycurl make this request, with one deadline for all of it."""
    import certifi
    import pycurl

    curl.setopt(pycurl.URL, url)
    try:
        proxies.set_proxy(curl, url)
    except SettingError as error:
        raise SendFailed(str(error)) from None
    curl.setopt(pycurl.CUSTOMREQUEST, method)
    if body is not None:
        curl.setopt(pycurl.POSTFIELDS, body)
    lines = {"User-Agent": "Bonghwa", **headers, "Expect": ""}
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}".rstrip() for name, value in lines.items()])
    curl.setopt(pycurl.TIMEOUT_MS, max(1, round(seconds * 1000)))
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(QUICK_EXIT, 1)
    curl.setopt(pycurl.MAXAGE_CONN, KEEP_SECONDS)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.CAINFO, os.environ.get("SSL_CERT_FILE") or certifi.where())


def reason_of(code: int, seconds: float) -> str:
    """Our words for libcurl's error with this number."""
    if code == _TIMED_OUT:
        return f"no answer within {round(seconds, 1):g} s"
    return f"it was not reached: {_FAILURES.get(code, f'libcurl error {code}')}"


# Handles with their connections. Taken by pop and returned by append, each of which only one thread can do at a time.
_idle: list[Any] = []
