"""Inside: the settings, the file that holds them, and the keys."""

import contextlib
import difflib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from infra.doctor.findings import Finding, failure, ok, warning
from infra.local.configured import read_at_start
from infra.local.environment import FileInvalid, open_to_others, overridden, refuse_unknown_zone, values_in
from shared import ROOT
from shared.channels import read as read_channels
from shared.notifiers import NotifierKind
from shared.settings import SettingError, Settings, is_in_cloud, is_loopback
from shared.settings.proxies import refuse_unusable
from shared.settings.secrets import without_password

_NEW_KEY = "API_KEY=… from python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


def examine_file(file: Path) -> Iterator[Finding]:
    """The file of settings: whether other users can read it, and misspelled names in it."""
    if not os.path.lexists(file):
        yield ok("settings", f"there is no {file.name}: all settings come from the environment")
        return
    given, trouble = read(file)
    if trouble is not None:
        fix = f"edit {file}, and chmod 600 it as its owner"
        yield failure("settings", trouble, expected="NAME=value lines in UTF-8", fix=fix)
        return
    if sentence := open_to_others(file):
        yield failure("settings", sentence, expected="a file that only its owner can read", fix=f"chmod 600 {file}")
    for sentence in overridden(file):
        yield warning("settings", sentence, expected="each name once", fix=f"edit {file}")
    known = list(dotenv_values(ROOT / ".env.example", interpolate=False))
    for name in given:
        # A name that resembles none of our settings belongs to another program.
        meant = difflib.get_close_matches(name, known, 1, 0.8)
        if name not in known and meant:
            yield warning(
                "settings",
                f"{name} in {file.name} is not a setting",
                expected=f"perhaps {meant[0]}",
                fix=f"edit {file}",
            )


def read(file: Path) -> tuple[dict[str, str], str | None]:
    """The file's settings, none if there is no file; and the reason if it cannot be read."""
    try:
        return values_in(file), None
    except FileInvalid as error:
        return {}, str(error)


def readable(environ: Mapping[str, str]) -> tuple[Settings, list[Finding]]:
    """The settings, with the default for each that is malformed, and a finding for each of those."""
    given, findings = dict(environ), []
    while True:
        try:
            settings = Settings.from_env(given)
            break
        except SettingError as trouble:
            findings.append(_malformed(trouble))
            del given[trouble.variable]
    try:
        refuse_unknown_zone(environ)
    except SettingError as trouble:
        findings.append(_malformed(trouble))
    try:
        _ = settings.key
    except SettingError as trouble:
        if all(trouble.variable not in finding.found for finding in findings):
            findings.append(_malformed(trouble))
    if not findings:
        count = len(settings.target_urls)
        findings.append(ok("settings", f"every setting can be read; TARGET_URL has {count} to watch"))
    of_file = _of_file(settings, given)
    if not settings.target_urls and not of_file:
        found = f"TARGET_URL is not set, and there is no {settings.config_file.name}"
        fix = "TARGET_URL=… in .env, or echo 'monitors: [{name: Site, url: \"https://example.org/\"}]' > bonghwa.yaml"
        expected = "something to watch, unless POST /monitors says it"
        findings.append(warning("settings", found, expected=expected, fix=fix))
    return settings, [*findings, *of_file]


def _of_file(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """A finding for each mistake in the configuration's file, or one that says what it has to watch."""
    file = settings.config_file
    if settings.config_file_given is None and not os.path.lexists(file):
        return []
    from infra.configuration.file import FileErrors, read

    try:
        count = len(read(file, environ).monitors)
    except FileErrors as wrong:
        expected = "a file that can be read, since the system keeps the monitors that it had before"
        fix = f"edit {file}; python -m infra apply --dry-run shows what it changes"
        return [failure("file", line, expected=expected, fix=fix) for line in str(wrong).splitlines()]
    return [ok("file", f"{file} has {count} monitors")]


def with_channels_of_file(environ: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The environment as the local system has it: the channels of the file are in CHANNELS too."""
    given = dict(environ)
    # A mistake in the file is a finding already.
    with contextlib.suppress(SettingError):
        read_at_start(given, settings)
    return given


def configured(environ: Mapping[str, str]) -> tuple[dict[str, NotifierKind], list[Finding]]:
    """The channels that are on, and a finding for each that is malformed, half configured or without its library."""
    channels, errors = read_channels(environ)
    findings = [_malformed(error) for error in errors]
    for name, notifier in tuple(channels.items()):
        try:
            notifier.refuse_missing_library()
        except SettingError as error:
            findings.append(_without_library(error))
            del channels[name]
    return channels, findings


def examine_proxies(settings: Settings, channels: Collection[NotifierKind]) -> Iterator[Finding]:
    """The proxy variables: whether they can be read, and whether what is called through a proxy can use it."""
    try:
        refuse_unusable(settings.backend_url)
    except SettingError as trouble:
        yield _malformed(trouble)
        return
    for notifier in channels:
        try:
            notifier.refuse_unusable_proxy()
        except SettingError as trouble:
            yield _malformed(trouble)


def examine_keys(settings: Settings, environ: Mapping[str, str], *, is_open: bool) -> Iterator[Finding]:
    """The keys, and what callers can do without one. ``is_open``: others can call the deployment that is examined.

    The settings here say nothing about what that deployment allows without a key; ``examine_outside`` tries it.
    """
    is_open_here = is_in_cloud(environ) or settings.serves_others
    if not settings.api_keys:
        return  # reported with the settings
    try:
        settings.refuse_weak_keys()
        yield ok("keys", f"{len(settings.api_keys)} in use; none is weak or taken from the documentation")
    except SettingError:
        say = failure if is_open or is_open_here else warning
        yield say(
            "keys",
            "a key in API_KEY can be guessed: it is short, or taken from the documentation",
            expected="at least 16 random characters",
            fix=_NEW_KEY,
        )
    if is_open_here and settings.api_auth != "all":
        what = "read alerts" if settings.api_auth == "writes" else "read and change alerts"
        yield warning(
            "keys",
            f"API_AUTH is {settings.api_auth}: others can {what} without a key",
            expected="all, if other machines can call",
            fix="API_AUTH=all",
        )
    if settings.backend_url.startswith("http://") and not is_loopback(urlsplit(settings.backend_url).hostname or ""):
        yield warning(
            "keys",
            "the agent sends its key to BACKEND_URL unencrypted",
            expected="an https:// URL",
            fix=f"BACKEND_URL={without_password(settings.backend_url).replace('http://', 'https://', 1)}",
        )


def _without_library(trouble: SettingError) -> Finding:
    found, _, expected = str(trouble).partition(": expected ")
    expected, _, command = expected.partition(": ")
    return failure("settings", found, expected=expected, fix=command)


def _malformed(trouble: SettingError) -> Finding:
    found, _, expected = str(trouble).partition(": expected ")
    # CHANNELS.ops.chat_id is a part of CHANNELS.
    variable = trouble.variable.partition(".")[0].partition(" ")[0]
    return failure("settings", found, expected=expected, fix=f"{variable}=… in .env or the environment")
