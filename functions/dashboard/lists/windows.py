"""/dashboard/windows: what is silenced or under maintenance, now and later; a silence takes two clicks."""

import itertools
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Response
from pydantic import ValidationError

from functions.dashboard.visit import Visit, changing, number_of, reading
from shared import web
from shared.channels import configured
from shared.delivery import deliver_at_once
from shared.logs import step
from shared.models import now
from shared.monitors.windows.spans import Span
from shared.notifiers import routes_of
from shared.pages.states import Shown
from shared.store import UnknownName, WindowOver

if TYPE_CHECKING:
    from shared.store import WindowEntry

# The buttons offer these.
LENGTHS = ("1h", "8h", "1d", "7d")
MOST_PAST = 200
MAX_TITLE = 200
# How the forms call the fields of a window.
_LABELS = {
    **{name: name for name in ("starts_at", "ends_at", "title")},
    **dict.fromkeys(("monitors", "groups", "tags"), "for_what"),
}


class Row(NamedTuple):
    """A window in the list. ``about``: whom it concerns. ``span``: when it is, or will be next; None: it is over."""

    id: int
    kind: str
    title: str
    about: str
    span: Span | None
    is_active: bool
    recurs: bool
    by: str
    is_ours: bool


@web.route("GET", "/dashboard/windows", access="open")
@reading
def show_windows(visit: Visit) -> Response:
    """200 with the windows: those that are open, those to come, and those that are over."""
    return _page(visit)


@web.route("POST", "/dashboard/windows", access="open")
@changing
def act_on_windows(visit: Visit) -> Response:
    """303 to the list once a window is made, or ended; 422 with what is wrong with a new one."""
    if ended := visit.form.get("end"):
        released = visit.store.windows.remove(number_of(visit, ended), now=visit.at, channels=routes_of(configured()))
        step("server", "window_ended", window_id=ended, by=visit.by)
        deliver_at_once(visit.store, configured(), released, visit.settings)
        return visit.to("/dashboard/windows")
    from shared.monitors.windows.window import Window

    try:
        window = Window.model_validate(_asked(visit))
        entry, is_new = (
            visit.store.windows.silence(window, now=visit.at)
            if window.kind == "silence" and not _is_planned(visit)
            else (visit.store.windows.add(window, now=visit.at, once=visit.once), True)
        )
    except ValidationError as invalid:
        return _page(visit, error=_mistake(visit, invalid))
    except UnknownName as unknown:
        return _page(visit, error=visit.say("unknown_target", name=unknown.name))
    except WindowOver:
        return _page(visit, error=visit.say("window_over"))
    if entry is not None:
        made = "window_created" if is_new else "window_changed"
        step("server", made, window_id=entry.planned.id, kind=window.kind, by=window.by)
    return visit.to("/dashboard/windows")


def _asked(visit: Visit) -> dict[str, Any]:
    """The window that a form asks for."""
    form = visit.form
    kind = form.get("kind") or "silence"
    asked: dict[str, Any] = {"kind": kind, "by": visit.by}
    what, _, name = form.get("about", "all").partition(":")
    asked |= {what: [name]} if what in ("monitors", "groups", "tags") else {"all": True}
    if title := form.get("title", "").strip()[:MAX_TITLE]:
        asked["title"] = title
    if _is_planned(visit):
        # A field of a browser has no zone. The script sends UTC, and without it the form says that it is UTC.
        asked |= {"starts_at": form.get("starts_at", ""), "ends_at": form.get("ends_at", ""), "time_zone": "UTC"}
    else:
        asked["duration"] = form.get("duration", "1h")
    return asked


def _mistake(visit: Visit, invalid: ValidationError) -> str:
    """The mistake in a window, with the field as the form calls it."""
    from shared.monitors.expectations import expected
    from shared.words.expectations import expectation_text

    mistake = invalid.errors()[0]
    if not mistake["loc"]:
        # The only rule about several fields that a form can break.
        return visit.say("window_ends_first")
    text = visit.say("mistake", expected=expectation_text(expected(mistake), visit.language))
    label = _LABELS.get(str(mistake["loc"][0]))
    return f"{visit.say(label)}: {text}" if label else text


def _is_planned(visit: Visit) -> bool:
    """Whether the form for later was sent: only that one has times. Its window never begins at once by mistake."""
    return "starts_at" in visit.form


def _page(visit: Visit, *, error: str = "") -> Response:
    rows = [_row(visit, entry) for entry in visit.store.windows.lately(now=visit.at, past=MOST_PAST)]
    active = [row for row in rows if row.is_active]
    coming = sorted((row for row in rows if row.span and not row.is_active), key=_beginning)
    rows_of_monitors = visit.store.visits.overview.names()
    monitors = [row["name"] for row in rows_of_monitors]
    groups = sorted({row["group_name"] for row in rows_of_monitors if row["group_name"]}, key=str.casefold)
    target, _, name = visit.form.get("about", "all").partition(":")
    shown: Shown = "plan" if active else "up"
    return visit.page(
        "windows.html",
        visit.say("windows_open", n=len(active)) if active else visit.say("nothing_silenced"),
        here="windows",
        hero=shown,
        sentence=visit.say("windows_open", n=len(active)) if active else visit.say("nothing_silenced"),
        parts=[("now", active), ("next", coming), ("past", [row for row in rows if not row.span])],
        lengths=LENGTHS,
        monitors=monitors,
        groups=groups,
        gone="" if name in {"monitors": monitors, "groups": groups}.get(target, [""]) else name,
        # Each form has what was typed into it alone.
        typed={} if _is_planned(visit) else visit.form,
        planned=visit.form if _is_planned(visit) else {},
        error=error,
        scripts=["windows.js"],
        status=422 if error else 200,
    )


def _beginning(row: Row) -> datetime:
    return row.span.starts_at if row.span else now()


def _row(visit: Visit, entry: "WindowEntry") -> Row:
    window, planned = entry.window, entry.planned
    current = planned.span_at(visit.at)
    following = next(itertools.islice(planned.spans(visit.at), 1), None)
    [(target, names)] = planned.targets.items()
    about = visit.say("everything") if isinstance(names, bool) else ", ".join(names)
    if target in ("groups", "tags"):
        about = visit.say(f"of_{target}", names=about)
    return Row(
        planned.id,
        planned.kind,
        window.title or "",
        about,
        current or following,
        current is not None,
        planned.recurrence is not None,
        window.by or "",
        entry.source == "api",
    )
