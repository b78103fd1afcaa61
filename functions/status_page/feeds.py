"""A page for programs: what it says as JSON, and what happened as feeds, newest first."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from functions.status_page.drawing import anchor_of, uptime_of
from functions.status_page.readings import Reading
from functions.status_page.sentences import cause_code
from functions.status_page.showing import Viewer, title_of, written
from functions.status_page.visible import Monitor, Page
from shared.models import as_text
from shared.pages import formatting
from shared.pages.formatting import Named
from shared.pages.markdown import markdown
from shared.words import Language

MOST = 100
# The characters that XML can hold. Compiled when the first feed is asked for: it takes 5 ms.
_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


_STATES = {"up": "UP", "down": "DOWN", "slow": "DEGRADED", "pend": "PENDING", "plan": "MAINTENANCE", "unk": "UNKNOWN"}
_SHOWN = {**_STATES, "paus": "PAUSED"}


class Entry(NamedTuple):
    """One story. ``html``: its text as markup. ``anchor``: the id of the element of the page that tells it."""

    key: str
    anchor: str
    title: str
    html: Markup
    at: str
    updated_at: str


def entries_of(page: Page, say: Any, language: Language) -> list[Entry]:
    """The stories of a page, the last that changed first."""
    found = [*_outages(page, say, language), *_incidents(page, say, language), *_windows(page, say, language)]
    return sorted(found, key=lambda entry: entry.updated_at, reverse=True)[:MOST]


def atom(page: Page, entries: list[Entry], url: str, title: str) -> str:
    """The feed as Atom. ``url``: that of the page."""
    updated = max((entry.updated_at for entry in entries), default=f"{page.at[:10]}T00:00:00.000Z")
    parts = [
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">',
        f"<id>{_xml(url)}</id><title>{_xml(title)}</title><updated>{_xml(updated)}</updated>",
        f'<link href="{_xml(url)}"/><link rel="self" href="{_xml(url)}/feed.atom"/>',
        f"<author><name>{_xml(title)}</name></author>",
    ]
    for entry in entries:
        known_as, link = (_xml(f"{url}#{each}") for each in (entry.key, entry.anchor))
        parts.append(
            f"<entry><id>{known_as}</id><title>{_xml(entry.title)}</title><published>{_xml(entry.at)}</published>"
            f'<updated>{_xml(entry.updated_at)}</updated><link href="{link}"/>'
            f'<content type="html">{_xml(str(entry.html))}</content></entry>'
        )
    return "\n".join([*parts, "</feed>\n"])


def json_feed(entries: list[Entry], url: str, title: str) -> str:
    """The feed as JSON Feed 1.1."""
    items = [
        {
            "id": f"{url}#{entry.key}",
            "url": f"{url}#{entry.anchor}",
            "title": entry.title,
            "content_html": str(entry.html),
            "date_published": entry.at,
            "date_modified": entry.updated_at,
        }
        for entry in entries
    ]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": url,
        "feed_url": f"{url}/feed.json",
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False, indent=1) + "\n"


def document_of(page: Page, viewer: Viewer, reading: Reading) -> dict[str, Any]:
    """The content of a page, as JSON."""
    sentence = written(page, viewer)
    checked = max((each.checked_at for each in page.monitors if each.checked_at), default=None)
    document = {
        "title": title_of(page, viewer.plain),
        "state": _SHOWN[sentence.state],
        "sentence": str(sentence.title),
        "checked_at": checked,
        "groups": [
            {
                "name": group.name,
                "state": _SHOWN[group.shown],
                "uptime": uptime_of([bucket for each in group.monitors for bucket in each.buckets["days"]]),
                "monitors": [_of_monitor(each) for each in group.monitors],
            }
            for group in page.groups
        ],
        "incidents": [
            {name: each[name] for name in ("id", "title", "state", "monitors", "created_at", "resolved_at", "updates")}
            for each in page.incidents
        ],
        "windows": [
            {
                **{name: each[name] for name in ("id", "title", "starts_at", "ends_at", "is_active")},
                "monitors": [each.name for each in page.monitors] if each["names"] is True else each["names"],
            }
            for each in page.windows
        ],
    }
    return {**document, "stale_seconds": int(reading.old_seconds)} if reading.is_last else document


def _of_monitor(monitor: Monitor) -> dict[str, Any]:
    found = {
        "id": monitor.id,
        "name": monitor.name,
        "state": _SHOWN[monitor.shown],
        "since": monitor.since,
        "uptime": uptime_of(monitor.buckets["days"]),
    }
    return {**found, "url": monitor.url} if monitor.url else found


def _outages(page: Page, say: Any, language: Language) -> Iterator[Entry]:
    for outage in (*page.open, *page.past):
        name, is_slow = Named(outage["name"]), outage["is_slow"]
        began = datetime.fromisoformat(outage["failed_at"])
        if outage["resolved_at"] is None:
            title = say("feed_slow" if is_slow else "feed_down", name=name)
            text = say("feed_since", time=formatting.date(began, language))
            updated = outage["failed_at"]
        elif outage.get("is_unwatched"):  # what a former version kept in the file does not have it
            title = say("feed_unwatched", name=name)
            text = say("feed_since", time=formatting.date(began, language))
            updated = outage["resolved_at"]
        else:
            ended = datetime.fromisoformat(outage["resolved_at"])
            title = say("feed_fast" if is_slow else "feed_over", name=name)
            text = say(
                "feed_lasted",
                from_time=formatting.date(began, language),
                to_time=formatting.date(ended, language),
                duration=formatting.duration((ended - began).total_seconds(), language),
            )
            updated = outage["resolved_at"]
        html = Markup("<p>{}: {}</p><p>{}</p>").format(outage["name"], say(cause_code(outage)), text)
        yield Entry(f"o{outage['id']}", anchor_of(outage, page), str(title), html, outage["failed_at"], updated)


def _incidents(page: Page, say: Any, language: Language) -> Iterator[Entry]:
    for incident in page.incidents:
        html = Markup("").join(
            Markup("<p><b>{}</b> · {}</p>{}").format(
                say(update["state"]),
                formatting.date(datetime.fromisoformat(update["at"]), language),
                markdown(update["text"]),
            )
            for update in reversed(incident["updates"])
        )
        last = incident["updates"][-1]["at"] if incident["updates"] else incident["created_at"]
        title = f"{incident['title']} · {say(incident['state'])}"
        key = f"i{incident['id']}"
        yield Entry(key, key, title, html, incident["created_at"], last)


def _windows(page: Page, say: Any, language: Language) -> Iterator[Entry]:
    for window in page.windows:
        times = [datetime.fromisoformat(window[name]) for name in ("starts_at", "ends_at")]
        text = " – ".join(formatting.date(each, language) for each in times)
        names = say("everything") if window["names"] is True else ", ".join(window["names"])
        html = Markup("<p>{}</p><p>{}</p>").format(text, say("affected", names=names))
        at = window["announced_at"]
        begins = re.sub(r"\D", "", as_text(times[0]))[:12]
        anchor = f"w{window['id']}"
        # A file of a former version does not have it.
        updated = max(at, window.get("changed_at") or at)
        yield Entry(f"{anchor}-{begins}", anchor, window["title"] or say("maintenance"), html, at, updated)


def xml_text(text: str) -> str:
    """The text without what XML cannot hold."""
    return re.sub(_NOT_XML, "", text)


def _xml(text: str) -> str:
    return str(escape(xml_text(text)))
