"""What of a policy is secret, and how it is masked wherever somebody may read it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shared.monitors.placeholders import is_placeholder
from shared.monitors.policy import Policy
from shared.settings.secrets import MASK, without_password

_SECRET = (
    ("basic_auth", "password"),
    ("digest_auth", "password"),
    ("bearer_token",),
    ("oauth2", "client_secret"),
    ("client_certificate", "key"),
    ("heartbeat", "token"),
)
# A header is secret if its name holds one of these words.
_SECRET_WORDS = ("authorization", "cookie", "key", "token", "secret", "password", "auth")
_URLS = ("url", "proxy")


def is_secret(path: Sequence[str]) -> bool:
    """Whether what stands at ``path`` in a policy is secret, or holds something that is."""
    if not path:
        return False
    if path[0] == "headers":
        return len(path) == 1 or _is_secret(path[1])
    return any(all(own == given for own, given in zip(secret, path, strict=False)) for secret in _SECRET)


def masked(policy: Policy) -> dict[str, Any]:
    """The policy with ``***`` in place of each secret that is written out in it. A placeholder is none."""

    def mask(value: str, path: tuple[str, ...]) -> str:
        if path[0] in _URLS:
            return without_password(value)
        return value if is_placeholder(value) else MASK

    return _changed(policy.model_dump(mode="json"), mask)


def unmasked(data: Mapping[str, Any], stored: Policy) -> dict[str, Any]:
    """``data``, which somebody sends, with the stored secret in place of each ``***`` that ``masked`` gave out."""
    known = stored.model_dump(mode="json")
    hidden = masked(stored)

    def kept(value: str, path: tuple[str, ...]) -> str:
        is_as_given_out = value == _at(hidden, path)
        return str(_at(known, path)) if is_as_given_out else value

    return _changed(dict(data), kept)


def _changed(data: dict[str, Any], change: Callable[[str, tuple[str, ...]], str]) -> dict[str, Any]:
    """``data`` with ``change(value, path)`` in place of each secret."""
    changed = dict(data)
    for path in _SECRET:
        part = changed.get(path[0])
        if len(path) == 1 and isinstance(part, str):
            changed[path[0]] = change(part, path)
        elif isinstance(part, dict) and isinstance(part.get(path[-1]), str):
            changed[path[0]] = {**part, path[-1]: change(part[path[-1]], path)}
    headers = changed.get("headers")
    if isinstance(headers, dict):
        changed["headers"] = {
            name: change(value, ("headers", name)) if _is_secret(name) and isinstance(value, str) else value
            for name, value in headers.items()
        }
    for field in _URLS:
        url = changed.get(field)
        if isinstance(url, str) and "@" in url:
            changed[field] = change(url, (field,))
    return changed


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _is_secret(header: str) -> bool:
    return any(word in header.lower() for word in _SECRET_WORDS)
