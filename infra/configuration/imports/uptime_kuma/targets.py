"""Uptime Kuma's monitors without HTTP, and its heartbeats."""

import ipaddress
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from infra.configuration.imports.channels import bracketed
from infra.configuration.imports.uptime_kuma.http import expiry_days
from infra.configuration.imports.uptime_kuma.rows import Export, Row
from shared.monitors.urls import starttls_protocol

_RESOLVER = "1.1.1.1"
_SOCKET = "/var/run/docker.sock"
_PACKET_SIZE = 56
_RECORDS = ("A", "AAAA", "CNAME", "MX", "NS", "TXT", "SRV", "SOA", "PTR", "CAA")
_NO_LOGIN = "the check here asks the server itself, without logging in"
_MOST_PACKETS = 20


class NotSupported(Exception):
    """There is no such check here. The text says what is missing."""


def _host(row: Row) -> str:
    # Lists that people write by hand have the host in the URL.
    host = row.word("hostname") or row.word("url")
    return (urlsplit(host).hostname or "") if "://" in host else host


def _address(row: Row, port: int | None = None) -> str:
    """Host and port as a URL has them."""
    host = _host(row)
    if not host:
        raise NotSupported("it has no host")
    number = row.whole("port") or port
    return f"{bracketed(host)}:{number}" if number else bracketed(host)


def port(row: Row, export: Export) -> dict[str, Any]:
    """A TCP port, with TLS if Uptime Kuma begins it there: without STARTTLS, only to see when the certificate ends."""
    if not row.whole("port"):
        raise NotSupported("it has no port")
    security, is_watched = row.word("smtp_security"), row.flag("expiry_notification")
    scheme = "starttls" if security == "starttls" else "tls" if security == "secure" and is_watched else "tcp"
    is_certificate_watched = is_watched and scheme != "tcp"
    url = f"{scheme}://{_address(row)}"
    is_unsaid = scheme == "starttls" and starttls_protocol(url) is None
    if is_unsaid:
        row.note("smtp_security starttls", "SMTP is spoken before it; set protocol: imap if the server speaks that")
    return {
        "url": url,
        "protocol": "smtp" if is_unsaid else None,
        "certificate_expiry": expiry_days(export) if is_certificate_watched else None,
    }


def ping(row: Row, _: Export) -> dict[str, Any]:
    """An ICMP echo."""
    size = row.whole("packet_size")
    if size not in (None, 0, _PACKET_SIZE):
        row.note(f"packet_size {size}", "the size of a packet is fixed here")
    count = row.whole("ping_count") or 1
    host = _host(row)
    if not host:
        raise NotSupported("it has no host")
    return {"url": f"icmp://{bracketed(host)}", "packets": min(count, _MOST_PACKETS) if count > 1 else None}


def dns(row: Row, _: Export) -> dict[str, Any]:
    """A question to a resolver."""
    servers = [server.strip() for server in row.word("dns_resolve_server").split(",") if server.strip()]
    if len(servers) > 1:
        row.note("dns_resolve_server", f"only the first of {len(servers)} resolvers is asked")
    number = row.whole("port")
    server = bracketed(servers[0] if servers else _RESOLVER)
    name, kind = _host(row), row.word("dns_resolve_type").upper() or "A"
    if not name:
        raise NotSupported("it has no name to look up")
    if kind == "PTR":
        name = _reverse(name)
    if kind not in _RECORDS:
        raise NotSupported(f"records of type {kind} are not looked up here")
    return {
        "url": f"dns://{server}:{number}" if number and number != 53 else f"dns://{server}",
        "dns": {"query_name": name, "query_type": kind},
        "conditions": _record_conditions(row),
    }


def _reverse(name: str) -> str:
    try:
        return ipaddress.ip_address(name).reverse_pointer
    except ValueError:
        return name


_PART_OF_ALL = (
    "here the value is looked for anywhere in all records together, also within a longer one: 1.2.3.4 is in 11.2.3.45; "
    "if there is one record only, [BODY] == 1.2.3.4 compares the whole"
)


