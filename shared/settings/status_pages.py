"""The parts that visitors may see: which status pages there are, and which monitors and windows each shows. Pure."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

# The slug of the page at ``/status``.
MAIN = ""
# A window is announced so long ahead.
AHEAD = timedelta(days=14)


def pages_of(is_on: bool | None, configured: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The pages that there are, by slug. ``is_on``: the setting STATUS_PAGE; ``configured``: what the file says."""
    if is_on is False:
        return {}
    pages = {slug: dict(page) for slug, page in (configured.get("status_pages") or {}).items()}
    main = configured.get("status_page")
    if main is not None or is_on:
        pages[MAIN] = dict(main or {})
    return pages


def is_shown(public: bool | None, group: str | None, slug: str, groups: Collection[str] | None) -> bool:
    """Whether the page ``slug`` with these groups shows a monitor. ``public``: what the monitor itself says."""
    if public is False:
        return False
    if group is not None and (groups is None or group in groups):
        return True
    # If another page names groups, it may be one customer's, who is to see nobody else's monitors.
    return bool(public) and (slug == MAIN or groups is None)


def monitors_on(slug: str, page: Mapping[str, Any], monitors: Collection[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the monitors that a page shows."""
    return [each for each in monitors if is_shown(each["public"], each["group"], slug, page.get("groups"))]


def shown_of(target: str, names: Any, monitors: Collection[Mapping[str, Any]]) -> list[str]:
    """The names of those monitors that a window is about. ``target``: all, monitors, groups or tags."""
    if target == "all":
        return [each["name"] for each in monitors]
    if target == "monitors":
        return [each["name"] for each in monitors if each["name"] in names]
    if target == "groups":
        return [each["name"] for each in monitors if each["group"] in names]
    return [each["name"] for each in monitors if not {*each["tags"]}.isdisjoint(names)]


def mailing_channel(page: Mapping[str, Any], mailing: Collection[str]) -> str | None:
    """The channel that mails the subscribers of a page: the one that it names, or the only one; None if there is none.

    ``mailing``: the channels that can mail people.
    """
    said = page.get("subscribe")
    if said is False:
        return None
    if isinstance(said, str):
        return said if said in mailing else None
    return next(iter(mailing)) if len(mailing) == 1 else None
