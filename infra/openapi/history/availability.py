"""The requests and responses of the routes about the past, by their names. See ``operations.py``."""

from typing import Any

from pydantic import BaseModel, Field

from functions.show_history.buckets import GroupHistoryQuery, HistoryQuery
from functions.show_history.raw_events import EventsQuery
from infra.openapi.monitor_responses import StoredEvent
from infra.openapi.operation import Operation, Response, following_page, in_path
from infra.openapi.responses import Count, Next
from shared.history.rollup import PHASES
from shared.models import Time

_IN_PATH = in_path("monitor's")
_CSV = ("text/csv",)
_TIMES: dict[str, float | None] = {"p50": 80.1, "p95": 121.5, "p99": 160.0, "max": 214.3}
_NO_TIMES: dict[str, float | None] = dict.fromkeys(_TIMES)
_FIRST = "2024-11-12T00:30:00.000Z"
_DAY: dict[str, Any] = {
    "from": "2025-01-08T00:00:00.000Z",
    "to": "2025-01-09T00:00:00.000Z",
    "uptime": 0.9986111111111111,
    "downtime_seconds": 120.0,
    "outages": 1,
    "checks": 2880,
    "failures": 4,
    **dict.fromkeys(PHASES, _TIMES),
    "tls_ms": _NO_TIMES,
}


class Times(BaseModel):
    """How long something took, in milliseconds; null if nothing was measured. Within 2.5 % of the exact values."""

    p50: float | None = Field(description="Half of the checks took at most as long.")
    p95: float | None = Field(description="95 of 100 checks took at most as long.")
    p99: float | None = Field(description="99 of 100 checks took at most as long.")
    max: float | None = Field(description="The longest.")


class Bucket(BaseModel):
    """A minute, an hour or a day of a monitor's past."""

    since: Time = Field(alias="from", description="Where it begins.")
    until: Time = Field(alias="to", description="Where it ends; it is no part of it.")
    uptime: float | None = Field(
        ge=0, le=1, description="The share of the time in which it was not down; null if nobody knew how it was."
    )
    downtime_seconds: float = Field(ge=0, description="For how long it was down, maintenance left out.")
    outages: Count = Field(description="Outages that began.")
    checks: Count = Field(description="Checks that were made.")
    failures: Count = Field(description="Those of them that failed.")
    response_time_ms: Times = Field(description="How long whole checks took.")
    dns_ms: Times = Field(description="How long it took to resolve the name.")
    connect_ms: Times = Field(description="How long it took to connect.")
    tls_ms: Times = Field(description="How long the TLS handshake took.")
    first_byte_ms: Times = Field(description="From the request to the first byte of the response.")


class GroupBucket(Bucket):
    """A minute, an hour or a day of several monitors' past."""

    group: str | None = Field(description="Whose it is; null: of all monitors.")


class MonitorHistory(BaseModel):
    """The past of a monitor."""

    recorded_since: Time | None = Field(
        description="Since when it is recorded how the monitor was; before then nobody knows. Null: nothing is."
    )
    history: list[Bucket] = Field(description="Its buckets, oldest first.")


class GroupHistory(BaseModel):
    """The past of all monitors, and of each group."""

    history: list[GroupBucket] = Field(description="All monitors' buckets, oldest first, then those of each group.")


class StoredEvents(BaseModel):
    """A page of events, newest first."""

    events: list[StoredEvent] = Field(description="At most `limit` events.")
    next: Next


HISTORY_OPERATIONS = {
    "show_monitor_history": Operation(
        tag="history",
        summary="How available a monitor was",
        description=(
            "By minute, hour or day in UTC. Downtime runs from the first failing check of an outage to the first "
            "success of the run that ended it, less maintenance. The time in which the monitor was UNKNOWN, PAUSED or "
            "under MAINTENANCE counts neither way. By the minute, checks are counted while their events are kept.\n\n"
            "`Accept: text/csv` asks for a table."
        ),
        path=_IN_PATH,
        query=HistoryQuery,
        responses={
            200: Response(
                "Its past.",
                MonitorHistory,
                {
                    "day": {
                        "summary": "A day with an outage",
                        "value": {"recorded_since": _FIRST, "history": [_DAY]},
                    }
                },
                also=_CSV,
            )
        },
        problems=(400, 404),
    ),
    "show_group_history": Operation(
        tag="history",
        summary="How available groups were",
        description=(
            "The same for all monitors together (`group` is null) and for each group, in which every monitor counts "
            "for as long as somebody knew how it was. `Accept: text/csv` asks for a table."
        ),
        query=GroupHistoryQuery,
        responses={
            200: Response(
                "Their past.",
                GroupHistory,
                {
                    "day": {
                        "summary": "All monitors, which are one group",
                        "value": {"history": [{"group": None, **_DAY}, {"group": "Web", **_DAY}]},
                    }
                },
                also=_CSV,
            )
        },
        problems=(400,),
    ),
    "list_events": Operation(
        tag="history",
        summary="List a monitor's events",
        description=(
            "The reports of its checks, newest first, while they are kept (RETENTION_EVENTS). `Accept: text/csv` asks "
            "for a table; the header `Link` then leads to the following page."
        ),
        path=_IN_PATH,
        query=EventsQuery,
        responses={200: Response("A page of events.", StoredEvents, also=_CSV)},
        problems=(400, 404),
        links={"following_page": following_page("list_events")},
    ),
}
