"""Databases and brokers: a few bytes show whether the server is well, without a client library."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from functions.check_monitors.probes.judgement import Subject
from functions.check_monitors.probes.kinds import database_words as words
from functions.check_monitors.probes.transfers.connect import ConnectCheck
from functions.check_monitors.probes.transfers.talk import Conversation


@dataclass(frozen=True)
class _Protocol:
    port: int
    talk: Callable[..., Conversation]
    is_tls: bool = False


_PROTOCOLS = {
    "postgres": _Protocol(5432, words.postgres),
    "postgresql": _Protocol(5432, words.postgres),
    "mysql": _Protocol(3306, words.mysql),
    "redis": _Protocol(6379, words.redis),
    "rediss": _Protocol(6379, words.redis, is_tls=True),
    "mongodb": _Protocol(27017, words.mongodb),
    "mqtt": _Protocol(1883, words.mqtt),
    "mqtts": _Protocol(8883, words.mqtt, is_tls=True),
    "amqp": _Protocol(5672, words.amqp),
    "amqps": _Protocol(5671, words.amqp, is_tls=True),
}


class DatabaseCheck(ConnectCheck):
    """The check of a database or a broker, to which the agent is a stranger unless the URL has a password."""

    def __init__(self, subject: Subject, protocol: _Protocol) -> None:
        super().__init__(subject, is_tls=protocol.is_tls)
        self.protocol = protocol
        self.default_port = protocol.port

    def conversation(self) -> Conversation:
        """Say the protocol's few words."""
        user = unquote(self.parts.username or "")
        password = unquote(self.parts.password) if self.parts.password is not None else None
        return self.protocol.talk(self.heard, user, password)


def check_of(subject: Subject) -> Any:
    """The check of a policy whose URL is that of a database or a broker."""
    url = subject.policy.url or ""
    scheme = url.partition("://")[0].strip().lower()
    if scheme.startswith("postgres") and (subject.policy.query or _has_password(url)):
        from functions.check_monitors.probes.kinds.postgres_query import PostgresQuery

        return PostgresQuery(subject)
    return DatabaseCheck(subject, _PROTOCOLS[scheme])


def _has_password(url: str) -> bool:
    authority = url.partition("://")[2].partition("/")[0]
    return ":" in authority.rpartition("@")[0]
