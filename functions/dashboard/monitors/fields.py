"""The fields of a monitor's form: which there are for each kind of check, and how a text becomes a value and back.

The policy's own model decides what is right. A field that has no place here keeps what is stored.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from shared.monitors.kinds import KIND_OF_SCHEME, KINDS_WITH, Kind
from shared.web.forms import Form

# text and number: one line. area: several. phrase: several, but a line break at an end is a slip and not meant.
# lines: a list, one a line. words: a list with commas; a word with a comma stands in quotation marks. spaced: with
# blanks. pairs: headers. hidden: a secret, too; browsers take a form with three passwords for several forms.
Sort = Literal[
    "text", "number", "area", "phrase", "lines", "words", "spaced", "pairs", "box", "choice", "secret", "hidden"
]
KINDS: tuple[Kind, ...] = tuple(Kind)
DEFAULT_INTERVAL, DEFAULT_THRESHOLD = "30s", 3
_PREFIX: Mapping[Kind, str] = {
    Kind.HTTP: "https://",
    Kind.TCP: "tcp://",
    Kind.TLS: "tls://",
    Kind.DNS: "dns://",
    Kind.ICMP: "icmp://",
    Kind.WEBSOCKET: "wss://",
    Kind.MAIL: "smtp://",
    Kind.SSH: "ssh://",
    Kind.GRPC: "grpc://",
    Kind.DOCKER: "docker://",
}
EXAMPLES: Mapping[Kind, str] = {
    Kind.HTTP: "https://example.org/health",
    Kind.TCP: "tcp://db.example.org:5432",
    Kind.TLS: "tls://example.org:443",
    Kind.DNS: "dns://9.9.9.9",
    Kind.ICMP: "icmp://example.org",
    Kind.WEBSOCKET: "wss://example.org/socket",
    Kind.MAIL: "smtp://mail.example.org:587",
    Kind.SSH: "ssh://server.example.org",
    Kind.GRPC: "grpcs://example.org:443",
    Kind.DATABASE: "postgres://${MONITOR_DB_USER}:${MONITOR_DB_PASSWORD}@db.example.org/shop",
    Kind.DOCKER: "docker://container",
}


class Field(NamedTuple):
    """A field. ``path``: where its value stands in a policy. ``is_main``: it is shown before the others."""

    path: str
    sort: Sort = "text"
    is_main: bool = False
    choices: Sequence[str] = ()

    @property
    def owner(self) -> str:
        """The policy's own field."""
        return self.path.partition(".")[0]

    @property
    def is_area(self) -> bool:
        """Whether it has several lines."""
        return self.sort in ("area", "phrase", "lines", "pairs")

    def is_for(self, kind: Kind) -> bool:
        """Whether a monitor of this kind has it."""
        if self.path == "url":
            return kind is not Kind.HEARTBEAT
        return kind in KINDS_WITH.get(self.owner, frozenset(Kind))


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_RECORDS = ("A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "SOA", "PTR", "CAA")
FIELDS: tuple[Field, ...] = (
    Field("url", is_main=True),
    Field("dns.query_name", is_main=True),
    Field("dns.query_type", "choice", is_main=True, choices=_RECORDS),
    Field("heartbeat.period", is_main=True),
    Field("heartbeat.grace", is_main=True),
    Field("name", is_main=True),
    Field("group", is_main=True),
    Field("interval", is_main=True),
    Field("conditions", "lines", is_main=True),
    Field("failure_threshold", "number", is_main=True),
    Field("description", "area"),
    Field("tags", "words"),
    Field("success_threshold", "number"),
    Field("timeout"),
    Field("retries", "number"),
    Field("retry_interval"),
    Field("reminder_interval"),
    Field("escalation"),
    Field("depends_on", "words"),
    Field("locations", "words"),
    Field("max_response_time"),
    Field("method", "choice", choices=_METHODS),
    Field("headers", "pairs"),
    Field("body", "area"),
    Field("accepted_status_codes", "words"),
    Field("keyword", "phrase"),
    Field("forbidden_keyword", "phrase"),
    Field("max_body", "number"),
    Field("basic_auth.username"),
    Field("basic_auth.password", "secret"),
    Field("bearer_token", "secret"),
    Field("oauth2.token_url"),
    Field("oauth2.client_id"),
    Field("oauth2.client_secret", "hidden"),
    Field("oauth2.scopes", "spaced"),
    Field("query", "phrase"),
    Field("protocol", "choice", choices=("", "smtp", "imap", "pop3", "ftp", "postgres")),
    Field("packets", "number"),
    Field("resolver"),
    Field("certificate_expiry", "words"),
    Field("client_certificate.certificate", "area"),
    Field("client_certificate.key", "area"),
    Field("ca_certificate", "area"),
    Field("proxy"),
    Field("verify_tls", "box"),
    Field("follow_redirects", "box"),
    Field("upside_down", "box"),
)
# A word of a list with commas. One in quotation marks may have commas itself.
_WORD = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))(?:,|$)')
# The policy's fields that have a place in the form of some kind.
PLACED = frozenset(field.owner for field in FIELDS)


def fields_of(kind: Kind) -> tuple[Field, ...]:
    """The fields of a monitor of this kind."""
    return tuple(field for field in FIELDS if field.is_for(kind))


def texts_of(policy: Mapping[str, Any], kind: Kind) -> dict[str, str]:
    """A policy, its secrets masked, as the texts of its form."""
    return {field.path: _text(field, value_at(policy, field.path)) for field in fields_of(kind)}


