"""Inside: whether the database's host can be reached from a cloud."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from infra.clouds.addresses import Lookup, look_up, only_ipv6
from infra.doctor.findings import Finding, warning
from shared.settings import Settings


def examine_database_host(settings: Settings, lookup: Lookup = look_up) -> Iterator[Finding]:
    """A host without an IPv4 address: functions in a cloud have no IPv6."""
    if settings.database_path is not None:
        return
    try:
        host = urlsplit(settings.database_url.get_secret_value()).hostname
    except ValueError:
        return  # reported with the settings
    if host and only_ipv6([host], lookup=lookup):
        found = f"the host of DATABASE_URL, {host}, has an IPv6 address only"
        expected = "an IPv4 address too, if functions in a cloud use it: they have no IPv6"
        yield warning("store", found, expected=expected, fix="DATABASE_URL=… with such a host, perhaps a pooler's")
