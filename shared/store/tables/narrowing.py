"""An event as its row in ``raw_events``, and the result that it shares with others. The view shows the same again."""

import functools
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.models import as_text
from shared.settings.secrets import without_password

if TYPE_CHECKING:
    from shared.models import Event

# What an event has in common with most others of its monitor.
RESULT = (
    *("target_url", "location", "is_success", "status_code", "error_message", "cause", "is_inconclusive", "ip"),
    *("certificate_expires_at", "condition"),
)
_DURATIONS = {
    "response_us": "response_time_ms",
    "dns_us": "dns_ms",
    "connect_us": "connect_ms",
    "tls_us": "tls_ms",
    "first_byte_us": "first_byte_ms",
}
_TEXTS = ("message", "attempts")
_NAMES = ("event_id", *RESULT, *_DURATIONS.values(), *_TEXTS)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_UNKNOWN = -1
# The greatest number that fits a column.
_MOST = {"delay_ms": 2**15 - 1} | dict.fromkeys(_DURATIONS, 2**31 - 1)
# So that the same digits with and without hyphens are two ids, as two texts are.
_HYPHENS = 0x626F6E67687761
_DIGITS = frozenset("0123456789abcdef")


class Key(NamedTuple):
    """The 16 bytes of an event_id as two signed numbers, and how it was written."""

    high: int
    low: int
    form: int


class Narrow(NamedTuple):
    """An event's values for the columns of ``raw_events``, but its ``monitor_id``, and its result.

    ``result``: the values of RESULT, and the form of its id.
    """

    columns: dict[str, Any]
    result: tuple[Any, ...]


def key_of(event_id: str) -> Key:
    """The key of an event_id. A text that is no UUID is hashed; collisions are as unlikely as those of UUIDs."""
    digits = event_id.replace("-", "")
    is_number = len(digits) == 32 and _DIGITS.issuperset(digits)
    if is_number and event_id == digits:
        number, mask, form = int(digits, 16), 0, 0
    elif is_number and event_id == _hyphened(digits):
        number, mask, form = int(digits, 16), _HYPHENS, 1
    else:
        hashed = hashlib.blake2b(event_id.encode(), digest_size=16)
        number, mask, form = int.from_bytes(hashed.digest(), "big"), 0, 2
    return Key(_signed(number >> 64), _signed(number & (2**64 - 1) ^ mask), form)


def _hyphened(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def of_event(event: "Event", received_at: datetime) -> Narrow:
    """The narrow row of an event that was received then."""
    values = {name: getattr(event, name) for name in _NAMES}
    values["is_success"], values["is_inconclusive"] = int(event.is_success), int(event.is_inconclusive)
    values["cause"] = event.cause.model_dump_json() if event.cause else None
    expires_at = event.certificate_expires_at
    values["certificate_expires_at"] = as_text(expires_at) if expires_at else None
    attempts = [each.model_dump(mode="json") for each in event.attempts]
    values["attempts"] = json.dumps(attempts) if attempts else None
    return _narrow(values, event.timestamp, received_at)


def of_row(row: Mapping[str, Any]) -> Narrow:
    """The narrow row of a row of ``old_events``. A URL's password, which version 0.1 stored, is masked.

    Raises:
        ValueError: one of its times cannot be read.
    """
    values = {**row, "target_url": without_password(row["target_url"])}
    return _narrow(values, datetime.fromisoformat(row["timestamp"]), datetime.fromisoformat(row["received_at"]))


@functools.lru_cache(maxsize=1024)
def milliseconds(at: datetime) -> int:
    """The milliseconds from 1970 to ``at``, as ``raw_events.at`` has them."""
    return (at - _EPOCH) // _MILLISECOND


@functools.lru_cache(maxsize=4096)
def digest_of(result: tuple[Any, ...]) -> str:
    """By which a result is found again."""
    return hashlib.blake2b(json.dumps(result).encode(), digest_size=16).hexdigest()


def _narrow(values: Mapping[str, Any], timestamp: datetime, received_at: datetime) -> Narrow:
    key = key_of(values["event_id"])
    at = milliseconds(timestamp)
    columns: dict[str, Any] = {"key_high": key.high, "key_low": key.low, "at": at}
    columns["delay_ms"] = milliseconds(received_at) - at
    for name, of_event in _DURATIONS.items():
        took = values[of_event]
        columns[name] = _UNKNOWN if took is None else round(took * 1000)
    details = {name: values[name] for name in _TEXTS if values[name] is not None}
    if key.form == 2:
        details["event_id"] = values["event_id"]
    for name, most in _MOST.items():
        if not -most <= columns[name] <= most:
            details[name], columns[name] = columns[name], None
    columns["details"] = json.dumps(details, ensure_ascii=False) if details else ""
    return Narrow(columns, (*(values[name] for name in RESULT), key.form))


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number
