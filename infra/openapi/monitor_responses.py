"""The responses about what is watched, as models. See ``responses.py`` for what they are for."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from functions.manage_monitors.main import State
from infra.openapi.policies import POLICY, component
from infra.openapi.responses import Count, Next
from infra.openapi.values import Alert
from shared.models import Time

# As an event has them that is reported.
_CAUSE = Annotated[dict[str, Any], component("Cause")]
_ATTEMPT = Annotated[dict[str, Any], component("CheckAttempt")]
Source = Literal["file", "api", "env", "report"]


class StoredEvent(BaseModel):
    """An event as it is stored."""

    id: int = Field(ge=1, description="Its number in the database.")
    event_id: str = Field(description="Its own id.")
    location: str | None = Field(description="Where the check ran.")
    target_url: str = Field(description="The address that was checked.")
    timestamp: Time = Field(description="When the check was made.")
    received_at: Time = Field(description="When it arrived.")
    is_success: bool = Field(description="Whether the check succeeded.")
    is_inconclusive: bool = Field(description="Whether it says nothing about the monitor.")
    status_code: int | None = Field(description="The HTTP status of the response; null if there was none.")
    response_time_ms: float | None = Field(description="How long the check took; null if there was no response.")
    dns_ms: float | None = Field(description="How long it took to resolve the name.")
    connect_ms: float | None = Field(description="How long it took to connect.")
    tls_ms: float | None = Field(description="How long the TLS handshake took.")
    first_byte_ms: float | None = Field(description="From the request to the first byte of the response.")
    error_message: str | None = Field(description="Why it failed.")
    cause: _CAUSE | None = Field(description="The same as data.")
    ip: str | None = Field(description="The address that answered.")
    certificate_expires_at: Time | None = Field(description="When the server's certificate expires.")
    condition: str | None = Field(description="The condition that failed, with the value that it met.")
    message: str | None = Field(description="The beginning of what the server sent, if the check failed.")
    attempts: list[_ATTEMPT] = Field(description="The tries before this one, oldest first.")


class SeenFromLocation(BaseModel):
    """A monitor as one location sees it."""

    location: str = Field(description="The location; `default` if an agent has no LOCATION.")
    state: State = Field(description="How it is there, by its own checks.")
    since: Time | None = Field(description="When it came into this state there.")
    last_checked_at: Time | None = Field(description="When its newest check there was made.")


class WatchedMonitor(BaseModel):
    """A monitor: what it is to do, and how it is."""

    id: int = Field(ge=1, description="Its number.")
    name: str = Field(description="Its name, which no other monitor has.")
    source: Source = Field(
        description=(
            "Who owns its policy: the `file`, the `api`, `env` (TARGET_URL), or `report`: nobody, since others report "
            "its events."
        )
    )
    line: int | None = Field(description="Where it stands in its file.")
    policy: POLICY | None = Field(description="What it is to do, its secrets as `***`; null if nobody owns a policy.")
    state: State = Field(description="How it is. PAUSED: its policy says `enabled: false`.")
    since: Time | None = Field(description="When it came into this state.")
    last_checked_at: Time | None = Field(description="When its newest check was made; null before the first.")
    last_event: StoredEvent | None = Field(description="The newest event that counted.")
    next_check_at: Time | None = Field(description="When it is checked next; of a heartbeat, when it is missed.")
    active_alert: Alert | None = Field(description="Its outage, while there is one.")
    is_degraded: bool = Field(description="Whether it works, and is slower than its policy allows.")
    is_flapping: bool = Field(description="Whether it goes up and down, and its alert stays open meanwhile.")
    suppressed_by: int | None = Field(
        description="The alert of a monitor that it depends on, because of which nobody is notified of its own."
    )
    locations: list[SeenFromLocation] = Field(description="The monitor as each location that its policy names sees it.")


class WatchedMonitors(BaseModel):
    """A page of monitors, oldest first."""

    monitors: list[WatchedMonitor] = Field(description="At most `limit` monitors.")
    next: Next


class ChangedMonitor(BaseModel):
    """A monitor that changes."""

    name: str = Field(description="Its name.")
    fields: list[str] = Field(description="The fields that change. `source`: it becomes the file's.")


class ChangedPart(BaseModel):
    """A part of the file beside its monitors that changes."""

    change: Literal["added", "changed", "removed"] = Field(description="How it changes.")
    section: str = Field(description="`window`, `escalation`, `status_page`, `drill` or `summary`.")
    name: str | None = Field(description="Its name, title or recurrence; null for the page that has no name.")
    fields: list[str] = Field(description="The fields that change, if it stays.")


class ConfigurationPlan(BaseModel):
    """The changes of a configuration."""

    version: int = Field(ge=1, description="The configuration's number, which grows with each change.")
    dry_run: bool = Field(description="Whether nothing was changed.")
    added: list[str] = Field(description="The names of new monitors.")
    changed: list[ChangedMonitor] = Field(description="The monitors that change.")
    removed: list[str] = Field(description="The names of those that are watched no more.")
    unchanged: Count = Field(description="How many stay as they are.")
    parts: list[ChangedPart] = Field(description="What changes beside the monitors.")
    channels: str | None = Field(
        description="The digest of the channels that run, keyed by the caller's key; null if the caller showed none."
    )
    locations: list[str] = Field(description="The locations at which agents have ever been.")


class DueCheck(BaseModel):
    """A check that an agent has to do."""

    name: str = Field(description="The monitor's name.")
    due_at: Time = Field(description="When it is due.")


class WantedTrial(BaseModel):
    """A check that an agent does once, and reports to `POST /checks/trials/<id>`."""

    id: int = Field(description="Its number.")
    policy: dict[str, Any] = Field(description="What is checked, with its secrets.")


class ClaimedChecks(BaseModel):
    """The checks that an agent has to make, and the monitors that it does not know yet."""

    version: int = Field(ge=0, description="The configuration's number, for `known` of the next claim.")
    now: Time = Field(description="What time it is at the backend.")
    until: Time = Field(description="Until when the checks are claimed.")
    checks: list[DueCheck] = Field(description="The checks, by their times.")
    policies: list[dict[str, Any]] = Field(description="The policies that are new to the agent, with their secrets.")
    removed: list[str] = Field(description="The names of monitors that it forgets.")
    is_complete: bool = Field(description="Whether it forgets each monitor that is not in `policies` too.")
    trials: list[WantedTrial] = Field(description="What somebody on the dashboard wants to try. It makes no event.")
