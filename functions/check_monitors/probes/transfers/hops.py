"""Redirects of a check if there is a proxy: each is a transfer of its own, begun by us and not by libcurl.

Each URL may have its own proxy or none, but libcurl takes one proxy for all of them. A proxy also resolves the names,
so that ``AddressFilter`` sees only the proxy's address: it must judge the very URL that libcurl read from the response
before that is requested.
"""

import operator
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import pycurl

from functions.check_monitors.probes.causes import MAX_REDIRECTS
from functions.check_monitors.probes.event_of_check import Times
from shared.settings import proxies

# In the order of ``Times``.
_TIMES = (
    pycurl.NAMELOOKUP_TIME_T,
    pycurl.CONNECT_TIME_T,
    pycurl.PRETRANSFER_TIME_T,
    pycurl.STARTTRANSFER_TIME_T,
    pycurl.TOTAL_TIME_T,
    pycurl.APPCONNECT_TIME_T,
)


def times_of(curl: Any) -> Times:
    """The times of one transfer."""
    return Times(*[curl.getinfo(time) for time in _TIMES])


class Hops:
    """The redirects of one check so far, ``limit`` at most. ``are_ours``: libcurl does not follow them itself."""

    def __init__(self, environ: Mapping[str, str], limit: int = MAX_REDIRECTS) -> None:
        self.are_ours = proxies.is_any(environ)
        self._limit = limit
        self.are_too_many = False
        self._count = 0
        self._before: Times | None = None

    def times(self, curl: Any) -> Times:
        """The times, summed over all transfers of the check, as libcurl sums them itself."""
        times = times_of(curl)
        return times if self._before is None else Times(*map(operator.add, self._before, times))

    def next_url(self, curl: Any, code: int) -> str | None:
        """Return the URL that the response of ``curl`` leads to, as libcurl reads it; None if it leads to none."""
        to = curl.getinfo_raw(pycurl.REDIRECT_URL) if self.are_ours and code == pycurl.E_OK else None
        if to is None:
            return None
        if self._count >= self._limit:
            self.are_too_many = True
            return None
        self._count += 1
        return str(to.decode("latin-1"))

    def go_on(self, curl: Any, further: Any, first_url: str, url: str) -> None:
        """Hand over from a transfer to that of the next ``url``: times, cookies, and a password to the same host."""
        self._before = self.times(curl)
        for cookie in curl.getinfo(pycurl.INFO_COOKIELIST):
            further.setopt(pycurl.COOKIELIST, cookie)
        first, now = urlsplit(first_url), urlsplit(url)
        if first.username and (first.scheme, first.hostname, first.port) == (now.scheme, now.hostname, now.port):
            further.setopt(pycurl.USERNAME, unquote(first.username))
            further.setopt(pycurl.PASSWORD, unquote(first.password or ""))
