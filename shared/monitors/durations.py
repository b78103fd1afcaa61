"""Durations as people write them: ``90`` (seconds), ``30s``, ``5m``, ``1h30m``, ``14d``, ``250ms``."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

EXPECTED = "a duration such as 30s or 5m"
# Longest unit first: a duration is written with as few of them as it takes.
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[dhms])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_MAX_SECONDS = 366 * 86_400.0


def seconds_of(value: Any) -> float:
    """The seconds that a duration lasts.

    Raises:
        ValueError: it is no duration; the text says what is expected.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _fitting(value)
    if isinstance(value, str):
        text = value.strip()
        if _SECONDS.fullmatch(text):
            return _fitting(float(text))
        if (milliseconds := milliseconds_of(text)) is not None:
            return _fitting(milliseconds / 1000)
    raise ValueError(EXPECTED)


def milliseconds_of(text: str) -> float | None:
    """The milliseconds that a duration with units lasts, however long it is; None if ``text`` is none."""
    if not _WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _MILLISECONDS[unit] for number, unit in _PART.findall(text))


def duration_text(seconds: float) -> str:
    """``seconds`` as a person would write them: ``1m30s``."""
    left = round(seconds * 1000)
    parts = []
    for unit, milliseconds in _MILLISECONDS.items():
        count, left = divmod(left, milliseconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _fitting(seconds: float) -> float:
    # Also refuses NaN.
    if not 0 <= seconds <= _MAX_SECONDS:
        raise ValueError(f"{EXPECTED}, at most {duration_text(_MAX_SECONDS)}")
    return float(seconds)


def _at_least(least: float) -> Any:
    def check(value: Any) -> float:
        seconds = seconds_of(value)
        if seconds < least:
            raise ValueError(f"a duration of {duration_text(least)} or more")
        return seconds

    return check


_WRITTEN = PlainSerializer(duration_text, return_type=str, when_used="always")
_SCHEMA = Field(
    json_schema_extra={
        "type": ["string", "number"],
        "pattern": rf"^({_SECONDS.pattern}|({_PART.pattern})+)$",
        "examples": ["30s", "5m", "1h30m", 90],
    }
)

# In seconds; written out as text. SHORT may be less than a second.
Duration = Annotated[float, BeforeValidator(_at_least(1.0)), _WRITTEN, _SCHEMA]
ShortDuration = Annotated[float, BeforeValidator(_at_least(0.001)), _WRITTEN, _SCHEMA]
