"""A CurlMulti with what a loop must know of it."""

from collections import deque
from collections.abc import Callable
from typing import Any

import pycurl

from functions.check_monitors.probes.loop.capacity import descriptors, kept_at_most
from functions.check_monitors.probes.loop.check import Check

# libcurl resolves names in 20 threads per CurlMulti, two for each name (IPv4, IPv6), and further names wait for them: a
# few names that hang would let healthy targets miss their deadlines. A CurlMulti therefore gets fewer names at a time,
# and the names beyond them go to another CurlMulti.
LOOKUPS_PER_MULTI = 8
# A check that has not come for so long leaves its place to another one: few servers keep a connection longer.
LEFT_SECONDS = 600.0


class Multi:
    """A CurlMulti, and how many of its threads are resolving names."""

    def __init__(self, watch: Callable[..., None], ca_file: str) -> None:
        self.ca_file = ca_file  # libcurl keeps one file's certificates: with a second one it would parse them each time
        self.curl_multi = pycurl.CurlMulti()
        self.curl_multi.setopt(pycurl.M_SOCKETFUNCTION, watch)
        self.curl_multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_NOTHING)
        # By default libcurl keeps four connections for each transfer that is under way: a few, at the end of a run.
        # Homes has the bound. This one would count those under way too, and close what is kept in their favour.
        self.curl_multi.setopt(pycurl.M_MAXCONNECTS, descriptors())
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
        return len(self.lookups) + self.hanging(at) < LOOKUPS_PER_MULTI

    def hanging(self, at: float) -> float:
        """The lookups that hold threads although their checks have given up on them."""
        for until in (self.hung_until, self.lingering_until):
            while until and until[0] <= at:
                until.popleft()
        return len(self.hung_until) + len(self.lingering_until) / 2

    def last_hung_until(self) -> float:
        """When the last of its threads is surely free. The earlier, the more of them are free already."""
        return self.hung_until[-1] if self.hung_until else 0.0


class Homes:
    """In which CurlMulti a check finds the connection that it kept. There are as many as the descriptors bear.

    A check beyond them makes a new connection each time: if it took the place of another one, that one would come back
    to nothing, and so would all in turn.
    """

    def __init__(self) -> None:
        self._most = kept_at_most(descriptors())
        self._homes: dict[str, tuple[Multi, float]] = {}  # by what is kept, the one that came last at the end

    def find(self, check: Check, at: float) -> Multi | None:
        """The CurlMulti that has the check's connection, unless names hang there: it may need a lookup after all."""
        home, _ = self._homes.get(check.keeps, (None, 0.0))
        return home if home and home.suits(check.ca_file) and home.hanging(at) < LOOKUPS_PER_MULTI else None

    def settle(self, check: Check, multi: Multi, at: float) -> None:
        """Note where the check's connection will be. If there is no place, the check keeps none."""
        if not check.keeps:
            return
        self._homes.pop(check.keeps, None)
        if len(self._homes) >= self._most:
            oldest, (_, came_at) = next(iter(self._homes.items()), ("", (None, at)))
            if at - came_at < LEFT_SECONDS:
                check.keeps = ""
                return
            del self._homes[oldest]
        self._homes[check.keeps] = multi, at
