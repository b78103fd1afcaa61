"""The kinds of check, and which URL leads to which."""

import functools
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The kinds of check."""

    HTTP = "http"
    TCP = "tcp"
    TLS = "tls"
    DNS = "dns"
    ICMP = "icmp"
    WEBSOCKET = "websocket"
    MAIL = "mail"
    SSH = "ssh"
    GRPC = "grpc"
    DATABASE = "database"
    DOCKER = "docker"
    HEARTBEAT = "heartbeat"


KIND_OF_SCHEME = {
    "http": Kind.HTTP,
    "https": Kind.HTTP,
    "tcp": Kind.TCP,
    "tls": Kind.TLS,
    "starttls": Kind.TLS,
    "dns": Kind.DNS,
    "icmp": Kind.ICMP,
    "ws": Kind.WEBSOCKET,
    "wss": Kind.WEBSOCKET,
    "smtp": Kind.MAIL,
    "smtps": Kind.MAIL,
    "imap": Kind.MAIL,
    "imaps": Kind.MAIL,
    "pop3": Kind.MAIL,
    "pop3s": Kind.MAIL,
    "ftp": Kind.MAIL,
    "ftps": Kind.MAIL,
    "ssh": Kind.SSH,
    "grpc": Kind.GRPC,
    "grpcs": Kind.GRPC,
    "postgres": Kind.DATABASE,
    "postgresql": Kind.DATABASE,
    "mysql": Kind.DATABASE,
    "redis": Kind.DATABASE,
    "rediss": Kind.DATABASE,
    "mongodb": Kind.DATABASE,
    "mqtt": Kind.DATABASE,
    "mqtts": Kind.DATABASE,
    "amqp": Kind.DATABASE,
    "amqps": Kind.DATABASE,
    "docker": Kind.DOCKER,
}

_WEB = frozenset({Kind.HTTP, Kind.WEBSOCKET, Kind.GRPC})
_TLS = frozenset({*_WEB, Kind.TLS, Kind.MAIL, Kind.DATABASE, Kind.DOCKER})
_CHECKED = frozenset(Kind) - {Kind.HEARTBEAT}
_NETWORK = _CHECKED - {Kind.DOCKER}
_ANSWERS = frozenset({Kind.HTTP, Kind.TCP, Kind.WEBSOCKET, Kind.SSH, Kind.DATABASE, Kind.MAIL, Kind.DOCKER, Kind.GRPC})

# The fields that only some kinds of check read. A field that is not here is every kind's.
KINDS_WITH: dict[str, frozenset[Kind]] = {
    "method": frozenset({Kind.HTTP}),
    "headers": frozenset({Kind.HTTP, Kind.WEBSOCKET, Kind.GRPC}),
    "body": frozenset({Kind.HTTP, Kind.TCP, Kind.WEBSOCKET}),
    "basic_auth": frozenset({Kind.HTTP, Kind.WEBSOCKET, Kind.MAIL}),
    "bearer_token": frozenset({Kind.HTTP, Kind.WEBSOCKET}),
    "oauth2": frozenset({Kind.HTTP}),
    "digest_auth": frozenset({Kind.HTTP}),
    "client_certificate": _TLS,
    "ca_certificate": _TLS,
    "verify_tls": _TLS,
    "follow_redirects": frozenset({Kind.HTTP}),
    "max_redirects": frozenset({Kind.HTTP}),
    "proxy": frozenset({Kind.HTTP, Kind.WEBSOCKET}),
    "user_agent": frozenset({Kind.HTTP, Kind.WEBSOCKET}),
    "http_version": frozenset({Kind.HTTP}),
    "accepted_status_codes": frozenset({Kind.HTTP}),
    "keyword": _ANSWERS,
    "forbidden_keyword": _ANSWERS,
    "max_response_time": _NETWORK | {Kind.DOCKER},
    "certificate_expiry": _TLS,
    "conditions": _NETWORK | {Kind.DOCKER},
    "max_body": frozenset({Kind.HTTP}),
    "connection": frozenset({Kind.HTTP}),
    "ip_version": _NETWORK,
    "resolver": _NETWORK - {Kind.DNS},
    "dns": frozenset({Kind.DNS}),
    "packets": frozenset({Kind.ICMP}),
    "query": frozenset({Kind.DATABASE}),
    "protocol": frozenset({Kind.TLS}),
    "heartbeat": frozenset({Kind.HEARTBEAT}),
    "timeout": _CHECKED,
    "interval": _CHECKED,
    "retries": _NETWORK | {Kind.DOCKER},
    "retry_interval": _NETWORK | {Kind.DOCKER},
    # A ping comes from no location. If it had to come from one, none would ever count.
    "locations": _CHECKED,
    "quorum": _CHECKED,
}

_OF_ALL = frozenset({"CONNECTED", "IP", "RESPONSE_TIME"})
_OF_TLS = frozenset({*_OF_ALL, "BODY", "CERTIFICATE_EXPIRATION"})

# The placeholders that a condition may read in a monitor of each kind.
PLACEHOLDERS_OF: dict[Kind, frozenset[str]] = {
    Kind.HTTP: _OF_TLS | {"STATUS", "HEADER"},
    Kind.TCP: _OF_ALL | {"BODY"},
    Kind.TLS: _OF_TLS,
    Kind.DNS: _OF_ALL | {"BODY", "DNS_RCODE"},
    Kind.ICMP: _OF_ALL,
    Kind.WEBSOCKET: _OF_TLS,
    Kind.MAIL: _OF_TLS,
    Kind.SSH: _OF_ALL | {"BODY"},
    Kind.GRPC: _OF_TLS,
    Kind.DATABASE: _OF_TLS,
    Kind.DOCKER: _OF_ALL | {"BODY"},
    Kind.HEARTBEAT: frozenset(),
}

SCHEMES = "a URL that begins with " + ", ".join(f"{scheme}://" for scheme in KIND_OF_SCHEME)


@functools.lru_cache(maxsize=16_384)
def kind_of(url: str | None, *, has_dns: bool = False, has_heartbeat: bool = False) -> Kind:
    """The kind of a monitor.

    Raises:
        ValueError: it says none, or several; the text says what is expected.
    """
    if has_heartbeat:
        if url or has_dns:
            raise ValueError("either a heartbeat or a url, since nothing is requested from whatever sends a heartbeat")
        return Kind.HEARTBEAT
    if not url:
        if has_dns:
            return Kind.DNS
        raise ValueError("one of url, dns or heartbeat")
    scheme, separator, rest = url.strip().partition("://")
    kind = KIND_OF_SCHEME.get(scheme.lower()) if separator and rest else None
    if kind is None:
        raise ValueError(SCHEMES)
    if has_dns and kind is not Kind.DNS:
        raise ValueError("a url such as dns://9.9.9.9 beside dns, or none at all")
    return kind


def misplaced(field: str, kind: Kind, value: Any) -> str | None:
    """The expectation instead of ``field`` in a monitor of this kind; None if it may be there."""
    kinds = KINDS_WITH.get(field)
    if value is None or kinds is None or kind in kinds:
        return None
    return f"none in a monitor of kind {kind}, since only {', '.join(sorted(kinds))} can use it"


def unusable_query(url: str | None) -> str | None:
    """The expectation instead of ``query`` beside the ``url`` of a database; None if it may be there."""
    scheme = (url or "").partition("://")[0].lower()
    if scheme.startswith("postgres"):
        return None
    return f"none beside {scheme}://, since only postgres:// can use it"


def unavailable(placeholders: frozenset[str], kind: Kind) -> str | None:
    """The expectation instead of conditions that read ``placeholders`` in a monitor of this kind; None if they may."""
    if placeholders <= PLACEHOLDERS_OF[kind]:
        return None
    known = ", ".join(f"[{name}]" for name in sorted(PLACEHOLDERS_OF[kind]))
    found = ", ".join(f"[{name}]" for name in sorted(placeholders - PLACEHOLDERS_OF[kind]))
    return f"only {known} in a monitor of kind {kind}; found {found}"
