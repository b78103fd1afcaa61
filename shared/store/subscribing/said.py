"""The words of an announcement when its mail goes: nothing that was deleted, or hidden, since it was announced."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from shared.settings.status_pages import monitors_on, pages_of, shown_of
from shared.store.engines.database import Row, Transaction
from shared.store.tables import alerts, announcements, configuration, incidents, monitors

Body = Mapping[str, Any]
# The slug of a page, and what the file says of it.
Page = tuple[str, Body]


def said_now(transaction: Transaction, row: Row) -> Body | None:
    """The body of an announcement, with names as they are now; None if nothing is left of it."""
    # Whether the page at /status is on does not matter here: nobody asks for the mails of one that is off.
    slug = row["slug"]
    page = pages_of(True, configuration.body(transaction)).get(slug)
    if page is None:
        return None
    on = (slug, page)
    body = json.loads(row["body"])
    if row["kind"] == "INCIDENT":
        return _incident(transaction, row["about"], body, on)
    if row["kind"] == "WINDOW":
        return _window(transaction, row["about"], body, on)
    return _outages(transaction, body, on)


def watched(transaction: Transaction, names: Collection[str] | None = None) -> list[dict[str, Any]]:
    """The monitors with these names, by default all, as far as it matters to which pages show them."""
    return [_monitor(row) for row in monitors.for_pages(transaction, names)]


def _shown(transaction: Transaction, on: Page, names: Collection[str]) -> set[str]:
    """Those of the names that the page shows. Every mail asks, so that it reads no more monitors than it names."""
    return {each["name"] for each in monitors_on(*on, watched(transaction, names))}


def _outages(transaction: Transaction, body: Body, on: Page) -> Body | None:
    # By their alerts, which follow a monitor that gets another name. Former versions did not note them.
    ends = alerts.ends(transaction, [each["alert"] for each in body["outages"] if "alert" in each])
    named = [{**each, "name": name_now(each, ends.get(each.get("alert")))} for each in body["outages"]]
    names = _shown(transaction, on, {each["name"] for each in named})
    left = [each for each in named if each["name"] in names]
    return {**body, "outages": left} if left else None


def name_now(told: Body, alert: Row | None) -> str:
    """How the monitor of an outage is called now, as far as its alert is still there."""
    return str(alert["subject"] if alert else told["name"])


def _incident(transaction: Transaction, about: str, body: Body, on: Page) -> Body | None:
    incident = incidents.find(transaction, int(about.split()[1]))
    affects = json.loads(incident["monitors"]) if incident else []
    names = _shown(transaction, on, affects)
    affected = [name for name in affects if name in names]
    if incident is None or (affects and not affected):
        return None
    return {**body, "title": incident["title"], "names": affected}


def _window(transaction: Transaction, about: str, body: Body, on: Page) -> Body | None:
    # Imported here: few mails are about windows, and what reckons with them costs each cold start.
    from shared.store.tables import windows

    if body.get("is_cancelled"):
        names = body["names"]
        shown = set() if names is True else _shown(transaction, on, names)
        left = names is True or [name for name in names if name in shown]
        return {**body, "names": left} if left else None
    window = windows.find(transaction, announcements.window_of(about))
    # One that was moved again is announced again.
    if window is None or any(window[name] != body[name] for name in ("starts_at", "ends_at")):
        return None
    [(target, targeted)] = json.loads(window["targets"]).items()
    affected = shown_of(target, targeted, monitors_on(*on, watched(transaction)))
    title = json.loads(window["body"]).get("title")
    return {**body, "title": title, "names": target == "all" or affected} if affected else None


def _monitor(row: Row) -> dict[str, Any]:
    said = json.loads(row["policy"]) if row["policy"] else {}
    tags = json.loads(row["tags"]) if row["tags"] else []
    return {"name": row["name"], "group": row["group_name"], "tags": tags, "public": said.get("public")}
