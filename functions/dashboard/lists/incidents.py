"""/dashboard/incidents: what visitors of the status pages are told, as long as it goes on, and when it is over."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from flask import Response
from markupsafe import Markup

from functions.dashboard.visit import Visit, changing, number_of, reading
from shared import web
from shared.logs import step
from shared.models import as_time
from shared.pages.markdown import markdown
from shared.pages.states import Shown
from shared.store import IncidentChanged, UnknownName

if TYPE_CHECKING:
    from shared.store import Incident

STATES = ("investigating", "identified", "monitoring", "resolved")
MOST_PAST = 50
MAX_TITLE, MAX_TEXT = 200, 10_000


class ShownUpdate(NamedTuple):
    """An update, as the page shows it."""

    at: str
    state: str
    text: Markup


class ShownIncident(NamedTuple):
    """An incident with its updates, newest first."""

    incident: "Incident"
    updates: Sequence[ShownUpdate]
    is_over: bool


@web.route("GET", "/dashboard/incidents", access="open")
@reading
def show_incidents(visit: Visit) -> Response:
    """200 with the incidents, those that go on first, and a form for a new one."""
    return _page(visit)


@web.route("POST", "/dashboard/incidents", access="open")
@changing
def act_on_incidents(visit: Visit) -> Response:
    """303 to the list once an incident is made, continued or removed; 422 with what is wrong with what was typed.

    409 with the text of an update, if somebody else was faster.
    """
    form, incidents = visit.form, visit.store.incidents
    if removed := form.get("remove"):
        incidents.remove(number_of(visit, removed))
        step("server", "incident_removed", incident_id=removed, by=visit.by)
        return visit.to("/dashboard/incidents")
    text, state = form.get("text", "").strip(), form.get("state", "")
    if state not in STATES:
        raise web.Problem(400, visit.say("unknown_action"))
    if continued := form.get("incident"):
        return _continue(visit, number_of(visit, continued), text, state)
    title = " ".join(form.get("title", "").split())
    if not title or not text:
        return _page(visit, error=visit.say("title_and_text"))
    if len(title) > MAX_TITLE or len(text) > MAX_TEXT:
        return _page(visit, error=visit.say("too_long", n=MAX_TITLE if len(title) > MAX_TITLE else MAX_TEXT))
    try:
        made = incidents.add(title, text, state, form.every("monitors"), now=visit.at, once=visit.once)
    except UnknownName as unknown:
        return _page(visit, error=visit.say("unknown_target", name=unknown.name))
    if made is not None:
        step("server", "incident_created", incident_id=made.id, state=made.state, by=visit.by)
    return visit.to("/dashboard/incidents")


def _continue(visit: Visit, incident_id: int, text: str, state: str) -> Response:
    """Add an update to an incident."""
    if len(text) > MAX_TEXT:
        return _page(visit, error=visit.say("too_long", n=MAX_TEXT))
    seen = visit.form.get("updates", "")
    try:
        changed = visit.store.incidents.change(
            incident_id,
            text=text or None,
            state=state,
            now=visit.at,
            known=number_of(visit, seen) if seen else None,
            once=visit.once,
        )
    except IncidentChanged:
        return _page(visit, error=visit.say("incident_changed"), status=409)
    step("server", "incident_changed", incident_id=changed.id, state=changed.state, by=visit.by)
    return visit.to("/dashboard/incidents")


def _page(visit: Visit, *, error: str = "", status: int = 422) -> Response:
    # Each form has what was typed into it alone. A state that its author did not change is the one of now.
    continued = visit.form.get("incident", "") if error else ""
    state = visit.form.get("state", "")
    told = [_told(each) for each in visit.store.incidents.lately(past=MOST_PAST)]
    counts = visit.store.subscriptions.subscribers.counts()
    going_on = [each for each in told if not each.is_over]
    shown: Shown = "slow" if going_on else "up"
    sentence = visit.say("incidents_open", n=len(going_on)) if going_on else visit.say("no_incident")
    return visit.page(
        "incidents.html",
        sentence,
        here="incidents",
        hero=shown,
        sentence=sentence,
        parts=[("now", going_on), ("past", [each for each in told if each.is_over])],
        states=STATES,
        subscribers=[(f"/status/{slug}".rstrip("/"), count) for slug, count in sorted(counts.items())],
        monitors=[row["name"] for row in visit.store.visits.overview.names()],
        continued=continued,
        said_now=visit.form.get("text", "") if continued else "",
        chosen_state="" if state == visit.form.get("was", state) else state,
        typed=visit.form if error and not continued else {},
        chosen=visit.form.every("monitors") if error else (),
        as_time=as_time,
        error=error,
        status=status if error else 200,
    )


def _told(incident: "Incident") -> ShownIncident:
    updates = [ShownUpdate(each.at, each.state, markdown(each.text)) for each in reversed(incident.updates)]
    return ShownIncident(incident, updates, incident.state == "resolved")
