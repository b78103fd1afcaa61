"""Gatus's own page, and the parts of its file that describe the server and not what is watched."""

from typing import Any

from infra.configuration.imports.gatus.files import is_known
from infra.configuration.imports.nodes import Node, keys
from infra.configuration.imports.result import Imported

_TITLE = "Health Dashboard"
_UI = keys(
    """title description header dashboard-heading dashboard-subheading logo link buttons custom-css dark-mode
    default-sort-by default-filter-by favicon"""
)
_UI_LOST = ("description", "dashboard-heading", "dashboard-subheading", "link", "buttons", "custom-css", "favicon")
_UI_CHOICES = ("dark-mode", "default-sort-by", "default-filter-by")
# Parts without a counterpart, and what to do about it. The others configure Gatus's own server and store.
_LOST = {
    "suites": "checks that share a context do not exist here",
    "remote": "add the other instance's endpoints here",
    "tunneling": "checks do not go through SSH here",
    "announcements": "write them as incidents on the status page",
}


def add(document: Node, imported: Imported) -> None:
    """Add the status page, and say what of the file is not carried over."""
    for name, why in _LOST.items():
        if document.data.get(name):
            document.note(name, why)
    _note_connectivity(document)
    for name in document.data:
        if not is_known(name):
            document.note(name, "Gatus ignores this key, unless it holds anchors")
    if document.has("security"):
        document.note("security", "its pages ask for a password; all monitors are private here")
        for monitor in imported.monitors:
            if "group" in monitor:
                monitor["public"] = False
        return
    for monitor in imported.monitors:
        if "group" not in monitor:
            monitor["public"] = True
    imported.status_page = _page(document, imported)


def _page(document: Node, imported: Imported) -> dict[str, Any]:
    ui = document.node("ui")
    ui.where = "status_page"
    ui.note_unknown(_UI, "ui.")
    for name in _UI_LOST:
        if ui.data.get(name):
            ui.note(f"ui.{name}", "it has no counterpart here")
    for name in _UI_CHOICES:
        if ui.has(name):
            ui.note(f"ui.{name}", "a visitor's own choice is followed here")
    groups = list(dict.fromkeys(monitor["group"] for monitor in imported.monitors if "group" in monitor))
    page = {"title": ui.text("title") or ui.text("header") or _TITLE, "groups": groups, "logo": ui.picture("logo")}
    return {name: value for name, value in page.items() if value}


def _note_connectivity(document: Node) -> None:
    if not document.has("connectivity"):
        return
    target = document.node("connectivity").node("checker").text("target")
    document.note("connectivity", f"set CONNECTIVITY_CHECK={target or 'host:port'} in .env")
