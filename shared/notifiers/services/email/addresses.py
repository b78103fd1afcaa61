"""The addresses of a channel: those of people, and the mail server's."""

import re
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from shared.settings import proxies

MOST_RECIPIENTS = 100
StartTls = Literal["auto", "required", "off"]
# The parts of an address: characters that no mail server reads as anything else. A quoted part before the @ is refused.
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{3,40}}\]"


class Address(NamedTuple):
    """A person's or a program's address, in ASCII, and the name in front of it."""

    name: str
    local: str
    domain: str

    @property
    def text(self) -> str:
        """The address alone."""
        return f"{self.local}@{self.domain}"


class Server(NamedTuple):
    """A mail server, and the user who sends. Host and port are as a URL has them."""

    scheme: str
    host: str
    port: int
    user: str
    password: str

    def demands_tls(self, starttls: StartTls) -> bool:
        """Whether nothing is sent if the connection cannot be encrypted."""
        # With "auto", whoever stands in between could say that the server has no TLS, and read the password.
        is_exposed = bool(self.password) and not proxies.is_this_machine(self.host)
        return starttls == "required" or (starttls == "auto" and is_exposed)

    def is_verified(self, starttls: StartTls) -> bool:
        """Whether nothing is sent if the server's certificate is not valid."""
        # Otherwise the mail would go unencrypted too if the server had no TLS, so that a false certificate gains
        # nothing. Mail servers handle each other's the same way: many made theirs themselves.
        return self.scheme == "smtps" or starttls == "required" or bool(self.password)


def address_of(text: str) -> Address:
    """The address that ``text`` is: ``kim@example.com`` or ``Kim <kim@example.com>``. A domain may be in any script.

    Raises:
        ValueError: it is no address, or the part before the @ is not ASCII, which few mail servers accept.
    """
    name, bracket, rest = text.strip().rpartition("<")
    if bool(bracket) != rest.endswith(">") or not text.isprintable():
        raise ValueError("an address")
    local, _, domain = rest.removesuffix(">").rpartition("@")
    domain = _in_ascii(domain)
    if len(local) > 64 or not re.fullmatch(_LOCAL, local) or not re.fullmatch(_DOMAIN, domain):
        raise ValueError("an address")
    return Address(name.strip().strip('"').strip(), local, domain.lower())


def server_of(url: str) -> Server:
    """The mail server with this URL.

    Raises:
        ValueError: it is not ``smtp://`` or ``smtps://`` with a host, or has more than a user, a password and a port.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if parts.scheme not in ("smtp", "smtps") or not host or port == 0 or bool(user) != bool(password):
        raise ValueError("a mail server")
    # Otherwise a / or # in a password that is not percent-encoded would end the host, and be taken for a path.
    if parts.path.strip("/") or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ValueError("a mail server")
    if not f"{user}{password}".isprintable():
        raise ValueError("a user and a password without control characters")
    host = f"[{host}]" if ":" in host else _in_ascii(host)
    return Server(parts.scheme, host, port or (465 if parts.scheme == "smtps" else 25), user, password)


def _in_ascii(domain: str) -> str:
    """The domain as the DNS has it. Raises ValueError if it has no such form."""
    if domain.isascii():
        return domain.encode("idna").decode()  # refuses a label that is too long, or empty
    # Imported here: few domains need it. Python's own codec follows IDNA 2003, which makes strasse.de of straße.de: a
    # stranger's domain.
    import idna

    return idna.encode(domain, uts46=True).decode()  # its error is a ValueError


def _checked_server(url: SecretStr) -> SecretStr:
    server_of(url.get_secret_value())
    return url


def _checked_address(text: str) -> str:
    address_of(text)
    return text


def _checked_list(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    # pydantic would name the place in the list and not the setting.
    if not isinstance(texts, list | tuple) or not 0 < len(texts) <= MOST_RECIPIENTS:
        raise ValueError("one or more addresses")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("texts")
    # A server would get the mail twice for one that stands there twice.
    return tuple({address_of(text).text: text for text in texts}.values())


ServerUrl = Annotated[SecretStr, AfterValidator(_checked_server)]
Sender = Annotated[str, AfterValidator(_checked_address), Field(strict=True)]
Recipients = Annotated[tuple[str, ...], BeforeValidator(_checked_list)]