def _record_conditions(row: Row) -> list[str] | None:
    """The required record. Uptime Kuma asks it of any one record, and ``[BODY]`` holds them all."""
    patterns = {
        **dict.fromkeys(("equals", "contains", "starts_with", "ends_with"), "[BODY] == pat(*{}*)"),
        **dict.fromkeys(("not_equals", "not_contains"), "[BODY] != pat(*{}*)"),
    }
    found: list[str] = []
    for condition in row.listed("conditions"):
        given = condition if isinstance(condition, dict) else {}
        pattern = patterns.get(str(given.get("operator")))
        is_joined_by_or = bool(found) and given.get("andOr") == "or"
        if given.get("type") != "expression" or pattern is None or is_joined_by_or:
            row.note(
                "conditions", "groups of them, “or” and this comparison have no counterpart here; all are left out"
            )
            return None
        found.append(pattern.format(given.get("value", "")))
    if found:
        row.note("conditions", _PART_OF_ALL)
    return found or None


def docker(row: Row, export: Export) -> dict[str, Any]:
    """A container."""
    container = row.word("docker_container")
    if not container:
        raise NotSupported("it has no container")
    identity = row.whole("docker_host")
    host = export.docker_hosts.get(identity) if identity else None
    if identity and host is None:
        row.note("docker_host", "the source does not say where it is; the engine of this machine is asked")
    daemon = host.word("docker_daemon") if host else ""
    if not daemon or daemon in (_SOCKET, f"unix://{_SOCKET}"):
        return {"url": f"docker://{container}"}
    if host and host.word("docker_type") == "socket":
        return {"url": f"docker://{container}?host=unix://{daemon.removeprefix('unix://')}"}
    if daemon.startswith("https:"):
        why = "the certificates in Uptime Kuma's folder docker-tls are not read; set client_certificate, ca_certificate"
        row.note("docker_host", why)
    return {"url": f"docker://{container}?host={re.sub(r'^http://', 'tcp://', daemon)}"}


def push(row: Row, _: Export) -> dict[str, Any]:
    """A heartbeat, with its token: whoever sends it goes on as before."""
    period = row.number("interval") or 60
    retries = max(row.whole("maxretries") or 0, 0)
    grace = retries * (row.number("retry_interval") or period)
    return {
        "interval": None,
        "heartbeat": {"period": period, "grace": max(grace, 1.0), "token": row.word("push_token") or None},
    }


def mqtt(row: Row, _: Export) -> dict[str, Any]:
    """An MQTT broker."""
    host = row.word("hostname")
    scheme = "mqtts" if host.lower().startswith(("mqtts://", "wss://")) else "mqtt"
    if host.lower().startswith(("ws://", "wss://")):
        raise NotSupported("MQTT over WebSocket is not checked here")
    if row.word("mqtt_topic"):
        row.note("topic and message", "the check here connects, without waiting for a message")
    user, password = row.text("mqtt_username"), row.text("mqtt_password")
    credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    return {"url": f"{scheme}://{credentials}{_address(row, 8883 if scheme == 'mqtts' else 1883)}"}


def _with_one_host(row: Row, netloc: str) -> str:
    """The user, the password and the first host of several, which is noted."""
    credentials, at, hosts = netloc.rpartition("@")
    host, comma, _ = hosts.partition(",")
    if comma:
        row.note("hosts", "only the first of them is asked")
    return credentials + at + host


def postgres(row: Row, _: Export) -> dict[str, Any]:
    """A PostgreSQL server, with its query."""
    url = row.word("database_connection_string")
    if not url.lower().startswith(("postgres://", "postgresql://")):
        raise NotSupported("its connection string is no URL")
    parts = urlsplit(url)
    if (netloc := _with_one_host(row, parts.netloc)) != parts.netloc:
        url = parts._replace(netloc=netloc).geturl()
    return {"url": url, "query": row.text("database_query").strip() or None}


