"""How libcurl gets a monitor's URL, and which host a URL names. Pure."""

import functools
import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import idna

# As libcurl reads it: of a whole URL with one to three slashes, or of a redirect that keeps the scheme.
_HOST = re.compile(r"\s*(?:https?:/{1,3}|/{2,})(?:[^/?#]*@)?(\[[^\]]*\]|[^/?#:]*)", re.IGNORECASE)


_LABEL = r"[a-z0-9_-]{1,63}"  # compiled when a host needs it
# Everything that libcurl takes as it is. A stray percent sign belongs to it.
_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))


class UnsupportedScheme(ValueError):
    """The URL's scheme is neither http nor https."""


@functools.lru_cache(maxsize=16_384)
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
    authority = host if host.isascii() else as_ascii_host(unquote(host))
    if ":" in host:
        authority = f"[{host}]"
    if parts.port is not None:
        authority = f"{authority}:{parts.port}"
    if "@" in parts.netloc:
        authority = quote(parts.netloc.rpartition("@")[0], safe=":%") + "@" + authority
    return quote(urlunsplit(parts._replace(netloc=authority)), safe=_AS_IT_IS)


def as_ascii_host(host: str) -> str:
    """``host`` in IDNA. A label that IDNA forbids, as one with an emoji or ``_``, is spelled in its Punycode."""
    *labels, last = idna.uts46_remap(host, std3_rules=False).split(".")
    encoded = [_as_ascii_label(label) for label in ([*labels, last] if last else labels)]
    if not all(re.fullmatch(_LABEL, label) for label in encoded):
        raise ValueError("not a host")
    return ".".join(encoded) + ("" if last else ".")


def _as_ascii_label(label: str) -> str:
    try:
        return idna.alabel(label).decode("ascii")
    except idna.IDNAError:
        return label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}"


def host_in(url: str) -> str:
    """The host that ``url`` names, without brackets, zone and final dot; empty if it names none."""
    match = _HOST.match(url)
    return unquote(match[1]).strip("[]").partition("%")[0].rstrip(".").lower() if match else ""
