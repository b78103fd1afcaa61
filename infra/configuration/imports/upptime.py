"""Upptime: ``.upptimerc.yml``."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.configuration.imports.channels import bracketed
from infra.configuration.imports.monitors import add_monitor, with_scheme
from infra.configuration.imports.naming import monitor_names
from infra.configuration.imports.nodes import Node, keys
from infra.configuration.imports.placeholders import literal
from infra.configuration.imports.result import Imported
from shared.monitors.placeholders import PREFIX
from shared.monitors.policy import MAX_BODY_BYTES

FILES = (".upptimerc.yml", ".upptimerc.yaml")
_MINUTE = 60
_EVERY = re.compile(r"\*/(\d{1,2}) \* \* \* \*")
_HOURLY = re.compile(r"\d{1,2} \* \* \* \*")
_EVERY_HOURS = re.compile(r"\d{1,2} \*/(\d{1,2}) \* \* \*")
_DAILY = re.compile(r"\d{1,2} \d{1,2} \* \* \*")
_INTERVAL = 5 * _MINUTE
# Upptime's defaults for a site.
_TIMEOUT = 30.0
_REDIRECTS = 3
_CODES = ["200-208", "226", "300-308"]
_TRIES_AGAIN = 2
_VARIABLE = re.compile(r"\$([A-Z_][A-Z0-9_]*)")
_DYNAMIC = "$DYNAMIC_RANDOM_NUMBER"
_TOP_LEVEL = keys(
    """owner repo user-agent sites notifications assignees delay PAT status-website skipDescriptionUpdate
    skipTopicsUpdate skipHomepageUpdate skipDeleteIssues skipPoweredByReadme commitMessages
    summaryStartHtmlComment summaryEndHtmlComment liveStatusHtmlComment commitPrefixStatusUp
    commitPrefixStatusDown commitPrefixStatusDegraded i18n workflowSchedule runner customStatusWebsitePackage
    skipGeneratingWebsite"""
)
_SITE = keys(
    """check method name url port expectedStatusCodes assignees headers tags slug body icon maxResponseTime
    maxRedirects verbose ipv6 type location __dangerous__insecure __dangerous__disable_verify_peer
    __dangerous__disable_verify_host __dangerous__body_down __dangerous__body_down_if_text_missing
    __dangerous__body_degraded __dangerous__body_degraded_if_text_missing"""
)
_SITE_LOST = {
    "assignees": "GitHub's issues are not used here",
    "slug": "a monitor's id takes its place",
    "icon": "monitors have no icons here",
    "location": "set locations, and run an agent there",
    "__dangerous__body_degraded": "only a slow response is DEGRADED here",
    "__dangerous__body_degraded_if_text_missing": "only a slow response is DEGRADED here",
}
_PAGE_LOST = ("cname", "introTitle", "introMessage", "navbar", "customHeadHtml", "customBodyHtml", "customFootHtml")


def convert(document: dict[str, Any], imported: Imported) -> None:
    """Add everything of a ``.upptimerc.yml`` to ``imported``."""
    config = Node(document, "the file", imported.notes, "Upptime")
    config.note_unknown(_TOP_LEVEL)
    interval = _interval(config)
    sites = [
        Node(given, f"sites[{number}]", imported.notes, "Upptime")
        for number, given in enumerate(config.listed("sites"))
    ]
    names = monitor_names(
        ((number, site.text("name") or site.text("url")) for number, site in enumerate(sites)), imported.notes
    )
    for number, site in enumerate(sites):
        if not site.data:
            site.note("the site", "it is empty; it is left out")
            continue
        site.where = f"monitors {names[number]!r}"
        fields = _site(site, imported)
        if fields is None:
            continue
        add_monitor(imported, {"name": names[number], "interval": interval, **fields})
    _page(config, imported)
    _note_the_rest(config, imported)


def find(folder: Path) -> Path | None:
    """The configuration in a folder of Upptime; None if there is none."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def _interval(config: Node) -> int:
    """How often Upptime's workflow runs, in seconds."""
    cron = config.node("workflowSchedule").text("uptime").strip()
    if not cron:
        return _INTERVAL
    if (found := _EVERY.fullmatch(cron)) and int(found[1]):
        return int(found[1]) * _MINUTE
    if (found := _EVERY_HOURS.fullmatch(cron)) and int(found[1]):
        return int(found[1]) * 60 * _MINUTE
    if _HOURLY.fullmatch(cron):
        return 60 * _MINUTE
    if _DAILY.fullmatch(cron):
        return 24 * 60 * _MINUTE
    config.note(f"workflowSchedule.uptime {cron}", "it is no plain interval; 5m is written")
    return _INTERVAL


