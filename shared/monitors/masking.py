"""The secrets of a policy, and how they are masked wherever somebody may read it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from shared.monitors.placeholders import is_placeholder
from shared.monitors.policy import Policy
from shared.settings.secrets import MASK, password_in, without_password

# A certificate is no secret, but a PEM file may hold its key too.
_CERTIFICATE = ("client_certificate", "certificate")
_SECRET = (
    ("basic_auth", "password"),
    ("digest_auth", "password"),
    ("bearer_token",),
    ("oauth2", "client_secret"),
    _CERTIFICATE,
    ("client_certificate", "key"),
    ("heartbeat", "token"),
)
# A header is secret if its name holds one of these words.
_SECRET_WORDS = ("auth", "cookie", "key", "token", "secret", "pass", "credential", "session", "signature")
_URLS = (("url",), ("proxy",), ("oauth2", "token_url"))
# A change of one of these lets another server pose as the one that a URL names.
_TRUST = ("resolver", "ca_certificate")
_FIELDS = {"headers", *(path[0] for path in (*_SECRET, *_URLS))}


def is_secret(path: Sequence[str]) -> bool:
    """Whether what stands at ``path`` in a policy is secret, or holds something that is."""
    if not path:
        return False
    if path[0] == "headers":
        return len(path) == 1 or _is_secret(path[1])
    return any(all(own == given for own, given in zip(secret, path, strict=False)) for secret in _SECRET)


def masked(policy: Policy) -> dict[str, Any]:
    """The policy with ``***`` in place of each secret that is written out in it. A placeholder is none."""
    return _changed(policy.model_dump(mode="json"), _mask)


def written_out(policy: Policy) -> list[tuple[str, ...]]:
    """The place of each secret that ``masked`` masks, such as ``("basic_auth", "password")`` or ``("url",)``."""
    found: list[tuple[str, ...]] = []

    def note(value: str, path: tuple[str, ...]) -> str:
        if _mask(value, path) != value:
            found.append(path)
        return value

    _changed(policy.model_dump(mode="json"), note)
    return found


def secrets_in(policy: Policy) -> list[str]:
    """Each secret that a check sends, as its policy has it, be it a placeholder; of a URL its password."""
    found: list[str] = []

    def note(value: str, path: tuple[str, ...]) -> str:
        if path[0] != "client_certificate":  # a key stays with the agent, and its field may name a file
            found.append(password_in(value) if path in _URLS else value)
        return value

    # Each failed check asks, and no other field has a secret.
    _changed(policy.model_dump(mode="json", include=_FIELDS), note)
    return [secret for secret in found if secret]


def unmasked(data: Mapping[str, Any], stored: Policy | None) -> dict[str, Any]:
    """``data``, which somebody sends, with the stored secret in place of each ``***`` that ``masked`` gave out.

    Raises:
        ValueError: a ``***`` stands where none was given out, or for a secret that another server could then get;
            the text is the field, ``: ``, and what is expected.
    """
    known = stored.model_dump(mode="json") if stored else {}
    hidden = masked(stored) if stored else {}

    def kept(value: str, path: tuple[str, ...]) -> str:
        if value == _at(hidden, path):
            secret = str(_at(known, path))
            if secret != value and (elsewhere := _leads_elsewhere(path, data, known)):
                raise ValueError(
                    f"{'.'.join(path)}: the secret itself, since {elsewhere} could send it to another server"
                )
            return secret
        # Somebody changed the rest of a URL, or copied from another monitor. The secret would be lost quietly.
        if value == MASK or (path in _URLS and f"{MASK}@" in value):
            raise ValueError(f"{'.'.join(path)}: the secret itself, since {MASK} stands for none that is stored here")
        return value

    return _changed(dict(data), kept)


def _mask(value: str, path: tuple[str, ...]) -> str:
    if path in _URLS:
        return without_password(value)
    is_public = is_placeholder(value) or (path == _CERTIFICATE and "PRIVATE KEY" not in value)
    return value if is_public else MASK


def _leads_elsewhere(path: tuple[str, ...], data: Mapping[str, Any], known: Mapping[str, Any]) -> str | None:
    """The changed field by which another server could get the secret at ``path``; None if none could."""
    if path[0] == "heartbeat":
        return None
    # A token goes on to the URL, and a proxy's own password only to the proxy.
    servers = ((("oauth2", "token_url"),) if path[0] == "oauth2" else ()) + (("url",), ("proxy",))
    for each in () if path == ("proxy",) else servers:
        if not _is_as_safe(_at(data, each), _at(known, each)):
            return ".".join(each)
    if known.get("verify_tls") and data.get("verify_tls") not in (None, True):
        return "verify_tls"
    return next((name for name in _TRUST if data.get(name) != known.get(name)), None)


def _is_as_safe(url: Any, known: Any) -> bool:
    """Whether both lead to one server, or ``url`` to the same host by TLS, each on its scheme's own port."""
    server, former = _server(url), _server(known)
    if server is None or former is None:
        return server == former
    (scheme, host), (former_scheme, former_host) = server, former
    is_own_port = ":" not in host.rpartition("]")[2]
    return host == former_host and (scheme == former_scheme or (scheme == f"{former_scheme}s" and is_own_port))


def _server(url: Any) -> tuple[str, str] | None:
    """The scheme, and the host with the port, if ``url`` has one."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return "", url
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


def _changed(data: dict[str, Any], change: Callable[[str, tuple[str, ...]], str]) -> dict[str, Any]:
    """``data`` with ``change(value, path)`` in place of each secret."""
    changed = dict(data)
    for path in (*_SECRET, *_URLS):
        part = changed.get(path[0])
        if len(path) == 1 and isinstance(part, str):
            changed[path[0]] = change(part, path)
        elif isinstance(part, Mapping) and isinstance(part.get(path[-1]), str):
            changed[path[0]] = {**part, path[-1]: change(part[path[-1]], path)}
    headers = changed.get("headers")
    if isinstance(headers, Mapping):
        changed["headers"] = {
            name: change(value, ("headers", name)) if _is_secret(name) and isinstance(value, str) else value
            for name, value in headers.items()
        }
    return changed


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _is_secret(header: str) -> bool:
    return any(word in str(header).lower() for word in _SECRET_WORDS)
