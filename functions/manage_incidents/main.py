"""/incidents: what people say to visitors of the status pages. Written, continued, ended and removed by people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import functions_framework
from flask import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from shared import web
from shared.logs import step
from shared.models import now
from shared.models.scalars import MonitorName, Text
from shared.settings import Settings
from shared.store import open_store

if TYPE_CHECKING:
    from shared.store import Incident

State = Literal["investigating", "identified", "monitoring", "resolved"]
Title = Annotated[Text, Field(min_length=1, max_length=200)]
Words = Annotated[Text, Field(min_length=1, max_length=10_000)]
Names = Annotated[tuple[MonitorName, ...], Field(max_length=200)]


class NewIncident(BaseModel):
    """An incident as somebody writes it. ``text``: a safe part of Markdown. ``monitors``: those that it affects."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    title: Title
    text: Words
    state: State = "investigating"
    monitors: Names = ()


class IncidentChange(BaseModel):
    """The fields that change. A ``text``, or another ``state``, is an update that visitors see."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    title: Title | None = None
    text: Words | None = None
    state: State | None = None
    monitors: Names | None = None


class IncidentsQuery(BaseModel):
    """``cursor`` is the ``next`` of the previous page."""

    limit: web.Limit = web.LIMIT
    cursor: web.Id | None = None


@web.route("GET", "/incidents", access="read")
def list_incidents(request: Request, settings: Settings) -> Response:
    """200 with ``{"incidents": [...], "next": cursor or null}``, newest first."""
    query = web.query_of(request, IncidentsQuery)
    found = open_store(settings).incidents.page(limit=query.limit, before=query.cursor)
    following = web.next_cursor([each.id for each in found], query.limit)
    return web.answer({"incidents": [_shown(each) for each in found], "next": following})


@web.route("POST", "/incidents", access="manage")
def create_incident(request: Request, settings: Settings) -> Response:
    """201 with the incident, which visitors see from now on."""
    new = NewIncident.model_validate_json(web.body_of(request))
    incident = open_store(settings).incidents.add(new.title, new.text, new.state, new.monitors, now=now())
    step("server", "incident_created", incident_id=incident.id, state=incident.state)
    return web.answer(_shown(incident), 201)


@web.route("GET", "/incidents/<id>", access="read")
def get_incident(request: Request, settings: Settings, incident_id: str) -> Response:
    """200 with the incident; 404 if there is none with this id."""
    return web.answer(_shown(open_store(settings).incidents.get(web.id_of(incident_id, "an incident's"))))


@web.route("PATCH", "/incidents/<id>", access="manage")
def change_incident(request: Request, settings: Settings, incident_id: str) -> Response:
    """200 with the incident, of which the body's fields are new; a text is an update more."""
    change = IncidentChange.model_validate_json(web.body_of(request))
    incident = open_store(settings).incidents.change(
        web.id_of(incident_id, "an incident's"),
        title=change.title,
        text=change.text,
        state=change.state,
        monitors=change.monitors,
        now=now(),
    )
    step("server", "incident_changed", incident_id=incident.id, state=incident.state)
    return web.answer(_shown(incident))


@web.route("DELETE", "/incidents/<id>", access="manage")
def remove_incident(request: Request, settings: Settings, incident_id: str) -> Response:
    """204: nobody sees it any more."""
    open_store(settings).incidents.remove(web.id_of(incident_id, "an incident's"))
    step("server", "incident_removed", incident_id=incident_id)
    return Response(status=204)


@functions_framework.http
@web.routes(list_incidents, create_incident, get_incident, change_incident, remove_incident)
def manage_incidents() -> None:
    """Incidents. Reading is public as API_AUTH says; whatever changes them needs a key in every mode."""


def _shown(incident: "Incident") -> Mapping[str, Any]:
    # The words that were said last; a state that changed without words is an update of its own.
    text = next((update.text for update in reversed(incident.updates) if update.text), "")
    return {
        "id": incident.id,
        "title": incident.title,
        "text": text,
        "state": incident.state,
        "monitors": incident.monitors,
        "created_at": incident.created_at,
        "resolved_at": incident.resolved_at,
        "updates": [update._asdict() for update in incident.updates],
    }
