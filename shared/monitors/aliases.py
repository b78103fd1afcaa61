"""Names of fields that other tools use: Gatus's with hyphens, and those of Uptime Kuma's columns and JSON.

Only names that mean the same as a field of ours are here. ``python -m infra import`` reads those that take more of a
monitor to understand, such as Uptime Kuma's ``type`` with its ``hostname`` and ``port``.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from shared.monitors.descriptions import MONITOR, PARTS
from shared.monitors.durations import seconds_of

_DEFAULT_INTERVAL = 60.0  # as in policy.py
_FAMILIES = {"ip": "either", "ip4": 4, "ip6": 6, "ipv4": 4, "ipv6": 6}


def _same(value: Any) -> Any:
    return value


def _inverted(value: Any) -> bool:
    if not isinstance(value, int) or value not in (0, 1):  # a bool is an int too, and columns hold 0 and 1
        raise ValueError("true or false")
    return not value


def _one_more(value: Any) -> int:
    return _count(value) + 1


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a whole number from 0 on")
    return value


def _listed(value: Any) -> Any:
    """A list, which Uptime Kuma's columns hold as JSON."""
    if not isinstance(value, str) or not value.startswith("["):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError('a list such as ["200-299"]') from None


def _family(value: Any) -> Any:
    return _FAMILIES.get(value, value) if isinstance(value, str) else value


# Each name, the field that it means, and how its value becomes that of the field. Hyphens have become underscores.
_ALIASES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "minimum_reminder_interval": ("reminder_interval", lambda value: None if value in (0, "0", "0s") else value),
    "dns_resolver": ("resolver", _same),
    "proxy_url": ("proxy", _same),
    "ignore_redirect": ("follow_redirects", _inverted),
    "insecure": ("verify_tls", _inverted),
    "active": ("enabled", _same),
    "accepted_statuscodes": ("accepted_status_codes", _listed),
    "accepted_statuscodes_json": ("accepted_status_codes", _listed),
    "maxretries": ("failure_threshold", _one_more),
    "maxRetries": ("failure_threshold", _one_more),
    "max_retries": ("failure_threshold", _one_more),
    "retryInterval": ("retry_interval", _same),
    "upsideDown": ("upside_down", _same),
    "ignore_tls": ("verify_tls", _inverted),
    "ignoreTls": ("verify_tls", _inverted),
    "maxredirects": ("max_redirects", _same),
    "maxRedirects": ("max_redirects", _same),
    "ip_family": ("ip_version", _family),
    "ipFamily": ("ip_version", _family),
    "tls_ca": ("ca_certificate", _same),
    "tlsCa": ("ca_certificate", _same),
    # Resends are counted in checks: see _reminder_interval.
    "resend_interval": ("reminder_interval", _count),
    "resendInterval": ("reminder_interval", _count),
}
_RESENDS = ("resend_interval", "resendInterval")


def other_names() -> list[str]:
    """The names of fields that other tools have, hyphens and our own names apart."""
    return list(_ALIASES)


def normalised(data: Mapping[str, Any]) -> dict[str, Any]:
    """``data``, the fields of a monitor, with the names that this package's models have. Other names are left alone.

    Raises:
        ValueError: a field is given under two names, or the value of an alias cannot be converted; the text is
            ``NAME: `` and what is expected.
    """
    if not any(name in _ALIASES or name in PARTS or "-" in name for name in data if isinstance(name, str)):
        return dict(data)
    fields: dict[str, Any] = {}
    given: dict[str, str] = {}
    for name, value in data.items():
        field, convert = _meaning(name)
        if field in given:
            raise ValueError(f"{name}: one of {given[field]} and {name}, which mean the same")
        given[field] = name
        try:
            # null stands for the field's default, under any name.
            fields[field] = None if value is None else convert(value)
        except ValueError as wrong:
            raise ValueError(f"{name}: {wrong}") from None
    is_counted = given.get("reminder_interval", "").replace("-", "_") in _RESENDS
    if is_counted and (resends := fields["reminder_interval"]) is not None:
        fields["reminder_interval"] = _reminder_interval(resends, fields.get("interval"))
    return fields


def _meaning(name: str) -> tuple[str, Callable[[Any], Any]]:
    plain = str(name).replace("-", "_")  # YAML may have numbers for names
    if plain in _ALIASES:
        return _ALIASES[plain]
    if plain in PARTS:
        return plain, lambda value: _part(value, PARTS[plain])
    # A mistyped name keeps its hyphens, so that the error shows it as it was written.
    return (plain if plain in MONITOR else name), _same


def _part(value: Any, known: Mapping[str, str]) -> Any:
    """A part of a monitor without hyphens in its names."""
    if not isinstance(value, Mapping):
        return value
    fields: dict[Any, Any] = {}
    for name, content in value.items():
        plain = str(name).replace("-", "_")
        field = plain if plain in known else name
        if field in fields:
            raise ValueError(f"either {field} or {field.replace('_', '-')}, which mean the same")
        fields[field] = content
    return fields


def _reminder_interval(resends: int, interval: Any) -> float | None:
    try:
        seconds = seconds_of(_DEFAULT_INTERVAL if interval is None else interval)
    except ValueError:  # the field itself is refused for it
        seconds = _DEFAULT_INTERVAL
    return resends * seconds or None
