"""The ping: a GET to a service outside, which notifies somebody when the pings stop."""

import logging
import os
from typing import Any

import certifi
import pycurl
from pydantic import SecretStr

from functions.check_monitors.probes.causes import MAX_REDIRECTS, cause
from functions.check_monitors.probes.http import QUICK_EXIT
from shared.logs import step
from shared.models import Cause
from shared.words import cause_text

PING_SECONDS = 2.0


def ping(url: SecretStr | None) -> None:
    """Send a GET to ``url``, within PING_SECONDS in all. Never raises; logs the outcome without the URL, a secret."""
    if url is None:
        return
    curl = pycurl.Curl()
    try:
        failure = _get(curl, url.get_secret_value())
    finally:
        curl.close()
    if failure is None:
        step("agent", "heartbeat_sent")
    else:
        step("agent", "heartbeat_failed", level=logging.WARNING, reason=cause_text("en", failure))


def _get(curl: Any, url: str) -> Cause | None:
    """Why it failed, if it did."""
    try:
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.CAINFO, os.environ.get("SSL_CERT_FILE") or certifi.where())
        curl.setopt(pycurl.TIMEOUT_MS, round(PING_SECONDS * 1000))
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(QUICK_EXIT, 1)
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, 1)
        curl.setopt(pycurl.MAXREDIRS, MAX_REDIRECTS)
        curl.setopt(pycurl.USERAGENT, "Bonghwa (heartbeat)")
        curl.setopt(pycurl.WRITEFUNCTION, lambda _: None)
        curl.perform()
    except (pycurl.error, UnicodeEncodeError) as error:
        code = error.args[0] if isinstance(error, pycurl.error) else pycurl.E_URL_MALFORMAT
        # libcurl's own text is left out: it may hold a part of the URL.
        return cause(curl, code, "", None, PING_SECONDS)
    return cause(curl, pycurl.E_OK, "", curl.getinfo(pycurl.RESPONSE_CODE), PING_SECONDS)
