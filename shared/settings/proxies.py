"""THE reading of the proxy variables, for every client alike: no library reads them itself.

Otherwise each would read them in its own way: one knows no ranges of addresses in NO_PROXY, another fails at a SOCKS
proxy even if NO_PROXY names the host, and a third ignores HTTP_PROXY. Here, small letters win over capitals, an empty
variable counts as unset, and ALL_PROXY is for what has no variable of its own. NO_PROXY is separated by commas or
blanks. It takes ``*``, names (with all that end in them), patterns with ``*``, addresses, each with a port or without,
and ranges of addresses.
"""

import functools
import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from shared.settings.secrets import shown
from shared.settings.settings import SettingError

_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
SCHEMES = tuple(_PORTS)
_NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
# A web server that runs CGI programs sets HTTP_PROXY to whatever a request's header ``Proxy`` says.
_CGI = "REQUEST_METHOD"
_READ = (*_NAMES, *(name.upper() for name in _NAMES), _CGI)
_PROXY = "the URL of a proxy, like http://proxy.example:3128"
_EXCEPTIONS = "names, addresses and ranges of addresses, like localhost,.example.com,10.0.0.0/8"


class Proxy(NamedTuple):
    """A proxy's URL, which always has a scheme and a port, and the variable that it is from."""

    variable: str
    url: str


class _Exception(NamedTuple):
    """One entry of NO_PROXY."""

    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None
    name: str
    port: int | None

    def has(self, host: str, address: Any, port: int | None) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return address is not None and address in self.network
        if "*" in self.name:
            return fnmatchcase(host, self.name)
        return host == self.name or host.endswith(f".{self.name}")


class _Proxies(NamedTuple):
    by_scheme: Mapping[str, Proxy]
    exceptions: tuple[_Exception, ...]


