"""Facts of a monitor's URL that are known before a check."""

from urllib.parse import urlsplit

from shared.monitors.kinds import KIND_OF_SCHEME, SCHEMES
from shared.monitors.placeholders import filled, names_in, refuse_foreign_names

# These have no port of their own.
_NEED_A_PORT = ("tcp", "tls", "starttls")
# The protocol on each of these ports before STARTTLS.
STARTTLS_PORTS = {25: "smtp", 587: "smtp", 2525: "smtp", 143: "imap", 110: "pop3", 21: "ftp", 5432: "postgres"}


def checkable(url: str) -> str:
    """``url`` without blanks around it.

    Raises:
        ValueError: no check could use it; the text says what is expected.
    """
    text = refuse_foreign_names(url.strip())
    scheme = text.partition("://")[0].lower()
    if scheme not in KIND_OF_SCHEME or text.lower() == f"{scheme}://":
        raise ValueError(SCHEMES)
    if not text.isprintable():
        raise ValueError("a URL on one line, without unprintable characters")
    # A placeholder may stand for any part. Former versions took and stored whatever has a comma.
    if "${" not in text and "," not in text:
        _refuse_authority(text, scheme)
    return text


def unusable_comma(url: str) -> str | None:
    """The expectation that a ``url`` with commas does not meet; None if a check can use it, or if it has none."""
    if "," not in url:
        return None
    scheme, _, rest = url.partition("://")
    hosts = rest.partition("/")[0].partition("?")[0].partition("#")[0].rpartition("@")[2]
    if "," in hosts:
        return f"one host, such as {scheme}://{hosts.partition(',')[0] or 'example.org'}"
    try:
        if "${" not in url:
            _refuse_authority(url, scheme.lower())
    except ValueError as wrong:
        return str(wrong)
    return None


def unusable_host(url: str) -> str | None:
    """The expectation that the host of a ``url`` does not meet; None if there may be such a host."""
    try:
        # A placeholder may stand for any part.
        host = urlsplit(filled(url, dict.fromkeys(names_in(url), "1"))).hostname or ""
    except ValueError:
        return None
    scheme = url.partition("://")[0]
    # A container may be called a..b.
    is_nameless = scheme.lower() != "docker" and "" in host.removesuffix(".").split(".")
    if host and (is_nameless or any(character.isspace() for character in host)):
        return f"a host without blanks and with a name between any two dots, such as {scheme}://example.org"
    return None


def unusable_proxy(proxy: str) -> str | None:
    """The expectation that a ``proxy`` does not meet; None if a check can use it. It quotes nothing, as a password."""
    # Imported here: few policies have a proxy.
    from shared.settings import proxies

    is_open = proxy.startswith("${")  # the agent sees what is filled in
    if is_open or proxies.url_of(filled(proxy, dict.fromkeys(names_in(proxy), "1"))):
        return None
    return f"the URL of a proxy that begins with {', '.join(f'{scheme}://' for scheme in proxies.SCHEMES)}"


def starttls_protocol(url: str) -> str | None:
    """The protocol before STARTTLS on the port of ``url``; None if the port does not say it."""
    return STARTTLS_PORTS.get(_port_of(url) or 0)


def unsaid_protocol(url: str) -> str | None:
    """The values that ``protocol`` may have beside ``url``; None if it may be left out."""
    port = _port_of(url)
    # A placeholder for the port is filled in by the agent.
    if port is None or port in STARTTLS_PORTS or not url.lower().startswith("starttls:"):
        return None
    *protocols, last = dict.fromkeys(STARTTLS_PORTS.values())
    return f"{', '.join(protocols)} or {last}, since port {port} of url does not say what is spoken before STARTTLS"


def _port_of(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def _refuse_authority(url: str, scheme: str) -> None:
    example = f"{scheme}://example.org" + (":8443" if scheme in _NEED_A_PORT else "")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"a URL such as {example}, with a port of at most 65535 if it has one") from None
    if not host:
        raise ValueError(f"a URL with a host, such as {example}")
    if port == 0 or (port is None and scheme in _NEED_A_PORT):
        raise ValueError(f"a URL with a port, such as {example}")
