"""Uptime Kuma's status pages. Their groups become the groups of monitors that have none."""

from collections.abc import Iterator
from typing import Any

from infra.configuration.imports.naming import one_line
from infra.configuration.imports.result import Imported
from infra.configuration.imports.uptime_kuma.groups import Groups
from infra.configuration.imports.uptime_kuma.rows import Export, Row
from shared.pages.configured import slug

_ENTRY = "statusPage-"
_DEFAULT_ICON = ("", "/icon.svg")
_THEMES = ("", "auto", "light")
_LATE = 1000  # the weight of what nobody has sorted


class Pages:
    """The published pages, with the monitors that each shows."""

    def __init__(self, export: Export, groups: Groups, imported: Imported) -> None:
        self._export = export
        self._groups = groups
        self._imported = imported
        self._pages = []
        for row in export.pages:
            row.where = f"status_pages {row.word('slug')!r}"
            if row.flag("published", default=True):
                self._pages.append(row)
            else:
                row.note("the page", "it is not published; it is left out")
        self._pages.sort(key=lambda row: row.word("slug") != self._entry())

    def _entry(self) -> str:
        """The slug of the page that visitors see first, if there is one."""
        entry = self._export.settings.get("entryPage")
        return entry.removeprefix(_ENTRY) if isinstance(entry, str) and entry.startswith(_ENTRY) else ""

    def _shown(self, page: Row) -> Iterator[tuple[str, Row]]:
        """The heading and the place of each monitor on a page, from its top to its end."""
        groups = [row for row in self._export.page_groups if row.whole("status_page_id") == page.whole("id")]
        for group in sorted(groups, key=_weight):
            places = [row for row in self._export.shown if row.whole("group_id") == group.whole("id")]
            for place in sorted(places, key=_weight):
                yield one_line(group.text("name")) or one_line(page.text("title")) or page.word("slug"), place

    def add_all(self) -> None:
        """Give each shown monitor a group, hide the others, and add the pages."""
        monitors = {monitor["name"]: monitor for monitor in self._imported.monitors}
        public: set[str] = set()
        shown_on: list[tuple[Row, list[str]]] = []
        for page in self._pages:
            shown = []
            for heading, place in self._shown(page):
                identity = place.whole("monitor_id") or 0
                if self._groups.is_group_id(identity):
                    self._note_group(identity, heading, monitors, page)
                    continue
                name = self._export.names.get(identity)
                if name is None or name not in monitors:
                    page.note(f"an entry of {heading!r}", "its monitor is not carried over")
                    continue
                _place(monitors[name], heading, place, page)
                shown.append(name)
            public |= set(shown)
            shown_on.append((page, shown))
        self._hide(monitors, public)
        for page, shown in shown_on:
            self._add(page, [monitors[name] for name in shown], monitors)
        for row in self._export.incidents:
            if row.flag("active", default=True) and row.flag("pin", default=True):
                row.where = "incidents"
                row.note(one_line(row.text("title")) or "an incident", "open incidents are not carried over")

    def _note_group(self, identity: int, heading: str, monitors: dict[str, Any], page: Row) -> None:
        """Say what a group's own row comes to. It shows no names there, so that they must not become public here."""
        below = (self._export.names.get(each, "") for each in self._groups.below(identity))
        names = [name for name in below if name in monitors]
        path = self._groups.path(identity)
        what = f"the group {path!r} under {heading!r}"
        if names:
            page.note(what, f"a group has no row of its own; `groups` with {path!r} would show {', '.join(names)}")
        else:
            page.note(what, "none of its monitors is carried over")

    def _hide(self, monitors: dict[str, dict[str, Any]], public: set[str]) -> None:
        """Keep private what no page shows: a group would otherwise make it public."""
        for name, monitor in monitors.items():
            if name not in public and "group" in monitor:
                monitor["public"] = False

    def _add(self, page: Row, shown: list[dict[str, Any]], monitors: dict[str, dict[str, Any]]) -> None:
        if not shown:
            page.note("the page", "it shows no monitor that is carried over; it is left out")
            return
        groups = list(dict.fromkeys(monitor["group"] for monitor in shown if "group" in monitor))
        others = [
            name
            for name, monitor in monitors.items()
            if monitor.get("group") in groups and monitor.get("public") is not False and monitor not in shown
        ]
        if others:
            page.note(f"{len(others)} more monitors", f"a page shows whole groups here, and so also {others[0]!r}")
        written = {"title": one_line(page.text("title")) or None, "groups": groups or None, **_looks(page)}
        written = {name: value for name, value in written.items() if value is not None}
        address = page.word("slug")
        if self._imported.status_page is None:
            self._imported.status_page = written
            page.note("address", f"it is /status here instead of /status/{address}")
        elif not _is_slug(address) or address in self._imported.status_pages:
            page.note("slug", "an address ends in small letters, digits and hyphens here; the page is left out")
        else:
            self._imported.status_pages[address] = written
        if domains := self._export.domains_of.get(page.whole("id") or 0):
            page.note(", ".join(domains), "point the domain at this system, and set PUBLIC_URL")


def _is_slug(text: str) -> bool:
    try:
        return bool(slug(text))
    except ValueError:
        return False


def _weight(row: Row) -> tuple[int, int]:
    weight = row.whole("weight")
    return (_LATE if weight is None else weight, row.whole("id") or 0)


def _place(monitor: dict[str, Any], heading: str, place: Row, page: Row) -> None:
    """Put a monitor under a heading, unless it has a group already."""
    group = monitor.get("group")
    if group is None:
        monitor["group"] = heading
    elif group != heading:
        where = f"it stands under {group!r} here, since a monitor has one group"
        page.note(f"{monitor['name']!r} under {heading!r}", where)
    if place.flag("send_url"):
        monitor["hide_url"] = False
    if place.word("custom_url"):
        page.note(f"custom_url of {monitor['name']!r}", "it has no counterpart here")


def _looks(page: Row) -> dict[str, Any]:
    """Its footer; what else it looks like is a note."""
    if page.word("icon") not in _DEFAULT_ICON:
        page.note("icon", "its picture is not in the database; set logo")
    if page.word("theme") not in _THEMES:
        page.note("theme", "a visitor's own choice of light or dark is followed here")
    for column, what in (
        ("description", "a page has no description"),
        ("custom_css", "set colors instead"),
        ("google_analytics_tag_id", "visitors are not counted here"),
        ("analytics_id", "visitors are not counted here"),
        ("rss_title", "a feed has the page's title"),
    ):
        if page.word(column):
            page.note(column, what)
    return {"footer": page.text("footer_text").strip() or None}
