"""The requests and responses of each route, by its name: the models, and words and examples for a reader."""

from typing import Annotated, Any

from pydantic import Field

from functions.check_monitors.main import RunQuery
from functions.list_alerts.main import AlertsQuery
from functions.list_notification_logs.main import NotificationLogsQuery
from functions.update_alert.main import AlertUpdate
from infra.openapi import examples, responses
from infra.openapi.acting_operations import ACTING_OPERATIONS
from infra.openapi.dashboard_operations import DASHBOARD_OPERATIONS
from infra.openapi.drill_operations import DRILL_OPERATIONS
from infra.openapi.heartbeat_operations import HEARTBEAT_OPERATIONS
from infra.openapi.history.availability import HISTORY_OPERATIONS
from infra.openapi.history.timeline import TIMELINE_OPERATIONS
from infra.openapi.incident_operations import INCIDENT_OPERATIONS
from infra.openapi.monitor_operations import MONITOR_OPERATIONS
from infra.openapi.operation import Operation, Response, following_page, in_path
from infra.openapi.page_operations import PAGE_OPERATIONS
from infra.openapi.window_operations import WINDOW_OPERATIONS
from shared.models import MAX_EVENTS_PER_REQUEST, Event

_ALERT_IN_PATH = in_path("alert's")
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