def proxy_of(url: str, environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """The proxy through which ``url`` is requested; None if it is requested without one.

    Raises:
        SettingError: a proxy variable is malformed, whether it is for ``url`` or not.
    """
    proxies = _read(tuple(map(environ.get, _READ)))
    try:
        parts = urlsplit(url.strip())
        proxy = proxies.by_scheme.get(parts.scheme)
        if proxy is None or not parts.hostname:
            return None
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        return None
    host = parts.hostname.partition("%")[0].rstrip(".")
    address = _address(host)
    return None if any(exception.has(host, address, port) for exception in proxies.exceptions) else proxy


def http_proxy_of(url: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The same for a client that cannot speak SOCKS, which curl alone can.

    Raises:
        SettingError: the proxy is a SOCKS proxy, or a proxy variable is malformed.
    """
    proxy = proxy_of(url, environ)
    if proxy and proxy.url.startswith("socks"):
        host = urlsplit(url).hostname
        expected = f"an http:// or https:// proxy, or {host} in NO_PROXY, because {host} is not called through SOCKS"
        raise SettingError(proxy.variable, shown(proxy.variable, proxy.url), expected)
    return proxy.url if proxy else None


def refuse_unusable(backend_url: str, environ: Mapping[str, str] = os.environ) -> None:
    """Raise SettingError if a proxy variable is malformed, or its proxy cannot be used for the agent's reports."""
    is_any(environ)
    if not _is_here(backend_url):
        http_proxy_of(backend_url, environ)


def backend_proxy(backend_url: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """``http_proxy_of`` for a call of our own system. Raises SettingError."""
    # The system's own calls stay on this machine, which a proxy for the outside world cannot reach.
    return None if _is_here(backend_url) else http_proxy_of(backend_url, environ)


def backend_options(backend_url: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """``requests_options`` for a call of our own system. Raises SettingError."""
    return {} if _is_here(backend_url) else requests_options(backend_url, environ)


def requests_options(url: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The keyword ``proxies`` for a call of requests whose session has ``trust_env`` off. Raises SettingError."""
    proxy = http_proxy_of(url, environ)
    return {"proxies": {"http": proxy, "https": proxy} if proxy else {}}


def variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The proxy variables alone. For many requests, read them once: the process's own environment is slow to read."""
    return {name: value for name in _READ if (value := environ.get(name)) is not None}


def set_proxy(curl: Any, url: str, environ: Mapping[str, str] = os.environ, *, is_own: bool = False) -> None:
    """Let a handle of pycurl's request ``url`` as ``proxy_of`` says; ``is_own``: without a proxy. Raises SettingError.

    It holds for this URL only: a redirect must not be followed by libcurl if there ``is_any``.
    """
    import pycurl

    proxy = None if is_own else proxy_of(url, environ)
    # Empty: otherwise libcurl would read the variables itself.
    curl.setopt(pycurl.PROXY, proxy.url if proxy else "")
    curl.setopt(pycurl.NOPROXY, "")
    if proxy and proxy.url.startswith("https"):
        import certifi

        curl.setopt(pycurl.PROXY_CAINFO, os.environ.get("SSL_CERT_FILE") or certifi.where())


def is_any(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether anything is requested through a proxy. Raises SettingError if a proxy variable is malformed."""
    return bool(environ) and bool(_read(tuple(map(environ.get, _READ))).by_scheme)


@functools.lru_cache(maxsize=64)
def is_this_machine(host: str) -> bool:
    """Whether ``host`` is this machine: then no proxy stands in between, since another machine's proxy cannot reach it.

    By its name, as loopback, or by any address that this machine has.
    """
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost") or host == socket.gethostname().lower():
        return True
    address = _address(host)
    if address is None:
        return False
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        # Only an address of this machine can be bound.
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return bool(address.is_loopback)
    return True


def _is_here(url: str) -> bool:
    return is_this_machine(urlsplit(url).hostname or "")


@functools.lru_cache(maxsize=8)
def _read(values: tuple[str | None, ...]) -> _Proxies:
    given = {name: value for name, value in zip(_READ, values, strict=True) if value is not None}
    if _CGI in given:
        given.pop("HTTP_PROXY", None)
    found = {name: _said(name, given) for name in _NAMES}
    exceptions = _exceptions(*found["no_proxy"]) if found["no_proxy"] else ()
    proxies = {name: _proxy(*said) for name, said in found.items() if said and name != "no_proxy"}
    schemes = {scheme: proxies.get(f"{scheme}_proxy") or proxies.get("all_proxy") for scheme in ("http", "https")}
    return _Proxies({scheme: proxy for scheme, proxy in schemes.items() if proxy}, exceptions)


def _said(name: str, given: Mapping[str, str]) -> tuple[str, str] | None:
    """The spelling of a variable that counts, and its value."""
    spelling = name if name in given else name.upper()
    value = given.get(spelling, "").strip()
    return (spelling, value) if value else None


def _proxy(variable: str, value: str) -> Proxy:
    if url := url_of(value):
        return Proxy(variable, url)
    raise SettingError(variable, shown(variable, _with_scheme(value)), _PROXY)


def _with_scheme(value: str) -> str:
    return value if "://" in value else f"http://{value}"


def url_of(value: str) -> str | None:
    """The URL of a proxy, with a scheme and a port; None if ``value`` is none."""
    text = _with_scheme(value)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    scheme = "socks4" if parts.scheme == "socks" else parts.scheme  # as curl has it
    is_host = _address(host) is not None if ":" in host else re.fullmatch(r"[A-Za-z0-9_.-]+", host)
    # A path is that of a script which chooses a proxy (PAC), and no proxy.
    is_more = parts.path not in ("", "/") or parts.query or parts.fragment
    if scheme not in _PORTS or not is_host or port == 0 or is_more or not re.fullmatch(r"[!-~]+", text):
        return None
    credentials, at, _ = parts.netloc.rpartition("@")
    authority = f"[{host}]" if ":" in host else host
    return f"{scheme}://{credentials}{at}{authority}:{port or _PORTS[scheme]}"


def _exceptions(variable: str, value: str) -> tuple[_Exception, ...]:
    entries = [entry for entry in re.split(r"[\s,]+", value) if entry]
    found = [_exception(entry) for entry in entries]
    for entry, exception in zip(entries, found, strict=True):
        if exception is None:
            raise SettingError(variable, shown(variable, entry), _EXCEPTIONS)
    return tuple(exception for exception in found if exception)


def _exception(entry: str) -> _Exception | None:
    """One entry of NO_PROXY; None if it is malformed."""
    try:
        return _Exception(ipaddress.ip_network(re.sub(r"^\[([^\]]*)\](?!:)", r"\1", entry), strict=False), "", None)
    except ValueError:
        pass
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[\w.*-]+)(?::(\d{1,5}))?", entry)
    if match is None:
        return None
    host, port = match[1].strip("[]").lower(), int(match[2]) if match[2] else None
    try:
        return _Exception(ipaddress.ip_network(host), "", port)
    except ValueError:
        pass
    name = host.strip(".") if not host.startswith("*") else host.rstrip(".")
    # Digits and dots that are no address name nothing: a typing error.
    is_typo = ":" in host or not re.search(r"[^\d.]", host)
    return None if is_typo or not name else _Exception(None, name, port)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that ``host`` spells, also as 127.1 or 0x7f000001; None for a name."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host)) if re.match(r"\d", host) else None
    except (OSError, ValueError):
        return None
