"""The part of the facts that one page shows. Private facts are left out here, and nothing after this knows of them."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from functions.status_page.facts import Facts
from shared.pages.states import ORDER, Shown, shown_state
from shared.settings.status_pages import MAIN, monitors_on, shown_of
from shared.web.problems import Problem


def missing() -> Problem:
    """The problem of a page that is private, or is not there: nobody can tell which."""
    return Problem(404, "there is no such page")


class Monitor(NamedTuple):
    """A monitor that the page shows. ``shown``: its state as people see it. ``buckets``: by the name of a period.

    ``known_until``: how long its last check says how it is; None if nobody says how often it is checked.
    """

    id: int
    name: str
    group: str | None
    url: str | None
    state: str
    shown: Shown
    since: str | None
    checked_at: str | None
    buckets: Mapping[str, list[list[int]]]
    pace: list[float | None]
    known_until: str | None = None


class Group(NamedTuple):
    """Monitors that stand together, worst first. ``name``: None for those without a group."""

    name: str | None
    monitors: list[Monitor]

    @property
    def shown(self) -> Shown:
        """The worst state in it."""
        return worst(self.monitors)


class Page(NamedTuple):
    """All that a page shows. ``at``: when it was so. ``open``: outages that go on; ``past``: those that ended."""

    slug: str
    settings: Mapping[str, Any]
    at: str
    groups: list[Group]
    open: list[dict[str, Any]]
    past: list[dict[str, Any]]
    windows: list[dict[str, Any]]
    incidents: list[dict[str, Any]]

    @property
    def monitors(self) -> list[Monitor]:
        """All that it shows, in the page's order."""
        return [monitor for group in self.groups for monitor in group.monitors]

    def has(self, monitor_id: int) -> Monitor | None:
        """The monitor with this id, if the page shows it."""
        return next((monitor for monitor in self.monitors if monitor.id == monitor_id), None)


def worst(monitors: Collection[Monitor]) -> Shown:
    """The worst state of some monitors. One that is paused says nothing of the others."""
    watched = [each.shown for each in monitors if each.shown != "paus"]
    return min(watched, key=ORDER.index) if watched else "paus" if monitors else "unk"


def page_of(facts: Facts, slug: str) -> Page | None:
    """The page with this slug; None if there is none."""
    settings = facts["pages"].get(slug)
    if settings is None:
        return None
    shown = monitors_on(slug, settings, facts["monitors"])
    names = {each["name"] for each in shown}
    outages = [each for each in facts["outages"] if each["name"] in names]
    return Page(
        slug,
        settings,
        facts["at"],
        _grouped([_monitor(each) for each in shown], settings.get("groups")),
        [each for each in outages if each["resolved_at"] is None],
        [each for each in outages if each["resolved_at"] is not None],
        [_window(each, shown) for each in facts["windows"] if _concerns(each, shown)],
        [_incident(each, names) for each in facts["incidents"] if not each["monitors"] or names & {*each["monitors"]}],
    )


def open_pages(facts: Facts) -> list[str]:
    """The slugs of the pages without a password, the main one first."""
    slugs = [slug for slug, page in facts["pages"].items() if not page.get("password")]
    return sorted(slugs, key=lambda slug: (slug != MAIN, slug))


def publicly(facts: Facts) -> Facts:
    """The facts on pages that everybody may see: these may be kept in a file."""
    slugs = open_pages(facts)
    pages = [page for slug in slugs if (page := page_of(facts, slug))]
    ids = {monitor.id for page in pages for monitor in page.monitors}
    windows = {each["id"] for page in pages for each in page.windows}
    incidents = {each["id"] for page in pages for each in page.incidents}
    monitors = [each for each in facts["monitors"] if each["id"] in ids]
    names = {each["name"] for each in monitors}
    return {
        "at": facts["at"],
        "pages": {slug: facts["pages"][slug] for slug in slugs},
        "mailing": facts.get("mailing", []),
        "monitors": [{**each, "tags": []} for each in monitors],
        "outages": [each for each in facts["outages"] if each["name"] in names],
        "windows": [_window(each, monitors) for each in facts["windows"] if each["id"] in windows],
        "incidents": [_incident(each, names) for each in facts["incidents"] if each["id"] in incidents],
    }


def _monitor(each: Mapping[str, Any]) -> Monitor:
    return Monitor(
        each["id"],
        each["name"],
        each["group"],
        each["url"],
        each["state"],
        shown_state(each["state"], is_slow=each["is_slow"]),
        each["since"],
        each["checked_at"],
        {period: each[period] for period in ("hours", "days", "months") if period in each},
        each["pace"],
        each.get("known_until"),  # what a former version kept in the file does not have it
    )


def _grouped(monitors: list[Monitor], order: list[str] | None) -> list[Group]:
    by_name: dict[str | None, list[Monitor]] = {name: [] for name in order or ()}
    for monitor in monitors:
        by_name.setdefault(monitor.group, []).append(monitor)
    found = [
        Group(name, sorted(members, key=lambda each: ORDER.index(each.shown)))
        for name, members in by_name.items()
        if members
    ]
    # Monitors in trouble stand first, then the order that the page says; those without a group stand last.
    return sorted(found, key=lambda group: (min(ORDER.index(group.shown), 2), group.name is None))


def _concerns(window: Mapping[str, Any], monitors: list[Any]) -> bool:
    return bool(_about(window, monitors))


def _about(window: Mapping[str, Any], monitors: list[Any]) -> list[str]:
    """The names of those that a window is about."""
    return shown_of(window["target"], window["names"], monitors)


def _window(window: Mapping[str, Any], monitors: list[Any]) -> dict[str, Any]:
    is_whole = window["target"] == "all"
    return {**window, "target": "all" if is_whole else "monitors", "names": is_whole or _about(window, monitors)}


def _incident(incident: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {**incident, "monitors": [name for name in incident["monitors"] if name in names]}
