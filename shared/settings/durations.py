"""Durations as people write them: ``90`` (seconds), ``30s``, ``5m``, ``1h30m``, ``14d``, ``250ms``."""

import re
from typing import Any

EXPECTED = "a duration such as 30s or 5m"
# Longest unit first: a duration is written with as few of them as it takes.
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[dhms])")
_WHOLE = re.compile(rf"(?:{PART.pattern})+")
SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


def seconds_of(value: Any, most: float = 366 * 86_400.0) -> float:
    """The seconds that a duration lasts, at most ``most``.

    Raises:
        ValueError: it is no duration; the text says what is expected.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _fitting(value, most)
    if isinstance(value, str):
        text = value.strip()
        if SECONDS.fullmatch(text):
            return _fitting(float(text), most)
        if (milliseconds := milliseconds_of(text)) is not None:
            return _fitting(milliseconds / 1000, most)
    raise ValueError(EXPECTED)


def milliseconds_of(text: str) -> float | None:
    """The milliseconds that a duration with units lasts, however long it is; None if ``text`` is none."""
    if not _WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _MILLISECONDS[unit] for number, unit in PART.findall(text))


def duration_text(seconds: float) -> str:
    """``seconds`` as a person would write them: ``1m30s``."""
    left = round(seconds * 1000)
    parts = []
    for unit, milliseconds in _MILLISECONDS.items():
        count, left = divmod(left, milliseconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _fitting(seconds: float, most: float) -> float:
    # Also refuses NaN.
    if not 0 <= seconds <= most:
        raise ValueError(f"{EXPECTED}, at most {duration_text(most)}")
    return float(seconds)
