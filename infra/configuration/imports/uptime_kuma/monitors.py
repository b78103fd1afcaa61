"""Uptime Kuma's monitors."""

from typing import Any

from infra.configuration.imports.monitors import add_monitor
from infra.configuration.imports.naming import monitor_names, one_line
from infra.configuration.imports.placeholders import literal
from infra.configuration.imports.result import Imported
from infra.configuration.imports.uptime_kuma import http, targets
from infra.configuration.imports.uptime_kuma.groups import Groups
from infra.configuration.imports.uptime_kuma.rows import Export, Row
from infra.configuration.imports.uptime_kuma.targets import NotSupported

_READERS = {
    **dict.fromkeys(("http", "keyword", "json-query"), http.fields),
    "real-browser": http.browser,
    **targets.READERS,
}
# Uptime Kuma's own defaults for a monitor that somebody wrote by hand.
_INTERVAL = 60
# The share of the interval that a check may take if no timeout is set.
_TIMEOUT = 0.8
_ALL_LOST = "none of them is carried over, so it notifies no channel here (channels: []); set channels"
_GROUP_NOTIFIES = (
    "a group is no monitor here: a monitor in it that has none of its own notifies its channels, each for itself; "
    "one with its own notifies those only"
)
# Options that every type may have, and that are lost.
_LOST = {
    "cache_bust": "a query that defeats caches",
    "expected_tls_alert": "expected TLS alert",
    "retry_only_on_status_code_failure": "retrying only after a wrong status code",
}


def add_all(export: Export, groups: Groups, channels: dict[int, list[str]], imported: Imported) -> None:
    """Add each monitor that can be carried over. ``channels``: the names of each notification's channels, by its id."""
    silent = 0
    for row in export.monitors:
        if groups.is_group(row):
            _note_group(row, export, groups, imported)
            continue
        fields = _common(row, export, groups, channels)
        try:
            own = _own(row, export)
        except NotSupported as reason:
            imported.notes.add(row.where, f"type {row.word('type') or 'unknown'}", f"{reason}; it is left out")
            continue
        fields |= {name: literal(value) for name, value in own.items()}
        if add_monitor(imported, fields) and not fields["channels"]:
            is_lost = any(number in channels for number in groups.notifications_of(row))
            silent += not is_lost
            if is_lost:
                row.note("notifications", _ALL_LOST)
    _forget_parents(imported)
    expiring = sum(row.flag("domain_expiry_notification") for row in export.monitors)
    if expiring:
        what = f"domain_expiry_notification of {expiring}"
        imported.notes.add("monitors", what, "the expiry of a domain is not watched here")
    if silent:
        what = f"{silent} without a notification"
        imported.notes.add("monitors", what, "they notify no channel, as in Uptime Kuma (channels: [])")


def _forget_parents(imported: Imported) -> None:
    """Depend on no parent that was left out."""
    names = {monitor["name"] for monitor in imported.monitors}
    for monitor in imported.monitors:
        parents = monitor.get("depends_on", [])
        if set(parents) - names:
            imported.notes.add(f"monitors {monitor['name']!r}", "parent", f"{parents[0]!r} is not carried over")
            del monitor["depends_on"]


def name_all(export: Export, groups: Groups) -> None:
    """Give each monitor its name. Names of groups are not unique ones' business: a group is no monitor here."""
    watched = [row for row in export.monitors if not groups.is_group(row)]
    wanted = [(row.whole("id") or 0, row.word("name") or row.word("url") or row.word("hostname")) for row in watched]
    export.names = monitor_names(wanted, export.notes)
    for row in export.monitors:
        identity = row.whole("id") or 0
        row.where = f"monitors {export.names.get(identity, one_line(row.text('name')))!r}"
        if groups.is_group(row):
            row.where = f"groups {groups.path(identity)!r}"


def _common(row: Row, export: Export, groups: Groups, channels: dict[int, list[str]]) -> dict[str, Any]:
    """The fields that monitors of all types have."""
    identity = row.whole("id") or 0
    interval = row.number("interval") or _INTERVAL
    retries = max(row.whole("maxretries") or 0, 0)
    named = (name for number in groups.notifications_of(row) for name in channels.get(number, []))
    fields: dict[str, Any] = {
        "name": export.names[identity],
        "group": groups.of(row),
        "description": row.word("description") or None,
        "tags": list(dict.fromkeys(one_line(tag) for tag in export.tags_of.get(identity, []) if one_line(tag))) or None,
        "interval": interval,
        "failure_threshold": retries + 1,
        "upside_down": row.flag("upside_down") or None,
        "depends_on": groups.depends_on(row),
        "channels": list(dict.fromkeys(named)),
    }
    if not row.flag("active", default=True):
        fields["enabled"] = False
    elif groups.is_paused(row):
        fields["enabled"] = False
        export.notes.add(row.where, "active", "its group is paused, so it is imported paused")
    if resend := row.whole("resend_interval"):
        fields["reminder_interval"] = resend * interval
    if row.word("type") != "push":
        fields["timeout"] = row.number("timeout") or interval * _TIMEOUT
        fields |= _retrying(row, interval, retries)
    return fields


def _retrying(row: Row, interval: float, retries: int) -> dict[str, Any]:
    retry_interval = row.number("retry_interval")
    if not retries or not retry_interval or retry_interval == interval:
        return {}
    why = (
        f"here the interval of {interval:g} s holds while a monitor is failing too; "
        "with retries and failure_threshold: 1 a check tries again after retry_interval"
    )
    row.note(f"retry_interval of {retry_interval:g} s", why)
    return {"retry_interval": retry_interval}


def _own(row: Row, export: Export) -> dict[str, Any]:
    """The fields of its type. Raises NotSupported."""
    kind = row.word("type")
    reader = _READERS.get(kind)
    if reader is None:
        raise NotSupported("there is no such kind of check here")
    try:
        fields = reader(row, export)
    except ValueError:
        # urlsplit refuses half a bracket, and a port that is no number.
        raise NotSupported("its URL is malformed") from None
    if kind != "dns" and row.listed("conditions"):
        row.note("conditions", "what a message or a query's result holds is not judged here; they are left out")
    for column, what in _LOST.items():
        if row.flag(column) and row.word(column) != "none":
            row.note(what, "it has no counterpart here")
    if family := {"ipv4": 4, "ipv6": 6}.get(row.word("ip_family").lower()):
        fields["ip_version"] = family
    return fields


def _note_group(row: Row, export: Export, groups: Groups, imported: Imported) -> None:
    identity = row.whole("id") or 0
    if export.channels_of.get(identity):
        row.note("notifications", _GROUP_NOTIFIES)
    if export.tags_of.get(identity) or row.word("description"):
        row.note("tags and description", "a group has none here")
    if groups.is_nested(row):
        row.note("nesting", "groups are flat here, so this one has the names of all above it")
    if not groups.has_monitors(identity):
        imported.notes.add(row.where, "the group", "no monitor is in it; it is left out")
