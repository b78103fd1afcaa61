"""The examination from beginning to end."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from infra.clouds.aws.target import OWN_FILE as AWS_FILE
from infra.clouds.gcp.project import OWN_FILE as GCP_FILE
from infra.doctor.addresses import examine_database_host
from infra.doctor.channels import examine_channels
from infra.doctor.findings import Finding, ok, without_secrets
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
from shared.settings import Settings, is_loopback
from shared.store.admin.inspection import StoreInspection


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
    inspection, of_store = _store(settings, environ, is_far=url is not None and _is_of_a_cloud(files))
    findings += of_store
    if inspection is not None:
        findings += examine_work(inspection, settings, channels, url or settings.own_url, now())
    findings += examine_channels(channels, settings.message_language, tested=tested)
    if url is not None:
        findings += examine_outside(url, settings, now())
    secrets = {name: secret for channel in channels.values() for name, secret in channel.secrets().items()}
    return [without_secrets(finding, {**environ, **secrets, "--url": url or ""}) for finding in findings]


def _store(
    settings: Settings, environ: Mapping[str, str], *, is_far: bool
) -> tuple[StoreInspection | None, list[Finding]]:
    """``examine_store``, unless a deployment to a cloud has made the store, which is reached only there."""
    if is_far and settings.database_path is not None:
        return None, [ok("store", "not asked: only the deployment reaches the database that it has made")]
    return examine_store(settings, environ)


def _is_of_a_cloud(files: Sequence[Path]) -> bool:
    return any(file.name in (GCP_FILE, AWS_FILE) for file in files)
