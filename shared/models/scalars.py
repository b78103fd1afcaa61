"""The plain types that the values are made of, and the base that freezes them."""

import secrets
import time
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.settings.secrets import without_password


def new_event_id() -> str:
    """A new unique event id, 32 hex digits. It begins with the time, so that an index on it grows at its end."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def storable(text: str) -> str:
    """``text`` as every engine can store it: a NUL or half a character becomes a question mark."""
    return text.encode(errors="replace").decode().replace("\0", "?")


def _without_nul(value: str) -> str:
    # PostgreSQL cannot store a NUL, and no honest name or message has one.
    if "\0" in value:
        raise ValueError("text without NUL characters")
    return value


def _masked(text: str) -> str:
    return without_password(text)[:2048]


def whole(value: Any) -> Any:
    """``value`` as an int if it is a whole float."""
    # JSON has one kind of number, and some languages write 200 as 200.0.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text = Annotated[str, AfterValidator(_without_nul), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
EventId = Annotated[Text, Field(min_length=1, max_length=64)]
# Masked wherever it comes from: an agent, a report of others, a store or an event that waits since version 0.1.
Masked = AfterValidator(_masked)
MonitorName = Annotated[Text, Field(min_length=1, max_length=2048), Masked]
Milliseconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class Value(BaseModel):
    """A frozen value: a change makes a new one (``model_copy(update=…)``)."""

    model_config = ConfigDict(frozen=True, defer_build=True)
