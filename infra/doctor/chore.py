"""The examination from its beginning to its end."""

import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from infra.doctor.channels import examine_channels
from infra.doctor.findings import Finding, Verdict, as_json, as_lines, without_secrets, worst
from infra.doctor.outside import examine_outside
from infra.doctor.settings import configured, examine_file, examine_keys, readable
from infra.doctor.store import examine_store, examine_work
from infra.doctor.versions import examine_versions
from shared import ROOT
from shared.models import now
from shared.settings import is_loopback


def doctor(
    environ: Mapping[str, str], files: Sequence[Path], url: str | None, *, is_test_sent: bool, is_json: bool
) -> None:
    """Print what is found; exits with 1 where something is a failure.

    ``files``: that ``environ`` was read from, beside the environment. ``url``: where the deployment answers.
    """
    # What it says is all that it says.
    logging.disable(logging.CRITICAL)
    findings = examine(environ, files, url, is_test_sent=is_test_sent)
    print(as_json(findings) if is_json else as_lines(findings))
    sys.exit(worst(findings) is Verdict.FAILURE)


def examine(
    environ: Mapping[str, str], files: Sequence[Path], url: str | None = None, *, is_test_sent: bool = False
) -> list[Finding]:
    """Everything that is found, inside and, where there is a ``url``, outside."""
    findings = [finding for file in files for finding in examine_file(file)]
    settings, of_settings = readable(environ)
    channels, of_channels = configured(environ)
    is_open = url is not None and not is_loopback(urlsplit(url).hostname or "")
    findings += [*of_settings, *of_channels, *examine_keys(settings, environ, is_open=is_open)]
    findings += examine_versions(ROOT / "requirements.txt")
    condition, of_store = examine_store(settings, environ)
    findings += of_store
    if condition is not None:
        findings += examine_work(condition, channels, url or settings.own_url, now())
    findings += examine_channels(channels, settings.message_language, is_test_sent=is_test_sent)
    if url is not None:
        findings += examine_outside(url, settings, now())
    return [without_secrets(finding, {**environ, "--url": url or ""}) for finding in findings]
