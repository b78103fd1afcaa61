"""GET /dashboard, and what changed on it since."""

import zlib
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from functions.dashboard.monitors.first import first_page
from functions.dashboard.overview.facts import Facts, facts_of
from functions.dashboard.overview.lists import Filters, filters_of, groups_of, row_of, tiles_of
from functions.dashboard.overview.sentence import notified_of, sentence_of
from functions.dashboard.overview.wrong import MOST_CARDS, cards_of
from functions.dashboard.visit import FOLDER, Visit, reading
from shared import web
from shared.pages.answers import finish
from shared.pages.rendering import render
from shared.pages.states import ORDER, fires

POLL_SECONDS, FIRST_SECONDS = 10, 2
# A change just before the last answer may be committed only after it.
_OVERLAP = timedelta(seconds=2)
# An older page is loaded as a whole.
_OLDEST = timedelta(minutes=10)


@web.route("GET", "/dashboard", access="open")
@reading
def show_overview(visit: Visit) -> Response:
    """200 with the overview; or with the form of the first start, if nothing is watched."""
    facts = facts_of(visit)
    if not facts.lines:
        return first_page(visit)
    filters, head = filters_of(visit), _head(visit, facts)
    return visit.page(
        "overview.html",
        head["sentence"].title,
        shown=facts.worst,
        is_handled=not facts.unhandled,
        here="overview",
        groups=groups_of(visit, facts.lines, filters),
        filters=filters,
        **_counts(facts, filters),
        cursor=_cursor(visit, facts, filters),
        poll=_poll(head),
        scripts=["dashboard.js"],
        **head,
    )


@web.route("GET", "/dashboard/changes", access="open")
@reading
def show_changes(visit: Visit) -> Response:
    """200 with ``{since, title, head, rows}``: the HTML of what is new. ``reload`` instead: too much is."""
    facts, filters = facts_of(visit), filters_of(visit)
    since = _since(visit, facts, filters)
    if since is None:
        return _as_json(visit, {"reload": True})
    head = _head(visit, facts)
    lines = [line for line in facts.lines if any(at and at >= since for at in (line.since, line.checked_at))]
    values: dict[str, Any] = {"root": visit.root, **_form(visit)}
    rows = {str(line.id): _render(visit, "overview_row.html", row=row_of(visit, line), **values) for line in lines}
    return _as_json(
        visit,
        {
            "since": _cursor(visit, facts, filters),
            "title": f"{head['sentence'].title} · Bonghwa",
            "poll": _poll(head),
            "head": _render(visit, "overview_head.html", **head, **values),
            "counts": _render(visit, "overview_counts.html", filters=filters, **_counts(facts, filters)),
            "mark": _render(visit, "beacons.html", burning=fires(facts.worst, is_handled=not facts.unhandled)),
            "rows": rows,
        },
    )


def _head(visit: Visit, facts: Facts) -> dict[str, Any]:
    cards = cards_of(visit, facts)
    return {
        "sentence": sentence_of(visit, facts),
        "notified": notified_of(visit, facts),
        "cards": cards[:MOST_CARDS],
        "more_cards": cards[MOST_CARDS:],
        "tiles": tiles_of(visit, facts, filters_of(visit)),
    }


def _counts(facts: Facts, filters: Filters) -> dict[str, Any]:
    """How many monitors each link to a state leads to: the links keep the other filters."""
    found = Counter(line.shown for line in facts.lines if filters._replace(state="").is_met_by(line))
    # The chosen state stays there when its last monitor leaves it.
    counts = [(shown, found[shown]) for shown in ORDER if found[shown] or shown == filters.state]
    return {"counts": counts, "total": found.total()}


def _poll(head: dict[str, Any]) -> int:
    """After how many seconds the page asks again: soon, as long as somebody waits for a first check."""
    return FIRST_SECONDS if head["sentence"].shown == "unk" else POLL_SECONDS


def _form(visit: Visit) -> dict[str, Any]:
    return {"session": visit.session, "form_token": visit.session.form_token() if visit.session else ""}


def _render(visit: Visit, template: str, **values: Any) -> str:
    return render(FOLDER, template, language=visit.language, words=visit.words, **values)


def _as_json(visit: Visit, body: dict[str, Any]) -> Response:
    return visit.finished(finish(visit.request, web.answer(body), "private"))


def _cursor(visit: Visit, facts: Facts, filters: Filters) -> str:
    return f"{int(visit.at.timestamp() * 1000)}.{'.'.join(_shape(facts, filters))}"


def _shape(facts: Facts, filters: Filters) -> list[str]:
    """A text that changes if the page gets other rows. The states are in it if it shows those of one state alone."""
    ids = ",".join(str(line.id) for line in facts.lines if filters.is_met_by(line)) if filters.state else ""
    return [str(facts.version), str(len(facts.lines)), str(zlib.crc32(ids.encode()))]


def _since(visit: Visit, facts: Facts, filters: Filters) -> datetime | None:
    """From when on changes are asked for; None if the page is too old for that, or has other rows."""
    parts = visit.request.args.get("since", "").split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdecimal() and len(part) < 16 for part in parts):
        return None
    # As seconds first: what somebody wrote may lie after the year 9999.
    seconds = int(parts[0]) / 1000 - visit.at.timestamp()
    is_same = parts[1:] == _shape(facts, filters)
    is_recent = -_OLDEST.total_seconds() < seconds <= _OVERLAP.total_seconds()
    return visit.at + timedelta(seconds=seconds) - _OVERLAP if is_same and is_recent else None
