"""The ping: a GET to a service outside, which notifies somebody when the pings stop."""

import logging
import os
import time

import certifi
import pycurl
from pydantic import SecretStr

from functions.check_monitors.probes.causes import MAX_REDIRECTS, URL_NOT_VALID, cause
from functions.check_monitors.probes.network.address_filter import AddressFilter
from functions.check_monitors.probes.transfers.handles import handle_for
from shared.logs import step
from shared.models import Cause
from shared.settings import SettingError
from shared.words import cause_text

PING_SECONDS = 2.0


def ping(url: SecretStr | None, *, is_private_allowed: bool = True) -> None:
    """Send a GET to ``url``, within PING_SECONDS in all. Never raises; logs the outcome without the URL, a secret.

    The address itself is the operator's own. A redirect is the service's: if ``is_private_allowed`` is off, it is not
    followed to a private address, and never to a metadata server.
    """
    if url is None:
        return
    try:
        failure = _Get(is_private_allowed).follow(url.get_secret_value())
    except SettingError as trouble:
        step("agent", "heartbeat_failed", level=logging.ERROR, reason=str(trouble))
        return
    if failure is None:
        step("agent", "heartbeat_sent")
    else:
        step("agent", "heartbeat_failed", level=logging.WARNING, reason=cause_text("en", failure))


class _Get:
    """A GET with its redirects. Each is judged before it is requested, and goes through the proxy of its own URL."""

    def __init__(self, is_private_allowed: bool) -> None:
        self.is_private_allowed = is_private_allowed
        self.gives_up_at = time.monotonic() + PING_SECONDS

    def follow(self, url: str) -> Cause | None:
        """Why it failed, if it did."""
        address_filter = AddressFilter(is_private_allowed=True)
        for _ in range(MAX_REDIRECTS + 1):
            if address_filter.refuses(url):
                return address_filter.refusal
            failure, to = self._get(url, address_filter)
            if failure or to is None:
                return failure
            url = to
            address_filter = AddressFilter(self.is_private_allowed)
        return Cause.of("too_many_redirects", limit=MAX_REDIRECTS)

    def _get(self, url: str, address_filter: AddressFilter) -> tuple[Cause | None, str | None]:
        """Why it failed, and where it leads to."""
        curl = None
        try:
            curl = handle_for(url, self.gives_up_at - time.monotonic(), address_filter)
            curl.setopt(pycurl.CAINFO, os.environ.get("SSL_CERT_FILE") or certifi.where())
            curl.setopt(pycurl.USERAGENT, "Bonghwa (heartbeat)")
            curl.setopt(pycurl.WRITEFUNCTION, lambda _: None)
            curl.perform()
            to = curl.getinfo_raw(pycurl.REDIRECT_URL)
            why = cause(curl, pycurl.E_OK, "", curl.getinfo(pycurl.RESPONSE_CODE), PING_SECONDS)
            return why, None if to is None else to.decode("latin-1")
        except UnicodeEncodeError:
            return URL_NOT_VALID, None
        except pycurl.error as error:
            # libcurl's own text is left out: it may hold a part of the URL.
            if curl is None:
                return URL_NOT_VALID, None
            return address_filter.refusal or cause(curl, error.args[0], "", None, PING_SECONDS), None
        finally:
            if curl is not None:
                curl.close()
