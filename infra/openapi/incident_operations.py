"""The requests and responses of the routes about incidents, by their names. See ``operations.py``."""

from typing import Any

from pydantic import BaseModel, Field

from functions.manage_incidents.main import IncidentChange, IncidentsQuery, NewIncident, State
from infra.openapi.operation import Operation, Response, following_page, in_path
from infra.openapi.responses import Next
from shared.models import Time

_IN_PATH = in_path("incident's")
_NEW = {
    "title": "Payments fail",
    "text": "Payments fail for **everyone**. We look for the cause.",
    "monitors": ["shop"],
}
_AT, _LATER = "2025-01-08T10:30:00.000Z", "2025-01-08T10:45:00.000Z"
_FOUND = "Our card processor refuses connections."
_UPDATES = [
    {"at": _AT, "state": "investigating", "text": _NEW["text"]},
    {"at": _LATER, "state": "identified", "text": _FOUND},
]
_SHOWN = {
    **_NEW,
    "id": 3,
    "text": _FOUND,
    "state": "identified",
    "created_at": _AT,
    "resolved_at": None,
    "updates": _UPDATES,
}


class ShownUpdate(BaseModel):
    """An update of an incident."""

    at: Time = Field(description="When it was said.")
    state: State = Field(description="The incident's state from then on.")
    text: str = Field(description="The words; empty if only the state changed.")


class ShownIncident(BaseModel):
    """An incident that visitors of the status pages read."""

    id: int = Field(ge=1, description="Its number.")
    title: str = Field(description="What it is called.")
    text: str = Field(description="The words that were said last.")
    state: State = Field(description="How far it is.")
    monitors: list[str] = Field(description="The names of the monitors that it affects.")
    created_at: Time = Field(description="When it was made.")
    resolved_at: Time | None = Field(description="When it ended.")
    updates: list[ShownUpdate] = Field(description="Everything that was said, oldest first.")


class ShownIncidents(BaseModel):
    """A page of incidents, newest first."""

    incidents: list[ShownIncident] = Field(description="At most `limit` incidents.")
    next: Next


def _incident(words: str) -> Response:
    return Response(words, ShownIncident, {"incident": {"summary": "One with two updates", "value": _SHOWN}})


def _links() -> dict[str, Any]:
    return {
        name: {"operationId": name, "parameters": {"id": "$response.body#/id"}, "description": words}
        for name, words in {
            "get_incident": "The incident.",
            "change_incident": "The same incident, to be continued.",
            "remove_incident": "The same incident, to be removed.",
        }.items()
    }


INCIDENT_OPERATIONS = {
    "list_incidents": Operation(
        tag="incidents",
        summary="List incidents",
        description="What people said to visitors of the status pages, newest first.",
        query=IncidentsQuery,
        responses={
            200: Response(
                "A page of incidents.",
                ShownIncidents,
                {"page": {"summary": "One incident", "value": {"incidents": [_SHOWN], "next": None}}},
            )
        },
        problems=(400,),
        links={"following_page": following_page("list_incidents")},
    ),
    "create_incident": Operation(
        tag="incidents",
        summary="Say something to visitors",
        description=(
            "Visitors of every status page that shows one of the `monitors`, or of all pages if it names none, see it "
            "within seconds. The `text` is a safe part of Markdown: paragraphs, lists, bold, italic, code, links."
        ),
        body=NewIncident,
        body_examples={"new": {"summary": "An incident of one monitor", "value": _NEW}},
        responses={201: _incident("The incident.")},
        problems=(400, 415),
        links=_links(),
    ),
    "get_incident": Operation(
        tag="incidents",
        summary="Get an incident",
        description="One incident with all its updates.",
        path=_IN_PATH,
        responses={200: _incident("The incident.")},
        problems=(404,),
    ),
    "change_incident": Operation(
        tag="incidents",
        summary="Continue or end an incident",
        description="A `text`, or another `state`, is an update that visitors see. `resolved` ends it.",
        path=_IN_PATH,
        body=IncidentChange,
        body_examples={
            "update": {"summary": "Say what was found", "value": {"state": "identified", "text": _FOUND}},
            "end": {"summary": "End it", "value": {"state": "resolved", "text": "Payments work again."}},
        },
        responses={200: _incident("The incident as it is now.")},
        problems=(400, 404, 415),
    ),
    "remove_incident": Operation(
        tag="incidents",
        summary="Remove an incident",
        description="Nobody sees it any more, as if it had never been said. To end one, say that it is `resolved`.",
        path=_IN_PATH,
        responses={204: Response("It is gone.", None)},
        problems=(404,),
    ),
}
