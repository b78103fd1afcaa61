"""The report of one check."""

import os
import time
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from shared.models.cause import OF_ONE_CHECK, Cause
from shared.models.scalars import EventId, Masked, Milliseconds, NoNul, Pattern, ReportedName, Text, Time, whole
from shared.models.times import written_out
from shared.settings.secrets import without_password

MAX_EVENTS_PER_REQUEST = 1_000
MAX_ATTEMPTS = 100
MAX_INTERVAL_SECONDS = 366 * 86_400


def new_event_id() -> str:
    """A new unique event id, 32 hex digits. It begins with the time, so that an index on it grows at its end."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def _made_up_where_absent(value: Any) -> Any:
    return new_event_id() if value is None else value


def _target_url_where_absent(value: Any, info: ValidationInfo) -> Any:
    return info.data.get("target_url", "?") if value is None else value


class CheckAttempt(BaseModel):
    """A try before the one that an event reports: the monitor's policy says how often a failure is confirmed."""

    model_config = ConfigDict(frozen=True, strict=True, defer_build=True)

    timestamp: Annotated[Time, Field(strict=False), BeforeValidator(written_out)]
    status_code: Annotated[int, Field(ge=0, le=999), BeforeValidator(whole)] | None = None
    response_time_ms: Milliseconds | None = None
    error_message: Annotated[Text, Field(max_length=4096), AfterValidator(without_password)] | None = None


class Event(BaseModel):
    """The report of one check, as ``POST /events`` accepts it.

    Unknown fields are ignored, so that a newer agent can talk to an older backend. A wrong type is an error, never a
    guess. The password of a URL is masked. The four phases are durations in milliseconds and add up to the time to the
    first byte. ``cause`` says as data what ``error_message`` says in English. ``agent`` and
    ``interval_seconds``: who checks, and how often it reports;
    ``is_inconclusive``: the failure is the agent's own, mostly that of its connection, and says nothing of the monitor.
    ``condition``: the one that failed, with the value that it met; ``message``: the first printable characters of what
    the server sent, if the check failed; ``attempts``: the tries before this one.
    """

    model_config = ConfigDict(frozen=True, strict=True, defer_build=True)

    target_url: Annotated[str, Field(min_length=1, max_length=2048), NoNul, Pattern, Masked]
    status_code: Annotated[int, Field(ge=0, le=999), BeforeValidator(whole)] | None = None
    response_time_ms: Milliseconds | None = None
    # Strict mode would reject the text that the validator before it passes on: it no longer counts as JSON.
    timestamp: Annotated[Time, Field(strict=False), BeforeValidator(written_out)]
    is_success: bool
    error_message: Annotated[Text, Field(max_length=4096), AfterValidator(without_password)] | None = None
    cause: Cause | None = None
    event_id: Annotated[
        EventId,
        Field(validate_default=True),
        BeforeValidator(_made_up_where_absent, json_schema_input_type=EventId | None),
    ] = None  # type: ignore[assignment]  # the validator makes one
    monitor: Annotated[
        ReportedName,
        Field(validate_default=True),
        BeforeValidator(_target_url_where_absent, json_schema_input_type=ReportedName | None),
    ] = None  # type: ignore[assignment]  # the validator takes target_url
    location: Annotated[Text, Field(min_length=1, max_length=255)] | None = None
    agent: Annotated[str, Field(min_length=1, max_length=255), NoNul, Pattern] | None = None
    interval_seconds: Annotated[float, Field(gt=0, le=MAX_INTERVAL_SECONDS, allow_inf_nan=False)] | None = None
    is_inconclusive: bool = False
    dns_ms: Milliseconds | None = None
    connect_ms: Milliseconds | None = None
    tls_ms: Milliseconds | None = None
    first_byte_ms: Milliseconds | None = None
    ip: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    certificate_expires_at: Annotated[Time, Field(strict=False), BeforeValidator(written_out)] | None = None
    condition: Annotated[Text, Field(max_length=4096)] | None = None
    message: Annotated[Text, Field(max_length=10_000)] | None = None
    attempts: Annotated[tuple[CheckAttempt, ...], Field(max_length=MAX_ATTEMPTS)] = ()

    @property
    def is_conclusive(self) -> bool:
        """Whether the event says something about the monitor. A success always does."""
        return self.is_success or not self.is_inconclusive

    @property
    def is_offline(self) -> bool | None:
        """Whether nothing can be checked from the agent's location; None if the event does not say so."""
        if self.is_conclusive:
            return False
        return None if self.cause is not None and self.cause.code in OF_ONE_CHECK else True
