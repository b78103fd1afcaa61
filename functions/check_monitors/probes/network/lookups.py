"""Names: whose fault it is that one has no address, and which have addresses of one family only.

libcurl says only that a name could not be resolved. The system's resolver says more, if it is asked once more.
"""

import contextlib
import socket
import threading
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pycurl

from functions.check_monitors.probes.loop.capacity import FILES, MEMORY, THREADS, by_errno, cannot_open
from functions.check_monitors.probes.loop.exchange import NO_SOCKET, Exchange
from functions.check_monitors.probes.urls import host_in
from shared.models import Cause
from shared.threads import started

_RESOLV_CONF = Path("/etc/resolv.conf")
_LOOKUP_SECONDS = 3.0  # the event waits for the second lookup
_MAX_THREADS = 16
_ASK_SECONDS = 0.01
_threads = threading.BoundedSemaphore(_MAX_THREADS)
_lookup_threads = threading.BoundedSemaphore(4 * _MAX_THREADS)  # names that hang occupy them for a while
_NO_SUCH_NAME = {
    number for name in ("EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY") if (number := getattr(socket, name, None))
}
# For so long only that family is asked for which a name's check used while the other one's lookup hung.
_FAMILY_SECONDS = 600.0
_MAX_FAMILIES = 4096
_families: dict[str, tuple[int, float]] = {}


class SecondLookup:
    """Looks a name up again, in a thread, to say why it has no address. It waits for a thread if many are under way."""

    def __init__(self, host: str, seconds_left: float) -> None:
        self.host = host
        self._give_up_at = time.monotonic() + min(seconds_left, _LOOKUP_SECONDS)
        # RFC 6761: nobody has such a name, and no resolver need be asked.
        self._cause: Cause | None = _not_found(host) if host.endswith(".invalid") else None
        self._is_started = False

    def cause(self) -> Cause | None:
        """Return why there is no address; None as long as that is not known."""
        if self._cause or time.monotonic() >= self._give_up_at:
            return self._cause or _failed(self.host)
        if not self._is_started and _threads.acquire(blocking=False):
            self._is_started = True
            if not started(threading.Thread(target=self._look_up, daemon=True)):
                _threads.release()
                self._cause = THREADS
        return self._cause

    def _look_up(self) -> None:
        try:
            socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
            self._cause = _failed(self.host)  # it had trouble a moment ago
        except (OSError, UnicodeError) as error:
            self._cause = _lookup_cause(self.host, error)
        finally:
            _threads.release()


class AddressLookup(Exchange):
    """Looks the addresses of a name up, in a thread, for a check that libcurl does not make.

    Afterwards there are ``addresses``, or ``why`` says that there are none.
    """

    def __init__(self, host: str, ends_at: float, seconds: float, family: int = 0) -> None:
        self.host, self._family = host, family
        self._ends_at, self._seconds = ends_at, seconds
        self.wake_at = 0.0
        self.addresses: list[str] = []
        self.why: Cause | None = None
        self._is_started = self._is_done = False

    def watched(self) -> tuple[int, int]:
        """Nothing: the loop asks again and again."""
        return NO_SOCKET

    def proceed(self) -> bool:
        """Whether the addresses are known, or the time is over."""
        at = time.monotonic()
        if not self._is_started and _lookup_threads.acquire(blocking=False):
            self._is_started = True
            if not started(threading.Thread(target=self._look_up, daemon=True)):
                _lookup_threads.release()
                self.why, self._is_done = THREADS, True
        self.wake_at = at + _ASK_SECONDS
        if not self._is_done and at >= self._ends_at:
            # Without a thread nobody was asked.
            self.why = no_answer(self.host, self._seconds) if self._is_started else THREADS
            return True
        return self._is_done

    def _look_up(self) -> None:
        try:
            found = socket.getaddrinfo(self.host, None, self._family, socket.SOCK_STREAM)
            self.addresses = [str(each[4][0]) for each in found]
        except (OSError, UnicodeError) as error:
            self.why = _lookup_cause(self.host, error)
        finally:
            self._is_done = True
            _lookup_threads.release()


def no_answer(host: str, seconds: float) -> Cause | None:
    """Return the cause of a check whose time was over while the name was looked up; None if ``host`` is no name."""
    return None if is_address(host) else Cause.of("dns_no_response", resolver=_resolver(), host=host, seconds=seconds)


def family_for(url: str) -> Any:
    """Return which addresses to ask for: libcurl's IPRESOLVE_…."""
    if not _families:  # the usual case
        return pycurl.IPRESOLVE_WHATEVER
    family, until = _families.get(host_in(url), (pycurl.IPRESOLVE_WHATEVER, 0.0))
    return family if time.monotonic() < until else pycurl.IPRESOLVE_WHATEVER


def learn_family(curl: Any, url: str) -> None:
    """Remember the family of the address that a check used, if the lookup for the other one has not ended yet."""
    if is_lingering(curl) and curl.getinfo(pycurl.REDIRECT_COUNT) == 0:
        is_ipv6 = ":" in curl.getinfo(pycurl.PRIMARY_IP)
        if len(_families) >= _MAX_FAMILIES:
            _families.clear()
        family = pycurl.IPRESOLVE_V6 if is_ipv6 else pycurl.IPRESOLVE_V4
        _families[host_in(url)] = family, time.monotonic() + _FAMILY_SECONDS


def forget_family(url: str) -> None:
    """Ask for all addresses again."""
    _families.pop(host_in(url), None)


def is_lingering(curl: Any) -> bool:
    """Whether a transfer connected before the lookup of its name has ended, so that a thread is still busy with it."""
    return not curl.getinfo(pycurl.NAMELOOKUP_TIME) and curl.getinfo(pycurl.CONNECT_TIME) > 0


def is_address(host: str) -> bool:
    """Whether a host is an address by itself, and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _not_found(host: str) -> Cause:
    return Cause.of("host_not_found", host=host)


def _lookup_cause(host: str, error: Exception) -> Cause:
    """Why the system's resolver found no address."""
    if isinstance(error, UnicodeError):  # no name can be so
        return _not_found(host)
    # Without a descriptor the resolver asks nobody, and its error may be any.
    if cannot_open():
        return FILES
    if isinstance(error, socket.gaierror):
        if error.errno == socket.EAI_MEMORY:
            return MEMORY
        return _not_found(host) if error.errno in _NO_SUCH_NAME else _failed(host)
    return by_errno(getattr(error, "errno", None)) or _failed(host)


def _failed(host: str) -> Cause:
    return Cause.of("dns_failed", resolver=_resolver(), host=host)


def _resolver() -> str:
    return ", ".join(name_servers())


def name_servers() -> list[str]:
    """The name servers that the system asks."""
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = _RESOLV_CONF.read_text(encoding="utf-8", errors="replace").splitlines()
    servers = [words[1] for line in lines if len(words := line.split()) > 1 and words[0] == "nameserver"]
    return servers[:3] or ["127.0.0.1"]  # what the resolver itself takes without any
