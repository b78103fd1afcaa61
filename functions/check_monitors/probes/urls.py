"""How libcurl gets a monitor's URL, and which host a URL names. Pure."""

import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import idna
from requests.utils import requote_uri

# As libcurl reads it: of a whole URL with one to three slashes, or of a redirect that keeps the scheme.
_HOST = re.compile(r"\s*(?:https?:/{1,3}|/{2,})(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)", re.IGNORECASE)


class UnsupportedScheme(ValueError):
    """The URL's scheme is neither http nor https."""


def as_ascii(url: str) -> str:
    """``url`` in the form that libcurl takes: the host in IDNA, everything else percent-encoded.

    Raises:
        UnsupportedScheme: it is for another protocol than HTTP.
        ValueError: it is not a URL.
    """
    scheme, separator, _ = url.strip().partition("://")
    if not separator or min(url) < " ":  # urlsplit would drop line breaks silently
        raise ValueError("not a URL")
    if scheme.lower() not in ("http", "https"):
        raise UnsupportedScheme(scheme)
    if url.isascii() and " " not in url:
        return url
    parts = urlsplit(url.strip())
    host = parts.hostname or ""
    authority = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    if ":" in host:
        authority = f"[{host}]"
    if parts.port is not None:
        authority = f"{authority}:{parts.port}"
    if "@" in parts.netloc:
        authority = quote(parts.netloc.rpartition("@")[0], safe=":%") + "@" + authority
    return requote_uri(urlunsplit(parts._replace(netloc=authority)))


def host_in(url: str) -> str:
    """The host that ``url`` names, without brackets, zone and final dot; empty if it names none."""
    match = _HOST.match(url)
    return unquote(match[1]).strip("[]").partition("%")[0].rstrip(".").lower() if match else ""
