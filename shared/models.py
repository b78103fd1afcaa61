"""The words of the system as values: what was looked at, what was seen, what is owed to whom.

Every model is frozen: a change makes a new value (``model_copy(update=…)``). Times are aware, in UTC and
whole milliseconds; as text they have one width (``2025-01-08T10:30:00.000Z``), so that they sort as they stand.
"""

import secrets
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)

MAX_EVENTS_PER_REQUEST = 1_000
SCHEMES = ("http://", "https://")


def now() -> datetime:
    """The current time, UTC, cut to whole milliseconds."""
    return utc(datetime.now(UTC))


def utc(value: datetime) -> datetime:
    """``value`` in UTC and whole milliseconds; without an offset it is read in this machine's local zone.

    Raises:
        ValueError: the time lies outside the years that can be counted once it is moved to UTC.
    """
    try:
        value = value.astimezone(UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("a time that can be expressed in UTC") from error
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def as_text(value: datetime) -> str:
    """``value`` as the one text form of a time, ``2025-01-08T10:30:00.000Z``."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_event_id() -> str:
    """A new unique event id, 32 hex digits. It begins with the time, so that an index on it grows at its end."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def storable(text: str) -> str:
    """``text`` as every engine can keep it: a NUL or half a character in it becomes a question mark."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _without_nul(value: str) -> str:
    # PostgreSQL cannot store it, and no honest name or message has one.
    if "\0" in value:
        raise ValueError("text without NUL characters")
    return value


def _whole(value: Any) -> Any:
    # JSON has one kind of number, and some languages write 200 as 200.0.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _written_out(value: Any) -> Any:
    # Numbers, also as text, would count as seconds since 1970, and a date alone as its midnight.
    is_text = isinstance(value, str) and value[4:5] == "-" and len(value) > len("2025-01-08")
    if not is_text and not isinstance(value, datetime):
        raise ValueError("an ISO 8601 date and time")
    return value


def _made_up_where_absent(value: Any) -> Any:
    return new_event_id() if value is None else value


def _target_url_where_absent(value: Any, info: ValidationInfo) -> Any:
    return info.data.get("target_url", "?") if value is None else value


Time = Annotated[
    datetime,
    AfterValidator(utc),
    PlainSerializer(as_text, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
Text = Annotated[str, AfterValidator(_without_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
EventId = Annotated[Text, Field(min_length=1, max_length=64)]
MonitorName = Annotated[Text, Field(min_length=1, max_length=2048)]
Milliseconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class MonitorState(StrEnum):
    """What is known of a monitor. PENDING: failing, threshold not met. UNKNOWN: nobody has looked lately."""

    UP = "UP"
    DOWN = "DOWN"
    PENDING = "PENDING"
    UNKNOWN = "UNKNOWN"


class AlertKind(StrEnum):
    """What an alert is about: a monitor, a channel, an agent, or the place that an agent looks from."""

    OUTAGE = "OUTAGE"
    CHANNEL_REFUSED = "CHANNEL_REFUSED"
    AGENT_SILENT = "AGENT_SILENT"
    LOCATION_OFFLINE = "LOCATION_OFFLINE"


class AlertStatus(StrEnum):
    """Where an alert stands; OPEN and ACK are active."""

    OPEN = "OPEN"
    ACK = "ACK"
    RESOLVED = "RESOLVED"

    @property
    def is_active(self) -> bool:
        """Whether what it is about is still so."""
        return self is not AlertStatus.RESOLVED


class NotificationKind(StrEnum):
    """What a message tells: that an alert of this kind opened, or that one of any kind ended."""

    OUTAGE = "OUTAGE"
    CHANNEL_REFUSED = "CHANNEL_REFUSED"
    AGENT_SILENT = "AGENT_SILENT"
    LOCATION_OFFLINE = "LOCATION_OFFLINE"
    RECOVERY = "RECOVERY"


class NotificationStatus(StrEnum):
    """Where a notification stands; PENDING and SENDING are still owed."""

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class AttemptStatus(StrEnum):
    """How one attempt went. RETRY: failed for now; FAILED: refused for good; EXPIRED: given up for its age."""

    SENT = "SENT"
    RETRY = "RETRY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)


class Monitor(_Value):
    """A thing that is watched: its policy, and what the events so far say about it.

    ``last_checked_at`` is the place in time of the newest event that counted; ``failing_since`` that of the first
    failure of the present run of failures. ``agent`` is the agent of ours that checked it last, if one does.
    """

    id: int = 0
    name: str
    target_url: str
    agent: str | None = None
    failure_threshold: int = 1
    state: MonitorState = MonitorState.UNKNOWN
    consecutive_failures: int = 0
    failing_since: Time | None = None
    last_checked_at: Time | None = None


class Agent(_Value):
    """An agent that names itself in its events, and so is expected to come back.

    ``last_seen_at`` is the receipt of its newest event, ``last_checked_at`` the newest event's place in time.
    ``is_offline``: its place has no connection, so that what it sees says nothing of the monitors.
    """

    id: int = 0
    name: str
    interval_seconds: float
    last_seen_at: Time
    last_checked_at: Time
    is_silent: bool = False
    is_offline: bool = False


class Event(_Value):
    """The report of one check, as ``POST /events`` takes it.

    Unknown extra fields are ignored, so that a newer agent can talk to an older backend; a wrong type is an error,
    never a guess. The four phases are durations in milliseconds and add up to the time to the first byte. ``agent``
    and ``interval_seconds``: who checks, and how often; ``is_inconclusive``: the failure is that of the agent's own
    connection, and says nothing of the monitor.
    """

    model_config = ConfigDict(frozen=True, strict=True, defer_build=True)

    target_url: Annotated[Text, Field(min_length=1, max_length=2048)]
    status_code: Annotated[int, Field(ge=0, le=999), BeforeValidator(_whole)] | None = None
    response_time_ms: Milliseconds | None = None
    # Not strict, since what the validator before it hands on does not count as JSON any more.
    timestamp: Annotated[Time, Field(strict=False), BeforeValidator(_written_out)]
    is_success: bool
    error_message: Annotated[Text, Field(max_length=4096)] | None = None
    event_id: Annotated[
        EventId,
        Field(validate_default=True),
        BeforeValidator(_made_up_where_absent, json_schema_input_type=EventId | None),
    ] = None  # type: ignore[assignment]  # the validator makes one up
    monitor: Annotated[
        MonitorName,
        Field(validate_default=True),
        BeforeValidator(_target_url_where_absent, json_schema_input_type=MonitorName | None),
    ] = None  # type: ignore[assignment]  # the validator takes target_url
    location: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    agent: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    interval_seconds: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] | None = None
    is_inconclusive: bool = False
    dns_ms: Milliseconds | None = None
    connect_ms: Milliseconds | None = None
    tls_ms: Milliseconds | None = None
    first_byte_ms: Milliseconds | None = None


class Alert(_Value):
    """One outage of one monitor, from its first failing check (``failed_at``) to its end.

    Or the like of a channel, an agent or its location: ``kind`` says which, and ``subject`` is its name.
    """

    id: int
    kind: AlertKind
    subject: str
    target_url: str | None
    status: AlertStatus
    cause: str | None
    failed_at: Time
    opened_at: Time
    acknowledged_at: Time | None = None
    acknowledged_by: str | None = None
    resolved_at: Time | None = None
    resolved_by: str | None = None


class Notification(_Value):
    """One message owed to one channel.

    ``occurred_at`` and ``actor`` are the change that it tells: when it happened, and who did it if it was by hand
    (``is_manual``). ``attempts`` counts the leases taken and is what tells one lease from the next.
    """

    id: int
    alert_id: int
    channel: str
    kind: NotificationKind
    status: NotificationStatus
    occurred_at: Time
    is_manual: bool
    actor: str | None
    created_at: Time
    due_at: Time
    leased_until: Time | None
    attempts: int


class NotificationLog(_Value):
    """One attempt to send a notification, and what the channel answered."""

    id: int
    notification_id: int
    alert_id: int
    kind: NotificationKind
    channel: str
    status: AttemptStatus
    attempted_at: Time
    duration_ms: float
    answer: str | None