def database(row: Row, _: Export) -> dict[str, Any]:
    """Another database server, which is asked as anybody can. Redis gets its password."""
    url = urlsplit(row.word("database_connection_string"))
    schemes = {"mysql": "mysql", "mariadb": "mysql", "redis": "redis", "rediss": "rediss", "mongodb": "mongodb"}
    scheme = schemes.get(url.scheme.lower())
    if scheme is None or not url.hostname:
        raise NotSupported("its connection string is none that is known here")
    credentials, at, host = _with_one_host(row, url.netloc).rpartition("@")
    is_kept = scheme.startswith("redis")
    if (at and not is_kept) or row.text("database_query").strip():
        row.note("login and query", _NO_LOGIN)
    return {
        "url": f"{scheme}://{credentials + at if is_kept else ''}{host}",
        "verify_tls": False if scheme == "rediss" and row.flag("ignore_tls") else None,
    }


def rabbitmq(row: Row, _: Export) -> dict[str, Any]:
    """The management API of RabbitMQ, as Uptime Kuma asks it."""
    nodes = [node for node in row.listed("rabbitmq_nodes") if isinstance(node, str) and "://" in node]
    if not nodes:
        raise NotSupported("it has no node")
    if len(nodes) > 1:
        row.note("rabbitmq_nodes", f"only the first of {len(nodes)} nodes is asked")
    parts = urlsplit(nodes[0])
    user, password = row.text("rabbitmq_username"), row.text("rabbitmq_password")
    return {
        "url": f"{parts.scheme}://{parts.netloc}/api/health/checks/alarms",
        "basic_auth": {"username": user, "password": password} if user and password else None,
        "accepted_status_codes": ["200"],
    }


def smtp(row: Row, _: Export) -> dict[str, Any]:
    """A mail server."""
    security = row.word("smtp_security")
    if security == "starttls":
        return {"url": f"starttls://{_address(row, 25)}", "protocol": "smtp"}
    return {"url": f"{'smtps' if security == 'secure' else 'smtp'}://{_address(row, 25)}"}


def websocket(row: Row, _: Export) -> dict[str, Any]:
    """A WebSocket that accepts the upgrade."""
    protocols = row.word("ws_subprotocol")
    codes = [str(code) for code in row.listed("accepted_statuscodes_json")]
    if codes not in ([], ["1000"]):
        row.note("accepted_statuscodes", "the code that ends a connection is not judged here")
    if row.flag("ws_ignore_sec_websocket_accept_header"):
        row.note("ws_ignore_sec_websocket_accept_header", "it has no counterpart here")
    return {
        "url": row.word("url"),
        "headers": {"Sec-WebSocket-Protocol": protocols} if protocols else None,
        "verify_tls": False if row.flag("ignore_tls") else None,
    }


def grpc(row: Row, _: Export) -> dict[str, Any]:
    """The health service of gRPC; a call of anything else has no counterpart."""
    service, method = row.word("grpc_service_name"), row.word("grpc_method")
    if service.rpartition(".")[2].lower() != "health" or method.lower() != "check":
        raise NotSupported(f"only the health service of gRPC is asked here, not {service}/{method}")
    if row.flag("invert_keyword"):
        raise NotSupported("a keyword that must not be in the answer is not expected of gRPC here")
    if row.word("keyword") and row.word("keyword") != "SERVING":
        row.note("keyword", "SERVING is expected here")
    target = row.word("grpc_url")
    host = target.partition("://")[2] or target
    asked = _asked_service(row.text("grpc_body"))
    return {"url": f"{'grpcs' if row.flag('grpc_enable_tls') else 'grpc'}://{host.rstrip('/')}{asked}"}


def _asked_service(body: str) -> str:
    try:
        service = json.loads(body).get("service")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return f"/{service}" if isinstance(service, str) and service else ""


READERS: dict[str, Callable[[Row, Export], dict[str, Any]]] = {
    "port": port,
    "ping": ping,
    "dns": dns,
    "docker": docker,
    "push": push,
    "mqtt": mqtt,
    "postgres": postgres,
    "mysql": database,
    "redis": database,
    "mongodb": database,
    "rabbitmq": rabbitmq,
    "smtp": smtp,
    "websocket-upgrade": websocket,
    "grpc-keyword": grpc,
}
