"""The request and the response of a monitor's timeline. See ``operations.py``."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from functions.show_history.timeline import TimelineQuery
from infra.openapi.monitor_examples import MONITOR
from infra.openapi.monitor_responses import StoredEvent
from infra.openapi.operation import Operation, Response, following_page, in_path
from infra.openapi.responses import Next
from shared.models import Time

_AT = "2025-01-08T01:30:00.250Z"
_NOTHING = dict.fromkeys(("event", "event_id", "alert_id", "channel", "status", "from_state", "to_state", "by"))
_FAILED: dict[str, Any] = {
    **_NOTHING,
    "at": _AT,
    "kind": "check",
    "reason": "threshold_met",
    "text": "failed (HTTP 503 after 42 ms)",
    "event": MONITOR["last_event"],
    "event_id": MONITOR["last_event"]["id"],
}
_DOWN = {
    **_NOTHING,
    "at": _AT,
    "kind": "state_change",
    "reason": "threshold_met",
    "text": "UP → DOWN: the failure threshold was met",
    "event_id": MONITOR["last_event"]["id"],
    "alert_id": 7,
    "from_state": "UP",
    "to_state": "DOWN",
}
_SENT = {
    **_NOTHING,
    "at": "2025-01-08T01:30:02.240Z",
    "kind": "notification",
    "reason": None,
    "text": "OUTAGE to telegram in 2.1 s (second attempt: Bad Gateway)",
    "alert_id": 7,
    "channel": "telegram",
    "status": "SENT",
}


class TimelineEntry(BaseModel):
    """One thing that happened to a monitor. A field that does not apply to it is null."""

    at: Time = Field(description="When it happened.")
    kind: Literal["check", "state_change", "alert", "window", "notification"] = Field(description="What it is.")
    reason: str | None = Field(
        description=(
            "The rule that decided it: of a check, why it changed the monitor's state, or did not; of a notification, "
            "what held it back; of a window, its kind. Null if there was nothing to decide, or if it is not recorded."
        ),
        examples=["threshold_met", "silence"],
    )
    text: str = Field(
        description=(
            "The same in a short sentence, in the service's language. If several locations check the monitor, that of "
            "a check says which one it comes from, and whether enough of them see an outage."
        )
    )
    event: StoredEvent | None = Field(description="The check's event.")
    event_id: int | None = Field(ge=1, description="The `id` of the check's event, or of the one that made the change.")
    alert_id: int | None = Field(ge=1, description="The alert that it is about.")
    channel: str | None = Field(description="Where the message goes.")
    status: str | None = Field(
        description=(
            "Of an alert, its new status; of a notification, how the attempt went, or HELD or SUPPRESSED; of a window, "
            "BEGINS or ENDS."
        ),
    )
    from_state: str | None = Field(description="The monitor's state before.")
    to_state: str | None = Field(description="The monitor's state since then.")
    by: str | None = Field(description="Who did it, if a person did.")


class Timeline(BaseModel):
    """A part of a monitor's timeline, oldest first."""

    timeline: list[TimelineEntry] = Field(
        description="At most `limit` entries; fewer, even none, if many checks in a row succeeded."
    )
    next: Next


TIMELINE_OPERATIONS = {
    "show_timeline": Operation(
        tag="monitors",
        summary="What happened to a monitor",
        description=(
            "Checks, changes of its state, alerts, windows, and each message that was sent or held back, oldest first, "
            "each with its reason: why people were notified, or not. Checks that succeeded in a row are left out but "
            "for the first and the last. Without `from` it begins 24 hours before `to`, which is now by itself. A page "
            "looks at 5,000 checks at most: it may be short, and `next` is null only at the end."
        ),
        path=in_path("monitor's"),
        query=TimelineQuery,
        responses={
            200: Response(
                "A page of the timeline.",
                Timeline,
                {"outage": {"summary": "An outage", "value": {"timeline": [_FAILED, _DOWN, _SENT], "next": None}}},
            )
        },
        problems=(400, 404),
        links={"following_page": following_page("show_timeline")},
    )
}
