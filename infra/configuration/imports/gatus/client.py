"""How an endpoint of Gatus connects: ``client``."""

from typing import Any
from urllib.parse import urlsplit

from infra.configuration.imports.channels import bracketed
from infra.configuration.imports.gatus.variables import Variables
from infra.configuration.imports.nodes import Node, keys

TIMEOUT = 10.0
_KNOWN = keys(
    """insecure ignore-redirect timeout dns-resolver oauth2 proxy-url identity-aware-proxy tls network tunnel
    store-cookies kerberos"""
)
_LOST = {
    "identity-aware-proxy": "Google's proxy is not supported; send a token in a header instead",
    "kerberos": "it is not supported; the check sends no credentials",
    "tunnel": "checks do not go through SSH here",
    "store-cookies": "cookies are not kept here",
}


def fields(client: Node, variables: Variables) -> dict[str, Any]:
    """The fields of a monitor that say how it connects."""
    client.note_unknown(_KNOWN, "client.")
    for name, why in _LOST.items():
        if client.has(name) and client.data[name] not in (False, ""):
            client.note(f"client.{name}", why)
    found: dict[str, Any] = {
        "timeout": client.seconds("timeout") or TIMEOUT,
        "verify_tls": False if client.flag("insecure") else None,
        "follow_redirects": False if client.flag("ignore-redirect") else None,
        "proxy": variables.of_monitor(client.text("proxy-url").strip()) or None,
        "ip_version": {"ip4": 4, "ip6": 6}.get(client.text("network").strip()),
        "resolver": _resolver(client, variables),
    }
    return found | _oauth2(client, variables) | _certificate(client, variables)


def _resolver(client: Node, variables: Variables) -> str | None:
    text = client.text("dns-resolver").strip()
    if not text:
        return None
    try:
        parts = urlsplit(text if "://" in text else f"udp://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host:
        client.note("client.dns-resolver", "expected an address such as udp://9.9.9.9:53; it is left out")
        return None
    if parts.scheme != "udp":
        client.note("client.dns-resolver", "a resolver is asked over UDP first here")
    return variables.of_monitor(host if port in (None, 53) else f"{bracketed(host)}:{port}")


def _oauth2(client: Node, variables: Variables) -> dict[str, Any]:
    if not client.has("oauth2"):
        return {}
    given = client.node("oauth2")
    names = ("token-url", "client-id", "client-secret")
    oauth2: dict[str, Any] = {name.replace("-", "_"): variables.of_monitor(given.text(name)) for name in names}
    return {"oauth2": {**oauth2, "scopes": [variables.of_monitor(str(scope)) for scope in given.listed("scopes")]}}


def _certificate(client: Node, variables: Variables) -> dict[str, Any]:
    if not client.has("tls"):
        return {}
    given = client.node("tls")
    if given.text("renegotiation") not in ("", "never"):
        client.note("client.tls.renegotiation", "TLS is never negotiated again here")
    certificate, key = given.text("certificate-file"), given.text("private-key-file")
    if not (certificate and key):
        return {}
    pair = {"certificate": variables.of_monitor(certificate), "key": variables.of_monitor(key)}
    return {"client_certificate": pair}
