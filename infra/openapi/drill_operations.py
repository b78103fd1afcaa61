"""The request and response of the route by which a drill begins. See ``operations.py``."""

from infra.openapi import examples, responses
from infra.openapi.operation import Operation, Response
from shared.monitors.windows.drill import DrillNow

_DRILL = {
    **examples.WHOLE_ALERT,
    "id": 9,
    "kind": "DRILL",
    "subject": "Bonghwa",
    "target_url": None,
    "cause": "this is a drill, nothing is wrong; acknowledge it by 2025-01-08T01:40:00.250Z",
    "timings": {"confirmed_seconds": 0.0, "opened_seconds": 0.0, "delivered": {}},
    "notifications": [
        {
            **examples.WHOLE_ALERT["notifications"][0],
            "id": 15,
            "alert_id": 9,
            "kind": "DRILL",
            "status": "PENDING",
            "attempts": 0,
        }
    ],
}

DRILL_OPERATIONS = {
    "start_drill": Operation(
        tag="alerts",
        summary="Try the whole way to the channels",
        description=(
            "Begins a drill: an alert of the kind DRILL that is sent to every channel, or to `channels`, and is "
            "acknowledged like others. It ends by itself once every channel has had it and, with `need_ack`, somebody "
            "has acknowledged it, at the latest after `need_ack`. What failed opens CHANNEL_REFUSED; a drill that "
            "nobody acknowledged in time opens DRILL_MISSED on the other channels. `GET /` says how the last one went."
        ),
        body=DrillNow,
        body_examples={
            "all": {"summary": "To every channel", "value": {}},
            "one": {"summary": "Somebody has to acknowledge it", "value": {"channels": ["ops"], "need_ack": "10m"}},
        },
        responses={
            201: Response(
                "The drill's alert, and what is owed for it.",
                responses.AlertWithNotifications,
                {"drill": {"summary": "A drill begins", "value": _DRILL}},
            )
        },
        problems=(400, 409, 415),
        links={
            "get_alert": {
                "operationId": "get_alert",
                "parameters": {"id": "$response.body#/id"},
                "description": "The drill's alert: RESOLVED once the drill is over.",
            },
            "update_alert": {
                "operationId": "update_alert",
                "parameters": {"id": "$response.body#/id"},
                "description": "The same alert, to be acknowledged.",
            },
        },
    ),
}
