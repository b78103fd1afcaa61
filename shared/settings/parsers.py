"""One parser for each kind of setting: it returns the value, or raises ValueError."""

import functools
import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

SQLITE = "sqlite:///"
# Twenty years.
MOST_KEPT = 20 * 366 * 86_400.0
POSTGRESQL = ("postgresql://", "postgres://")


def split_urls(value: Any) -> Any:
    """The URLs in a text, each once. A comma separates them only before ``http://`` or ``https://``.

    Any other comma belongs to the URL in which it stands, but one at the end of the text is nothing.
    """
    if not isinstance(value, str):
        return value
    if "," not in value and value.strip():
        return tuple(dict.fromkeys(value.split()))  # the usual case; to compile the patterns costs a cold start
    return tuple(dict.fromkeys(re.split(r"(?i:[\s,]+(?=https?://))|\s+", re.sub(r"^[\s,]+|[\s,]+$", "", value))))


def split_keys(value: Any) -> Any:
    """The keys in a text, separated by spaces or commas."""
    return tuple(key for key in re.split("[ ,]+", value) if key) if isinstance(value, str) else value


def http_url(url: str) -> str:
    """``url`` if it is an absolute http or https URL with a host and a possible port.

    Raises:
        ValueError: it is not.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("an http:// or https:// URL")
    return url


def http_urls(urls: tuple[str, ...]) -> tuple[str, ...]:
    """``urls`` if each is an ``http_url``."""
    for url in urls:
        http_url(url)
    return urls


def secret_http_url(url: SecretStr) -> SecretStr:
    """``url`` if what it hides is an ``http_url``."""
    http_url(url.get_secret_value())
    return url


def without_slash(url: str) -> str:
    """An ``http_url`` without the slashes at its end."""
    return http_url(url).rstrip("/")


def header_value(key: SecretStr) -> SecretStr:
    """``key`` if it can be sent in a header."""
    # Otherwise every run of the agent would fail, one after the other, instead of the start.
    if not re.fullmatch(r"[\x21-\x7e]+", key.get_secret_value()):
        raise ValueError("printable ASCII")
    return key


def webhook_secret(secret: SecretStr) -> SecretStr:
    """``secret`` if Telegram takes it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
        raise ValueError("1 to 256 letters, digits, - and _")
    return secret


def kept(value: Any) -> float:
    """The seconds of a duration for which something is kept."""
    # Imported here: its patterns cost a cold start, and hardly anybody changes the defaults.
    from shared.settings.durations import seconds_of

    seconds = seconds_of(value, MOST_KEPT)
    if seconds < 1:
        raise ValueError("a duration of 1s or more")
    return seconds


def share(value: Any) -> float:
    """The share that a percentage says, from 0 to 1; infinity, which is never reached, for ``off``."""
    text = str(value).strip().lower()
    if text == "off":
        return float("inf")
    percentage = float(text.removesuffix("%"))
    if not 1 <= percentage <= 100:
        raise ValueError("a percentage from 1 to 100")
    return percentage / 100


def host_and_port(text: str) -> str:
    """``text`` if it is ``host:port``."""
    parts = urlsplit(f"//{text}")
    if not parts.hostname or not parts.port or parts.netloc != text or "@" in text:
        raise ValueError("host:port")
    return text


def ip_address(host: str) -> str:
    """``host`` if it is an IP address; ``localhost`` is 127.0.0.1."""
    address = "127.0.0.1" if host == "localhost" else host
    ipaddress.ip_address(address)
    return address


@functools.lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on ``host``: an IP address, or a name that is ``localhost``."""
    try:
        return ipaddress.ip_address(ip_address(host)).is_loopback
    except ValueError:
        return host.endswith(".localhost")


def networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    """``texts`` if each is an IP network or address."""
    for text in texts:
        ipaddress.ip_network(text, strict=False)
    return texts


@functools.lru_cache(maxsize=64)
def is_within(address: str, texts: tuple[str, ...]) -> bool:
    """Whether an IP address is in one of the ``networks``; what is no address is in none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A socket for both versions shows an IPv4 address as ::ffff:172.18.0.1.
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(text, strict=False) for text in texts)


def network_of(address: str) -> str:
    """The address of a client as limits count it: of IPv6 the first half, since a client has all that begin with it."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def sqlite_or_postgresql(secret: SecretStr) -> SecretStr:
    """``secret`` if it is the URL of a PostgreSQL database or of a SQLite file."""
    url = secret.get_secret_value()
    if url.startswith(POSTGRESQL):
        parts = urlsplit(url)
        # A /, ? or # in the password that is not percent-encoded would make the rest look like the host, and be shown.
        if "@" in f"{parts.path}{parts.query}" or parts.fragment or not parts.path.strip("/"):
            raise ValueError("a PostgreSQL database")
        if "," not in parts.netloc and parts.port == 0:  # a port that is not a number raises its own ValueError
            raise ValueError("a port")
    elif not url.startswith(SQLITE) or url in (SQLITE, f"{SQLITE}/") or url.endswith(":memory:"):
        raise ValueError("a SQLite file")
    return secret
