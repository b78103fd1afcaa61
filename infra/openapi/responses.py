"""The functions' responses, as models.

The functions do not use them, since a cold start would pay for models that check nothing there. The tests check every
response of the running system against them.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from infra.openapi.values import Alert, Notification, NotificationLog
from shared.models import AlertStatus, ChangeKind, Time

Count = Annotated[int, Field(ge=0)]
# A person's move is never the result of an event.
EventsChange = Literal[ChangeKind.OPENED, ChangeKind.RESOLVED]
Next = Annotated[
    str | None, Field(description="The `cursor` of the following page; null after the last.", examples=["41", None])
]


class TimeToNotify(BaseModel):
    """From when a first message was owed until its channel had accepted it, in seconds; null if there was none."""

    p50: float | None = Field(ge=0, description="Half of them took no longer.")
    p95: float | None = Field(ge=0, description="95 of 100 took no longer.")


class LastDrill(BaseModel):
    """How the last drill went that is over."""

    at: Time = Field(description="When it began.")
    ok: bool = Field(
        description="Whether somebody was reached, nothing failed, and it was acknowledged in time if it had to be."
    )
    delivered: dict[str, float] = Field(description="In how many seconds, by channel.")
    failed: dict[str, str] = Field(description="Why not, by channel.")
    acknowledged_by: str | None = Field(description="Who acknowledged it; null if nobody did, or gave no name.")


class Health(BaseModel):
    """How the system is."""

    status: Literal["ok", "degraded"] = Field(
        description="`ok` only if an outage that happened now would be notified; `degraded` if it might not be."
    )
    reasons: list[str] = Field(
        description="Why an outage might not be notified now, each in one line; empty if all is well.",
        examples=[["deliver_notifications last ran at 2025-01-08T01:20:00.250Z"]],
    )
    database: Literal["ok"]
    last_check: Time | None = Field(description="When the newest check was made; null before the first.")
    open_alerts: Count = Field(description="Alerts that are OPEN or ACK.")
    owed_notifications: Count = Field(description="Messages that are still to be delivered.")
    last_drill: LastDrill | None = Field(description="How the last drill went; null before the first.")
    time_to_notify: TimeToNotify = Field(description="How long first messages took in the last 30 days.")
    last_runs: dict[str, Time] = Field(description="When each scheduled function of the backend last ran, by its name.")
    version: str = Field(description="Bonghwa's version.", examples=["0.1.0"])


class HealthTrouble(BaseModel):
    """The reasons why nobody would be notified of an outage that happened now."""

    status: Literal["unavailable"]
    reasons: list[str] = Field(description="What is wrong, each in one line.", examples=[["the database is busy"]])
    database: str = Field(description="What is wrong with the database, or `ok`.", examples=["the database is busy"])
    last_drill: LastDrill | None = Field(
        description="How the last drill went; null before the first, and if the database cannot say it."
    )
    version: str = Field(description="Bonghwa's version.", examples=["0.1.0"])


class EventTaken(BaseModel):
    """The result of one event."""

    id: int = Field(ge=1, description="The event's number in the database.")
    event_id: str = Field(description="The event's own id, generated if it had none.")
    duplicate: bool = Field(description="Whether it was stored already; then it changed nothing.")
    change: EventsChange | None = Field(description="What it changed; null for nothing.")
    alert: Alert | None = Field(description="The alert that it opened or resolved, or that is active; null for none.")


class EventChange(BaseModel):
    """An event that changed something."""

    event_id: str = Field(description="The event's own id, generated if it had none.")
    change: EventsChange = Field(description="What it changed.")
    alert: Alert = Field(description="The alert that it opened or resolved.")


class EventsTaken(BaseModel):
    """The result of an array of events."""

    accepted: Count = Field(description="Events that were stored now.")
    duplicates: Count = Field(description="Events that were stored already; they changed nothing.")
    changes: list[EventChange] = Field(description="What they changed, in the order of the array.")


class Alerts(BaseModel):
    """A page of alerts, newest first."""

    alerts: list[Alert] = Field(description="At most `limit` alerts.")
    next: Next


class AlertWithNotifications(Alert):
    """An alert with the messages that are owed for it."""

    notifications: list[Notification] = Field(description="Oldest first.")


class NotificationLogs(BaseModel):
    """A page of attempts to send, newest first."""

    notification_logs: list[NotificationLog] = Field(description="At most `limit` attempts.")
    next: Next


class ChecksRun(BaseModel):
    """One run of the agent."""

    checked: Count = Field(description="Monitors that were checked.")
    failed: Count = Field(description="Those of them that failed.")
    posted: Count = Field(description="Events that the backend accepted, including older ones from the spool.")
    refused: Count = Field(description="Events that the backend permanently rejected.")
    spooled: Count = Field(description="Events that wait in the spool.")


class DeliveryRun(BaseModel):
    """One delivery run: the number of attempts by outcome."""

    SENT: Count = Field(description="The channel accepted it.")
    RETRY: Count = Field(description="Failed, and will be tried again.")
    FAILED: Count = Field(description="Permanently rejected.")
    EXPIRED: Count = Field(description="Too old, so it was given up.")


class Upkeep(BaseModel):
    """One run of what keeps the store small."""

    folded: Count = Field(description="Events that are in the rollups now.")
    pruned: Count = Field(description="Rows that were looked through or deleted because they are old.")
    moved: Count = Field(description="Events that a former version had stored and that take less room now.")


class MovedAlert(Alert):
    """An alert that somebody moved or silenced."""

    window_id: int | None = Field(description="The number of the silence that was made; null if none was asked for.")


class Review(BaseModel):
    """One review of what no event reports."""

    silent_agents: Count = Field(description="Agents whose silence was noticed now.")
    missed_pings: Count = Field(description="Heartbeats whose ping did not come in time, as was noticed now.")
    outlived_windows: Count = Field(description="Outages that opened now, since their window of maintenance is over.")
    reminders: Count = Field(description="Alerts of which people are reminded now.")
    escalations: Count = Field(description="Steps of escalations that are taken now.")
    drills: Count = Field(description="Drills of the file that begin now.")
    summaries: Count = Field(description="Summaries of the file that begin now.")


class Problem(BaseModel):
    """An error, as RFC 9457 problem details."""

    type: Literal["about:blank"] = Field(description="Always this value: `status` and `detail` say everything.")
    title: str = Field(description="The status in words.", examples=["Bad Request"])
    status: int = Field(ge=400, le=599, description="The response's status.", examples=[400])
    detail: str = Field(description="What is wrong, in one sentence for a person.")


class WrongValue(BaseModel):
    """One wrong value."""

    field: str = Field(description="Where it is.", examples=["0.is_success"])
    value: str = Field(description="What was found there, cut to 200 characters.", examples=["'no'"])
    problem: str = Field(description="What is wrong with it.", examples=["Input should be a valid boolean"])


class InputProblem(Problem):
    """An error in the input. The members after `detail` are there if a value is wrong."""

    field: str | SkipJsonSchema[None] = Field(None, description="The first field that is wrong.")
    value: Any = Field(None, description="What was found there.")
    errors: list[WrongValue] | SkipJsonSchema[None] = Field(None, description="The first ten wrong values.")


class MoveProblem(Problem):
    """A move that the alert cannot make."""

    field: Literal["status"]
    was: AlertStatus = Field(alias="from", description="The alert's status, which stays.")
    to: AlertStatus = Field(description="The requested status.")


class NameProblem(Problem):
    """A name that another monitor has."""

    field: Literal["name"]
    value: str = Field(description="The name.")


class OwnerProblem(Problem):
    """A monitor whose policy is not the API's."""

    source: Literal["file", "env", "report"] = Field(description="Who owns it.")


class DrillProblem(Problem):
    """A drill that cannot begin, since another one is not over."""

    alert_id: int = Field(description="The other one's alert.")


Conflict = MoveProblem | NameProblem | OwnerProblem | DrillProblem