def typed_in(form: Form, kind: Kind) -> dict[str, str]:
    """The typed values, as the texts of the form."""
    return {
        field.path: ("on" if field.path in form else "") if field.sort == "box" else form.get(field.path, "")
        for field in fields_of(kind)
    }


def differing(texts: Mapping[str, str], others: Mapping[str, str], kind: Kind) -> list[Field]:
    """The fields in which two forms differ, as a browser sends them."""
    return [each for each in fields_of(kind) if _sent(each, texts[each.path]) != _sent(each, others[each.path])]


def policy_of(form: Form, kind: Kind, shown: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The typed values as the fields of a policy; None for a field that was left empty.

    A field that the form does not have, since an older page sent it, is left out. ``shown``: the policy, its secrets
    masked, that the form showed. A field whose text nobody changed keeps its value: a text does not say all of it, such
    as a comma within a tag, or which line breaks a body has.
    """
    found: dict[str, Any] = {}
    for path, text in typed_in(form, kind).items():
        field = next(each for each in FIELDS if each.path == path)
        if field.sort != "box" and path not in form:
            continue
        former = value_at(shown or {}, path)
        is_same = shown is not None and _sent(field, text) == _sent(field, _text(field, former))
        value = former if is_same else _parsed(field, text, kind)
        owner, _, part = path.partition(".")
        if not part:
            found[owner] = value
        elif value:
            found[owner] = {**(found.get(owner) or {}), part: value}
        else:
            found.setdefault(owner, None)
    return found


def repeated_header(form: Form) -> str | None:
    """The first header that stands twice in a form: a policy would have one value alone, or send both."""
    names = [name for name, _ in _pairs(form.get("headers", ""))]
    counts = Counter(map(str.lower, names))
    return next((name for name in names if counts[name.lower()] > 1), None)


def with_scheme(text: str, kind: Kind) -> str:
    """An address with the scheme that its kind has, if it has none."""
    text = text.strip()
    return text if not text or "://" in text else _PREFIX.get(kind, "") + text


def name_of(url: str) -> str:
    """A name for an address, if nobody gives one."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or url)[:200]
    except ValueError:
        return url[:200]


def kind_named(text: str) -> Kind:
    """The kind with this name; a web page, if there is none."""
    return Kind(text) if text in {kind.value for kind in Kind} else Kind.HTTP


def has_address_of(kind: Kind, url: str) -> bool:
    """Whether an address begins as those of this kind do, and goes on."""
    scheme, _, rest = url.partition("://")
    return bool(rest) and KIND_OF_SCHEME.get(scheme.lower()) is kind


def address_for(kind: Kind, url: str) -> str:
    """The part of an address, typed for any kind, that fits this one: the scheme of another kind is left out.

    The address of a DNS check is a resolver, which no other kind's is.
    """
    _, separator, rest = url.partition("://")
    if has_address_of(kind, url) or (not separator and kind is not Kind.DNS):
        return url
    return "" if kind is Kind.DNS else rest


def schemes_of(kind: Kind) -> str:
    """How the address of a kind may begin."""
    return ", ".join(f"{scheme}://" for scheme, its in KIND_OF_SCHEME.items() if its is kind)


def required_of(kind: Kind) -> str:
    """The path of the field, besides the name, without which there is nothing to check."""
    return {Kind.DNS: "dns.query_name", Kind.HEARTBEAT: "heartbeat.period"}.get(kind, "url")


def value_at(policy: Mapping[str, Any], path: str) -> Any:
    """The value of a field in a policy; None if there is none."""
    owner, _, part = path.partition(".")
    value = policy.get(owner)
    return (value or {}).get(part) if part else value


def _text(field: Field, value: Any) -> str:
    if value is None or value is False:
        return ""
    match field.sort:
        case "box":
            return "on"
        case "lines":
            return "\n".join(map(str, value))
        case "words":
            return ", ".join(_quoted(str(word)) for word in value)
        case "spaced":
            return " ".join(map(str, value))
        case "pairs":
            return "\n".join(f"{name}: {text}" for name, text in value.items())
    return str(value)


def _sent(field: Field, text: str) -> str:
    """A text as it comes back from a browser, which knows one line break, and none in a field of one line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if field.is_area else text.replace("\n", "")


def _parsed(field: Field, text: str, kind: Kind) -> Any:
    if field.sort == "box":
        return text == "on"
    if field.path == "url":
        return with_scheme(text, kind) or None
    stripped = text if field.sort in ("area", "phrase", "secret", "hidden") else text.strip()
    if not stripped.strip():
        return None
    match field.sort:
        case "number":
            return int(stripped) if stripped.isascii() and stripped.isdecimal() and len(stripped) < 10 else stripped
        case "lines":
            return [line.strip() for line in stripped.splitlines() if line.strip()]
        case "words":
            words = (found[1].replace('""', '"') if found[1] else found[2] for found in _WORD.finditer(stripped))
            return [word.strip() for word in words if word and word.strip()]
        case "spaced":
            return stripped.split()
        case "phrase":
            return stripped.strip("\n")
        case "pairs":
            return dict(_pairs(stripped))
    return stripped


def _quoted(word: str) -> str:
    """A word as it stands in a list: in quotation marks if it would otherwise be read as several, or as another one."""
    return '"' + word.replace('"', '""') + '"' if "," in word or word.startswith('"') else word


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if line.strip():
            name, _, value = line.partition(":")
            yield name.strip(), value.strip()
