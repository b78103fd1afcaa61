"""A handle of libcurl's for one request: a new connection, the proxy of its URL, and no address that is refused."""

import functools
import os
from collections.abc import Mapping
from typing import Any

import pycurl

from functions.check_monitors.probes.network.address_filter import AddressFilter
from shared.settings.proxies import set_proxy

# libcurl's number, which pycurl does not name.
QUICK_EXIT = 322  # before libcurl 8.20, a hanging DNS lookup otherwise blocks cleanup until its thread ends


def handle_for(
    url: str,
    timeout_seconds: float,
    address_filter: AddressFilter,
    environ: Mapping[str, str] = os.environ,
    model: Any = None,
) -> Any:
    """Return a handle for ``url``, which is ASCII or as libcurl returned it. ``environ`` has the proxy variables.

    ``model``: a handle with further options, which began as ``new_model()``.

    Raises:
        SettingError: a proxy variable is malformed.
        ValueError: libcurl cannot be given this URL.
        pycurl.error: the same, or there is no memory.
    """
    curl = (model or _plain()).duphandle()
    curl.setopt(pycurl.URL, url.encode("latin-1"))
    if environ:
        set_proxy(curl, url, environ)
    milliseconds = max(1, round(timeout_seconds * 1000))  # 0 would mean none
    curl.setopt(pycurl.TIMEOUT_MS, milliseconds)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, milliseconds)
    curl.setopt(pycurl.OPENSOCKETFUNCTION, address_filter.open_socket)
    return curl


def new_model() -> Any:
    """A handle that requests nothing itself: to copy one costs less than to set the same options for each check."""
    curl = pycurl.Curl()
    # Empty: otherwise libcurl would read the variables itself.
    curl.setopt(pycurl.PROXY, "")
    curl.setopt(pycurl.NOPROXY, "")
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(QUICK_EXIT, 1)
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    # Each check goes through all phases. A resumed TLS session, too, would hide that the certificate expired.
    curl.setopt(pycurl.FRESH_CONNECT, 1)
    curl.setopt(pycurl.FORBID_REUSE, 1)
    curl.setopt(pycurl.SSL_SESSIONID_CACHE, 0)
    curl.setopt(pycurl.DNS_CACHE_TIMEOUT, 0)
    return curl


@functools.cache
def _plain() -> Any:
    return new_model()
