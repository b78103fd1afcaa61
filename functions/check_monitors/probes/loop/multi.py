"""A CurlMulti with what a loop must know of it."""

from collections import deque
from collections.abc import Callable
from typing import Any

import pycurl

# libcurl resolves names in 20 threads per CurlMulti, two for each name (IPv4, IPv6), and further names wait for them: a
# few names that hang would let healthy targets miss their deadlines. A CurlMulti therefore gets fewer names at a time,
# and the names beyond them go to another CurlMulti.
LOOKUPS_PER_MULTI = 8


class Multi:
    """A CurlMulti, and how many of its threads are resolving names."""

    def __init__(self, watch: Callable[..., None], ca_file: str) -> None:
        self.ca_file = ca_file  # libcurl keeps one file's certificates: with a second one it would parse them each time
        self.curl_multi = pycurl.CurlMulti()
        self.curl_multi.setopt(pycurl.M_SOCKETFUNCTION, watch)
        self.curl_multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        self.lookups: list[Any] = []  # handles whose name may not be resolved yet
        self.hung_until: deque[float] = deque()
        self.lingering_until: deque[float] = deque()  # of lookups for one of the two families

    def suits(self, ca_file: str) -> bool:
        """Whether a check with these trusted certificates may use it."""
        if ca_file and not self.ca_file:
            self.ca_file = ca_file
        return not ca_file or ca_file == self.ca_file

    def has_room(self, at: float) -> bool:
        """Whether a lookup that starts now gets a thread at once."""
        self.lookups = [curl for curl in self.lookups if not curl.getinfo(pycurl.NAMELOOKUP_TIME)]
        for until in (self.hung_until, self.lingering_until):
            while until and until[0] <= at:
                until.popleft()
        return len(self.lookups) + len(self.hung_until) + len(self.lingering_until) / 2 < LOOKUPS_PER_MULTI

    def last_hung_until(self) -> float:
        """When the last of its threads is surely free. The earlier, the more of them are free already."""
        return self.hung_until[-1] if self.hung_until else 0.0