def _site(site: Node, imported: Imported) -> dict[str, Any] | None:
    """The fields of a monitor, but for its name and interval; None if there is nothing to check."""
    site.note_unknown(_SITE)
    for name, why in _SITE_LOST.items():
        if site.data.get(name):
            site.note(name, why)
    if site.text("type") not in ("", "http"):
        site.note(f"type {site.text('type')}", "it is checked by the agents of this system instead")
    if not site.text("url").strip():
        site.note("url", "it has none; it is left out")
        return None
    kind = site.text("check").strip() or "http"
    if kind not in _READERS:
        site.note(f"check {kind}", "there is no such kind of check here; it is left out")
        return None
    found = _READERS[kind](site, imported)
    if found is None:
        return None
    slow = site.whole("maxResponseTime")
    return {
        "timeout": _TIMEOUT,
        "retries": _TRIES_AGAIN,
        "retry_interval": 1,
        "failure_threshold": 1,
        "tags": [str(tag) for tag in site.listed("tags")] or None,
        "max_response_time": f"{slow}ms" if slow else None,
        "ip_version": 6 if site.flag("ipv6") else None,
        "public": True,
        **found,
    }


def _http(site: Node, imported: Imported) -> dict[str, Any]:
    redirects = site.whole("maxRedirects")
    redirects = _REDIRECTS if redirects is None else redirects
    peer, host = "__dangerous__disable_verify_peer", "__dangerous__disable_verify_host"
    is_unverified = any(site.flag(name) for name in ("__dangerous__insecure", peer, host))
    codes = [str(code) for code in site.listed("expectedStatusCodes")]
    wanted, forbidden = site.text("__dangerous__body_down_if_text_missing"), site.text("__dangerous__body_down")
    return {
        "url": with_scheme(_filled(site.text("url").strip(), site, imported), "https", site.note),
        "method": site.text("method").strip().upper() or None,
        "headers": _headers(site, imported) or None,
        "body": _filled(site.text("body"), site, imported) or None,
        "verify_tls": False if is_unverified else None,
        "follow_redirects": None if redirects else False,
        "max_redirects": redirects or None,
        "accepted_status_codes": codes or _CODES,
        "keyword": literal(wanted) or None,
        "forbidden_keyword": literal(forbidden) or None,
        "max_body": MAX_BODY_BYTES if wanted or forbidden else None,  # Upptime reads all of a body
    }


def _tcp(site: Node, imported: Imported) -> dict[str, Any] | None:
    port = site.text("port").strip()
    if not port:
        site.note("port", "it has none; it is left out")
        return None
    return {"url": f"tcp://{_host(site, imported)}:{_filled(port, site, imported)}"}


def _certificate(site: Node, imported: Imported) -> dict[str, Any]:
    port = site.text("port").strip() or "443"
    return {
        "url": f"tls://{_host(site, imported)}:{_filled(port, site, imported)}",
        "verify_tls": False,  # Upptime only looks when the certificate ends, whoever signed it
        "conditions": ["[CERTIFICATE_EXPIRATION] >= 7d"],
    }


def _host(site: Node, imported: Imported) -> str:
    host = site.text("url").strip()
    host = host.partition("://")[2].partition("/")[0] if "://" in host else host
    return _filled(bracketed(host), site, imported)


def _websocket(site: Node, imported: Imported) -> dict[str, Any]:
    return {
        "url": with_scheme(_filled(site.text("url").strip(), site, imported), "wss", site.note),
        "body": _filled(site.text("body"), site, imported) or None,
    }


_READERS: dict[str, Callable[[Node, Imported], dict[str, Any] | None]] = {
    "http": _http,
    "tcp-ping": _tcp,
    "ws": _websocket,
    "ssl": _certificate,
}


def _headers(site: Node, imported: Imported) -> dict[str, str]:
    """The headers, each of them a text such as ``Accept: text/html``."""
    found = {}
    for header in site.listed("headers"):
        name, colon, value = str(header).partition(":")
        if not colon or not name.strip():
            site.note("headers", "expected texts such as “Accept: text/html”; one is left out")
            continue
        found[name.strip()] = _filled(value.strip(), site, imported)
    return found


def _filled(text: str, site: Node, imported: Imported) -> str:
    """``text`` with its secrets of GitHub, ``$NAME``, as variables that the agent fills in."""
    if _DYNAMIC in text:
        site.note(_DYNAMIC, "nothing is drawn at random here; 0 is written")
        text = text.replace(_DYNAMIC, "0")
    parts, end = [], 0
    for found in _VARIABLE.finditer(text):
        parts += [literal(text[end : found.start()]), imported.secrets.refer(found[1], PREFIX)]
        end = found.end()
    return "".join(parts) + str(literal(text[end:]))


def _page(config: Node, imported: Imported) -> None:
    if config.flag("skipGeneratingWebsite"):
        for monitor in imported.monitors:
            del monitor["public"]
        return
    given = config.node("status-website")
    given.where = "status_page"
    for name in _PAGE_LOST:
        if given.data.get(name):
            given.note(name, "it has no counterpart here")
    page = {"title": given.text("name") or "Status", "logo": given.picture("logoUrl")}
    imported.status_page = {name: value for name, value in page.items() if value}


def _note_the_rest(config: Node, imported: Imported) -> None:
    if config.has("notifications"):
        config.note("notifications", "Upptime reads them from secrets of the repository, not from here; set channels")
    else:
        config.note("notifications", "they are secrets of the repository; set channels")
    if config.has("assignees"):
        config.note("assignees", "GitHub's issues are not used here")
    if config.has("i18n"):
        config.note("i18n", "pages are in English and Korean here")
    if not imported.monitors:
        config.note("sites", "there is none")
    imported.note_missing("the value of ${source} is a secret of the repository")
