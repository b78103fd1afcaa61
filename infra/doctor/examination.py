"""The examination from beginning to end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from infra.doctor.addresses import examine_database_host
from infra.doctor.channels import examine_channels
from infra.doctor.findings import Finding, without_secrets
from infra.doctor.outside import examine_outside
from infra.doctor.settings import (
    configured,
    examine_file,
    examine_keys,
    examine_proxies,
    readable,
    with_channels_of_file,
)
from infra.doctor.store import examine_store, examine_work
from infra.doctor.versions import examine_versions
from shared import ROOT
from shared.models import now
from shared.settings import is_loopback


def examine(
    environ: Mapping[str, str], files: Sequence[Path], url: str | None = None, *, tested: str | None = None
) -> list[Finding]:
    """Everything that is found, inside and, if there is a ``url``, outside.

    ``files``: those that ``environ`` was read from, apart from the environment. ``url``: where the deployment responds.
    ``tested``: see ``examine_channels``.
    """
    findings = [finding for file in files for finding in examine_file(file)]
    settings, of_settings = readable(environ)
    environ = with_channels_of_file(environ, settings)
    channels, of_channels = configured(environ)
    is_open = url is not None and not is_loopback(urlsplit(url).hostname or "")
    findings += [*of_settings, *of_channels, *examine_keys(settings, environ, is_open=is_open)]
    findings += examine_proxies(settings, channels.values())
    findings += examine_versions(ROOT / "requirements.txt")
    findings += examine_database_host(settings)
    inspection, of_store = examine_store(settings, environ)
    findings += of_store
    if inspection is not None:
        findings += examine_work(inspection, settings, channels, url or settings.own_url, now())
    findings += examine_channels(channels, settings.message_language, tested=tested)
    if url is not None:
        findings += examine_outside(url, settings, now())
    secrets = {name: secret for channel in channels.values() for name, secret in channel.secrets().items()}
    return [without_secrets(finding, {**environ, **secrets, "--url": url or ""}) for finding in findings]
