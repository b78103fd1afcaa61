"""Durations in a policy. See ``settings.durations`` for how they are written."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from shared.models.scalars import Written
from shared.settings.durations import EXPECTED, PART, SECONDS, duration_text, milliseconds_of, seconds_of

__all__ = ["EXPECTED", "Duration", "ShortDuration", "duration_text", "milliseconds_of", "seconds_of"]


def _at_least(least: float) -> Any:
    def check(value: Any) -> float:
        seconds = seconds_of(value)
        if seconds < least:
            raise ValueError(f"a duration of {duration_text(least)} or more")
        return seconds

    return check


_WRITTEN = Written(duration_text, "always")
_SCHEMA = Field(
    json_schema_extra={
        "type": ["string", "number"],
        "pattern": rf"^({SECONDS.pattern}|({PART.pattern})+)$",
        "examples": ["30s", "5m", "1h30m", 90],
    }
)

# In seconds; written out as text. SHORT may be less than a second.
Duration = Annotated[float, BeforeValidator(_at_least(1.0)), _WRITTEN, _SCHEMA]
ShortDuration = Annotated[float, BeforeValidator(_at_least(0.001)), _WRITTEN, _SCHEMA]