OPERATIONS = {
    **MONITOR_OPERATIONS,
    **WINDOW_OPERATIONS,
    **HISTORY_OPERATIONS,
    **TIMELINE_OPERATIONS,
    **HEARTBEAT_OPERATIONS,
    **ACTING_OPERATIONS,
    **DASHBOARD_OPERATIONS,
    **PAGE_OPERATIONS,
    **INCIDENT_OPERATIONS,
    **DRILL_OPERATIONS,
    "ingest_event": Operation(
        tag="events",
        summary="Report a check",
        description=(
            "Takes the report of one check, or an array of up to 1,000. The event, the alert that it opens or "
            "resolves, and one owed notification for each channel are saved in one transaction. Then the "
            "notifications are sent at once; what fails is sent later.\n\n"
            "An `event_id` makes an event safe to send again: the second time it changes nothing. An array is stored "
            "all or nothing, and judged in the order of the events' times. Unknown fields are ignored; a duplicate "
            "name in an object is rejected."
        ),
        body=Event | Annotated[list[Event], Field(max_length=MAX_EVENTS_PER_REQUEST)],
        body_examples={
            "success": {"summary": "A check that succeeded", "value": examples.SUCCESS},
            "failure": {"summary": "A check that failed, with every field", "value": examples.FAILURE},
            "array": {"summary": "Several checks at once", "value": [examples.SUCCESS, examples.FAILURE]},
        },
        responses={
            201: Response(
                "Stored: what the event, or the array, changed.",
                responses.EventTaken | responses.EventsTaken,
                {
                    "nothing": {"summary": "Nothing changed", "value": examples.TAKEN},
                    "outage": {"summary": "An outage began", "value": examples.OPENED},
                    "array": {"summary": "An array", "value": examples.ARRAY_TAKEN},
                },
            ),
            200: Response(
                "The event was stored already; it changed nothing.",
                responses.EventTaken,
                {"duplicate": {"summary": "Stored already", "value": examples.TAKEN | {"duplicate": True}}},
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
        responses={
            200: Response(
                "A page of alerts.",
                responses.Alerts,
                {"page": {"summary": "One open alert", "value": {"alerts": [examples.ALERT], "next": None}}},
            )
        },
        problems=(400,),
        links={"following_page": following_page("list_alerts")},
    ),
    "get_alert": Operation(
        tag="alerts",
        summary="Get an alert",
        description="One alert with its notifications: which channel was notified, and what is still owed.",
        path=_ALERT_IN_PATH,
        responses={
            200: Response(
                "The alert.",
                responses.AlertWithNotifications,
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
            "same subject is active. If the alert has the status already, nothing changes. If it is resolved or "
            "reopened, every channel is notified. An alert can be moved 10 times a minute.\n\n"
            "`silence` makes a window that holds messages about the alert's monitor for so long, with a `status` or "
            "alone. It needs the key in every mode, as each window does."
        ),
        path=_ALERT_IN_PATH,
        body=AlertUpdate,
        body_examples={
            "acknowledge": {"summary": "Say that you know about it", "value": {"status": "ACK", "by": "kim"}},
            "resolve": {"summary": "End it by hand", "value": {"status": "RESOLVED", "by": "kim"}},
            "reopen": {"summary": "Undo that", "value": {"status": "OPEN"}},
            "silence": {"summary": "Hear no more of it for an hour", "value": {"status": "ACK", "silence": "1h"}},
        },
        responses={
            200: Response(
                "The alert as it is now.",
                responses.MovedAlert,
                {"acknowledged": {"summary": "Somebody knows about it", "value": examples.ACKNOWLEDGED}},
            )
        },
        problems=(400, 404, 409, 415, 429),
    ),
    "list_notification_logs": Operation(
        tag="alerts",
        summary="List the attempts to send",
        description=(
            "Every attempt to deliver a message with the channel's own response, and every message that expired, "
            "newest first. An empty parameter counts as absent, and unknown ones are ignored."
        ),
        query=NotificationLogsQuery,
        responses={
            200: Response(
                "A page of attempts.",
                responses.NotificationLogs,
                {"page": {"summary": "A success and the failure before it", "value": examples.LOGS}},
            )
        },
        problems=(400,),
        links={"following_page": following_page("list_notification_logs")},
    ),
    "health": Operation(
        tag="system",
        summary="How the system is",
        description=(
            "For people and load balancers. It says `ok` only if an outage that happened now would be notified: each "
            "agent has reported within three of its intervals, reviews and deliveries run and do not fail, no message "
            "is overdue, no channel refuses, and the store can be written."
        ),
        responses={
            200: Response(
                "It works, perhaps not in every part.",
                responses.Health,
                {
                    "well": {"summary": "All is well", "value": examples.HEALTH},
                    "degraded": {"summary": "An agent is silent", "value": examples.DEGRADED},
                },
            ),
            303: Response("A browser is sent to the dashboard, instead of the 200.", None),
            503: Response(
                "Nobody would be notified of an outage that happened now: for example, the database is unavailable. "
                "A browser gets a page.",
                responses.HealthTrouble,
                {"busy": {"summary": "Another process has locked it", "value": examples.TROUBLE}},
            ),
        },
    ),
    "metrics": Operation(
        tag="system",
        summary="How everything is, as numbers",
        description=(
            "For Prometheus and what reads the same text; `Accept` chooses between its own and OpenMetrics. At most "
            "2,000 monitors have samples. The key may come as `Authorization: Bearer` instead of `X-API-Key`."
        ),
        responses={
            200: Response("The metrics.", str, kind="text/plain", also=("application/openmetrics-text",)),
        },
    ),
    "describe_api": Operation(
        tag="system",
        summary="This document",
        description="The API as an OpenAPI 3.1 document, made from the models that the functions themselves use.",
        responses={200: Response("The document.", dict[str, Any])},
    ),
    "check_monitors": Operation(
        tag="schedules",
        summary="Check what is due",
        description=(
            "One run of the agent, as the schedule calls it: claims what is due, checks it beside its own targets, all "
            "at once, and reports the events to `POST /events`. Events that the backend does not accept wait in the "
            "agent's spool."
        ),
        query=RunQuery,
        responses={
            200: Response(
                "What was done.",
                responses.ChecksRun,
                {"run": {"summary": "Two monitors, one of them failing", "value": examples.CHECKS_RUN}},
            )
        },
        problems=(400,),
    ),
    "deliver_notifications": Operation(
        tag="schedules",
        summary="Send what is still owed",
        description="One delivery run, as the schedule calls it.",
        responses={
            200: Response(
                "The number of attempts by outcome.",
                responses.DeliveryRun,
                {"run": {"summary": "One message delivered", "value": examples.DELIVERY_RUN}},
            )
        },
    ),
    "maintain_store": Operation(
        tag="schedules",
        summary="Keep the store small",
        description=(
            "One run, as the schedule calls it: events are folded into counts and histograms by hour and day. What is "
            "older than the settings RETENTION_EVENTS, RETENTION_ROLLUPS and RETENTION_ALERTS say is deleted. After an "
            "update, the events of the former version are moved to where they take less room."
        ),
        responses={
            200: Response(
                "What was done.",
                responses.Upkeep,
                {
                    "upkeep": {
                        "summary": "A minute's events, and some old ones",
                        "value": {"folded": 120, "pruned": 500, "moved": 0},
                    }
                },
            )
        },
    ),
    "review_alerts": Operation(
        tag="schedules",
        summary="Notice what no event reports",
        description=(
            "One review, as the schedule calls it: an agent that has fallen silent opens an alert, and its monitors "
            "become UNKNOWN. So does a monitor that nobody has checked for three intervals, or for longer if its "
            "checks may outlast one. A heartbeat whose ping did not come in time opens an alert too. It also begins "
            "the drill and the summaries that are due, and ends the drill that is over."
        ),
        responses={
            200: Response(
                "What was newly found.",
                responses.Review,
                {"review": {"summary": "All is as it should be", "value": examples.REVIEW}},
            )
        },
    ),
}
