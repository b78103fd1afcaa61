"""The findings of one check: the values that conditions compare."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

# A value that the check does not have, or a path that the body does not have.
MISSING: Final[Any] = type("Missing", (), {"__repr__": lambda _: "MISSING"})()
_UNREAD: Final[Any] = object()
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
# Python writes NaN and Infinity into JSON and other parsers refuse them. As text they break no other part of the body.
_DECODER = json.JSONDecoder(parse_constant=str)


class Facts:
    """The findings of one check. None means that the check does not know it.

    ``body`` holds the bytes as the server wrote them, decompressed if the server compressed them. ``charset`` is what
    they are said to be in, as Python calls it. ``is_body_cut``: it went on, and the rest was not read.
    ``certificate_expiry`` is in seconds from now, negative if the certificate has expired. ``headers`` maps lower-case
    names to text.
    """

    __slots__ = (
        "_document",
        "_stripped",
        "body",
        "certificate_expiry",
        "charset",
        "connected",
        "dns_rcode",
        "headers",
        "ip",
        "is_body_cut",
        "response_time_ms",
        "status",
    )

    def __init__(
        self,
        *,
        status: int | None = None,
        body: bytes | None = None,
        charset: str = "utf-8",
        response_time_ms: float | None = None,
        certificate_expiry: float | None = None,
        ip: str | None = None,
        connected: bool | None = None,
        dns_rcode: str | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        is_body_cut: bool = False,
    ) -> None:
        self.status = status
        self.body = body
        self.charset = charset
        self.response_time_ms = response_time_ms
        self.certificate_expiry = certificate_expiry
        self.ip = ip
        self.connected = connected
        self.dns_rcode = dns_rcode
        self.headers = headers
        self.is_body_cut = is_body_cut
        self._stripped: bytes | None = None
        self._document: Any = _UNREAD

    def text(self) -> Any:
        """The body without the white space around it, as bytes in UTF-8; MISSING if it was not read."""
        if self._stripped is None:
            if self.body is None:
                return MISSING
            self._stripped = _in_utf8(self.body, self.charset).strip()
        return self._stripped

    def written(self) -> Any:
        """The body without the white space around it, as the server wrote it; MISSING if it was not read."""
        return self.text() if self.body is None or self.charset == "utf-8" else self.body.strip()

    def document(self) -> Any:
        """The JSON of the body, decoded at the first call; MISSING if the body is no JSON."""
        if self._document is _UNREAD:
            self._document = MISSING if self.body is None else _decoded(_in_utf8(self.body, self.charset))
        return self._document


def _in_utf8(body: bytes, charset: str) -> bytes:
    if charset == "utf-8":
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(charset, "replace").encode("utf-8", "replace")
    return body  # many a server names one charset for all pages, also for those in UTF-8


def _decoded(body: bytes) -> Any:
    text = body.decode("utf-8", "replace")  # a wrong byte in one name must not hide the rest of the body
    try:
        return _DECODER.decode(text.removeprefix("\ufeff"))
    # Python refuses numbers of more than 4,300 digits (ValueError) and thousands of nested lists.
    except (ValueError, RecursionError):
        return MISSING
