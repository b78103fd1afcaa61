"""One request to the backend or a cloud service: by libcurl, which the checks need anyway, over kept connections.

No redirect is followed: it would turn the POST into a GET, and might carry the key to another host.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import certifi
import pycurl

from functions.check_monitors.probes.causes import cause
from functions.check_monitors.probes.transfers.handles import QUICK_EXIT
from functions.check_monitors.probes.urls import as_ascii
from shared.settings import proxies
from shared.words import cause_text

CONNECT_SECONDS = 3.0
# How long an unused connection is trusted to be still alive.
KEEP_SECONDS = 60


class Unanswered(Exception):
    """There was no response; the text says why. ``is_late``: none in time."""

    def __init__(self, reason: str, *, is_late: bool) -> None:
        super().__init__(reason)
        self.is_late = is_late


class Response(NamedTuple):
    """A response of a server, or of a proxy before it."""

    status: int
    kind: str
    body: bytes

    @property
    def is_ok(self) -> bool:
        """Whether it did what it was asked to do. After a redirect nobody has."""
        return 200 <= self.status < 300

    def data(self) -> Any:
        """The JSON in the body. Raises ValueError."""
        return json.loads(self.body)


class Signature(NamedTuple):
    """How libcurl signs a request for AWS. ``scope``: ``aws:amz:REGION:SERVICE``.

    Such a request has no ``Date`` header, which libcurl would take for the time of the signature.
    """

    scope: str
    key_id: str
    secret: str


def post(
    url: str, body: bytes, headers: Mapping[str, str], seconds: float, signature: Signature | None = None
) -> Response:
    """Post a body of JSON, and return the response, whatever its status is; each try ends within ``seconds`` in all.

    Raises:
        Unanswered: there was no response, also at a second try.
        SettingError: a proxy variable is malformed, or its proxy cannot be used.
    """
    try:
        return _post_once(url, body, headers, seconds, signature)
    except Unanswered as failed:
        if failed.is_late:
            raise
        # Try again at once: the server may have closed a kept connection. The backend takes an event_id only once.
        return _post_once(url, body, headers, seconds, signature)


def _post_once(
    url: str, body: bytes, headers: Mapping[str, str], seconds: float, signature: Signature | None
) -> Response:
    proxy = proxies.backend_proxy(url)
    try:
        curl = _idle.pop()
    except IndexError:
        curl = pycurl.Curl()
    found, is_kept = bytearray(), False
    try:
        _set_up(curl, url, proxy, seconds)
        curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in {**headers, "Expect": ""}.items()])
        curl.setopt(pycurl.WRITEFUNCTION, found.extend)
        if signature:
            curl.setopt(pycurl.AWS_SIGV4, signature.scope)
            curl.setopt(pycurl.USERNAME, signature.key_id)
            curl.setopt(pycurl.PASSWORD, signature.secret)
        curl.perform()
        is_kept = True
        return Response(curl.getinfo(pycurl.RESPONSE_CODE), curl.getinfo(pycurl.CONTENT_TYPE) or "", bytes(found))
    except pycurl.error as error:
        # libcurl's own text is left out: it may hold a part of the URL.
        code = error.args[0]
        why = cause(curl, code, "", None, seconds)
        raise Unanswered(cause_text("en", why), is_late=code == pycurl.E_OPERATION_TIMEDOUT) from None
    finally:
        if is_kept:
            curl.reset()  # of its options, and so of what they refer to; its connections stay open
            _idle.append(curl)
        else:
            curl.close()


def _set_up(curl: Any, url: str, proxy: str | None, seconds: float) -> None:
    curl.setopt(pycurl.URL, as_ascii(url))
    # Empty: otherwise libcurl would read the variables itself.
    curl.setopt(pycurl.PROXY, proxy or "")
    curl.setopt(pycurl.NOPROXY, "")
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, round(CONNECT_SECONDS * 1000))
    curl.setopt(pycurl.TIMEOUT_MS, max(1, round(seconds * 1000)))
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(QUICK_EXIT, 1)
    curl.setopt(pycurl.MAXAGE_CONN, KEEP_SECONDS)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    # A claim can return thousands of policies. A proxy may compress them.
    curl.setopt(pycurl.ACCEPT_ENCODING, "gzip, deflate")
    curl.setopt(pycurl.USERAGENT, "Bonghwa (agent)")
    trusted = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
    is_folder = os.path.isdir(trusted)  # noqa: PTH112  # a Path costs as much as all the options here
    curl.setopt(pycurl.CAPATH if is_folder else pycurl.CAINFO, trusted)
    if proxy and proxy.startswith("https"):
        curl.setopt(pycurl.PROXY_CAPATH if is_folder else pycurl.PROXY_CAINFO, trusted)


# Handles with their connections. Taken by pop and returned by append, each of which only one thread can do at a time.
_idle: list[Any] = []
