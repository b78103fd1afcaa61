"""Hosts that functions in a cloud cannot check: those without an IPv4 address."""

import dataclasses
from collections.abc import Iterator
from urllib.parse import urlsplit

from infra.clouds.addresses import Lookup, look_up, only_ipv6
from infra.plan import local
from infra.plan.load import Load
from infra.plan.model import Plan
from shared.settings.secrets import without_password


def with_unreachable(plan: Plan, lookup: Lookup = look_up) -> Plan:
    """The plan with a note on each host that has IPv6 addresses only. It asks the DNS for every host."""
    if plan.platform == local.PLATFORM or plan.refusals:
        return plan
    hosts = list(_hosts(plan.load))
    notes = [
        f"{host} has no IPv4 address, and functions there have no IPv6: {' and '.join(watched)} would be down for ever"
        for host in only_ipv6([host for _, host in hosts], lookup=lookup)
        if (watched := list(dict.fromkeys(name for name, each in hosts if each == host)))
    ]
    return dataclasses.replace(plan, notes=[*plan.notes, *notes])


def _hosts(load: Load) -> Iterator[tuple[str, str]]:
    """The monitors, each with its host."""
    for url in load.settings.target_urls:
        if host := urlsplit(url).hostname:
            yield without_password(url), host
    for policy in load.checked:
        if policy.url and (host := urlsplit(policy.url).hostname):
            yield f"monitor {policy.name!r}", host
