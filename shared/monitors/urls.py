"""What can be told of a monitor's URL before it is checked."""

from urllib.parse import urlsplit

from shared.monitors.kinds import KIND_OF_SCHEME, SCHEMES
from shared.monitors.placeholders import refuse_foreign_names

# These have no port of their own.
_NEED_A_PORT = ("tcp", "tls", "starttls")


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
    # A placeholder may stand for any part, and several hosts of a database have a port each.
    if "${" not in text and "," not in text:
        _refuse_authority(text, scheme)
    return text


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
