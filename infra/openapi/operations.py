"""What each function takes and answers: the models, and the words and examples for a reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from functions.list_alerts.main import AlertsQuery
from functions.list_notification_logs.main import NotificationLogsQuery
from functions.update_alert.main import AlertUpdate
from infra.openapi import answers, examples
from shared.models import MAX_EVENTS_PER_REQUEST, Alert, Event

Tag = Literal["events", "alerts", "system", "schedules"]


@dataclass(frozen=True)
class Answer:
    """A status that is not a problem: in words, its body's model, and examples by their names."""

    words: str
    model: Any
    examples: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "application/json"


@dataclass(frozen=True)
class Operation:
    """One function. ``problems`` are the statuses that it answers beyond those of every function."""

    tag: Tag
    summary: str
    description: str
    answers: Mapping[int, Answer]
    body: Any = None
    body_examples: Mapping[str, Any] = field(default_factory=dict)
    query: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()
    links: Mapping[str, Any] = field(default_factory=dict)


_ALERT_OF_EVENT = {
    "get_alert": {
        "operationId": "get_alert",
        "parameters": {"id": "$response.body#/alert/id"},
        "description": "The alert that the event opened, resolved or found active.",
    },
    "update_alert": {
        "operationId": "update_alert",
        "parameters": {"id": "$response.body#/alert/id"},
        "description": "The same alert, to be acknowledged or resolved.",
    },
}


def _following_page(function: str) -> dict[str, Any]:
    return {
        "operationId": function,
        "parameters": {"cursor": "$response.body#/next"},
        "description": "The following page, where `next` is not null.",
    }


OPERATIONS = {
    "ingest_event": Operation(
        tag="events",
        summary="Report a check",
        description=(
            "Takes the report of one check, or an array of up to 1,000. The event, the alert that it opens or "
            "resolves, and one owed notification for each channel are saved in one transaction; what is owed is then "
            "sent at once, and later where that fails.\n\n"
            "An `event_id` makes an event safe to send again: the second time it changes nothing. An array is taken "
            "all or nothing, and judged in the order of the events' times. Unknown fields are ignored; a name that "
            "stands twice in one object is refused."
        ),
        body=Event | Annotated[list[Event], Field(max_length=MAX_EVENTS_PER_REQUEST)],
        body_examples={
            "success": {"summary": "A check that succeeded", "value": examples.SUCCESS},
            "failure": {"summary": "A check that failed, with all that can be said", "value": examples.FAILURE},
            "array": {"summary": "Several checks at once", "value": [examples.SUCCESS, examples.FAILURE]},
        },
        answers={
            201: Answer(
                "Stored: what the event, or the array, changed.",
                answers.EventTaken | answers.EventsTaken,
                {
                    "nothing": {"summary": "Nothing changed", "value": examples.TAKEN},
                    "outage": {"summary": "An outage began", "value": examples.OPENED},
                    "array": {"summary": "An array", "value": examples.ARRAY_TAKEN},
                },
            ),
            200: Answer(
                "One event that was stored already; it changed nothing.",
                answers.EventTaken,
                {"duplicate": {"summary": "Known already", "value": examples.TAKEN | {"duplicate": True}}},
            ),
        },
        problems=(400, 415),
        links=_ALERT_OF_EVENT,
    ),
    "list_alerts": Operation(
        tag="alerts",
        summary="List alerts",
        description="The alerts, newest first. An empty parameter counts as absent, and unknown ones are ignored.",
        query=AlertsQuery,
        answers={
            200: Answer(
                "A page of alerts.",
                answers.Alerts,
                {"page": {"summary": "One open alert", "value": {"alerts": [examples.ALERT], "next": None}}},
            )
        },
        problems=(400,),
        links={"following_page": _following_page("list_alerts")},
    ),
    "get_alert": Operation(
        tag="alerts",
        summary="Get an alert",
        description="One alert with its notifications: what was told to which channel, or is still owed.",
        answers={
            200: Answer(
                "The alert.",
                answers.AlertWithNotifications,
                {"alert": {"summary": "An open alert", "value": examples.WHOLE_ALERT}},
            )
        },
        problems=(404,),
    ),
    "update_alert": Operation(
        tag="alerts",
        summary="Acknowledge, resolve or reopen an alert",
        description=(
            "Moves an alert by hand: OPEN ↔ ACK, either → RESOLVED, and RESOLVED → OPEN while no other alert of the "
            "same subject is active. The status that it has already is answered with the alert as it is. Resolving is "
            "told to every channel."
        ),
        body=AlertUpdate,
        body_examples={
            "acknowledge": {"summary": "Say that you know", "value": {"status": "ACK", "by": "kim"}},
            "resolve": {"summary": "End it by hand", "value": {"status": "RESOLVED", "by": "kim"}},
            "reopen": {"summary": "Take that back", "value": {"status": "OPEN"}},
        },
        answers={
            200: Answer(
                "The alert as it is now.",
                Alert,
                {"acknowledged": {"summary": "Somebody knows", "value": examples.ACKNOWLEDGED}},
            )
        },
        problems=(400, 404, 409, 415),
    ),
    "list_notification_logs": Operation(
        tag="alerts",
        summary="List the attempts to send",
        description=(
            "Every attempt to deliver a message with the channel's own answer, and every one that was given up, "
            "newest first. An empty parameter counts as absent, and unknown ones are ignored."
        ),
        query=NotificationLogsQuery,
        answers={
            200: Answer(
                "A page of attempts.",
                answers.NotificationLogs,
                {"page": {"summary": "A success and the failure before it", "value": examples.LOGS}},
            )
        },
        problems=(400,),
        links={"following_page": _following_page("list_notification_logs")},
    ),
    "health": Operation(
        tag="system",
        summary="How the system is",
        description="The same for a person and a load balancer.",
        answers={
            200: Answer("It works.", answers.Health, {"well": {"summary": "All is well", "value": examples.HEALTH}}),
            503: Answer(
                "The database cannot be used.",
                answers.HealthTrouble,
                {"busy": {"summary": "Used by somebody else", "value": examples.TROUBLE}},
            ),
        },
    ),
    "describe_api": Operation(
        tag="system",
        summary="This document",
        description="The API as an OpenAPI 3.1 document, made from the models that the functions themselves use.",
        answers={200: Answer("The document.", dict[str, Any])},
    ),
    "check_monitors": Operation(
        tag="schedules",
        summary="Look at every monitor",
        description=(
            "One run of the agent, as the schedule calls it: looks at every monitor, side by side, and reports what "
            "it saw to `POST /events`. What the backend does not take waits in the agent's spool."
        ),
        answers={
            200: Answer(
                "What was done.",
                answers.ChecksRun,
                {"run": {"summary": "Two monitors, one of them failing", "value": examples.CHECKS_RUN}},
            )
        },
    ),
    "deliver_notifications": Operation(
        tag="schedules",
        summary="Send what is still owed",
        description="One run of what is still owed, as the schedule calls it.",
        answers={
            200: Answer(
                "The number of attempts, by how they went.",
                answers.DeliveryRun,
                {"run": {"summary": "One message delivered", "value": examples.DELIVERY_RUN}},
            )
        },
    ),
    "review_alerts": Operation(
        tag="schedules",
        summary="Notice what no event tells",
        description=(
            "One review, as the schedule calls it: an agent that has fallen silent opens an alert, and its monitors "
            "become UNKNOWN."
        ),
        answers={
            200: Answer(
                "What was newly found.",
                answers.Review,
                {"review": {"summary": "Every agent reports", "value": examples.REVIEW}},
            )
        },
    ),
}
