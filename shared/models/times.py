"""Times: aware, in UTC and whole milliseconds.

As text they have one width (``2025-01-08T10:30:00.000Z``), so that they sort as they stand.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def now() -> datetime:
    """The current time, UTC, cut to whole milliseconds."""
    return utc(datetime.now(UTC))


def utc(value: datetime) -> datetime:
    """``value`` in UTC and whole milliseconds. A time without an offset is read in this machine's local zone.

    Raises:
        ValueError: in UTC the time would lie outside the years that Python can count.
    """
    if value.tzinfo is not UTC:
        try:
            value = value.astimezone(UTC)
        except (OverflowError, OSError) as error:
            raise ValueError("a time that can be expressed in UTC") from error
    # The usual case is whole, and a copy would cost as much as everything else here.
    more = value.microsecond % 1000
    return value.replace(microsecond=value.microsecond - more) if more else value


def as_text(value: datetime) -> str:
    """``value`` as the one text form of a time, ``2025-01-08T10:30:00.000Z``. Raises as ``utc`` does."""
    # Texts are compared: one of another zone would stand hours away from its time.
    if value.tzinfo is not UTC:
        value = utc(value)
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_time(text: str | None) -> datetime | None:
    """The time that ``as_text`` wrote; None if nothing was written."""
    return datetime.fromisoformat(text) if text else None


def milliseconds(at: datetime) -> int:
    """The whole milliseconds from 1970 to ``at``."""
    return (at - _EPOCH) // _MILLISECOND


def written_out(value: Any) -> Any:
    """``value`` if it is a date with its time. Raises ValueError if it is not."""
    # A number, even as text, would be read as seconds since 1970, and a date alone as its midnight.
    is_text = isinstance(value, str) and value[4:5] == "-" and len(value) > len("2025-01-08")
    if not is_text and not isinstance(value, datetime):
        raise ValueError("an ISO 8601 date and time")
    return value


def with_plus(value: Any) -> Any:
    """``value`` with the offset of a time in a query, where an unescaped ``+09:00`` arrives as `` 09:00``."""
    is_lost = isinstance(value, str) and "T" in value and value[-6:-5] == " " and value[-3:-2] == ":"
    return f"{value[:-6]}+{value[-5:]}" if is_lost else value
