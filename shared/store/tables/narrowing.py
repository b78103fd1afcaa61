"""An event as its row in ``raw_events``, and the result that it shares with others. The view shows the same again."""

import functools
import hashlib
import json
import operator
import struct
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.models import as_text
from shared.models.times import milliseconds
from shared.settings.secrets import without_password

if TYPE_CHECKING:
    from shared.models import Event

# The part that an event has in common with most others of its monitor.
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
# The columns of ``raw_events`` that an event itself has.
COLUMNS = ("key_high", "key_low", "at", "delay_ms", *_DURATIONS, "details")
_UNKNOWN = -1
# The greatest numbers that fit a column.
_MOST_OF_DELAY, _MOST_OF_DURATION = 2**15 - 1, 2**31 - 1
_of_result = operator.itemgetter(*RESULT)
# Marks an id that was written with hyphens: the same digits without them are another id.
_HYPHENS = 0x626F6E67687761
_TWO_NUMBERS = struct.Struct(">qq")


class Key(NamedTuple):
    """The 16 bytes of an event_id as two signed numbers, and how it was written."""

    high: int
    low: int
    form: int


class Narrow(NamedTuple):
    """An event's values for COLUMNS, and its result.

    ``result``: the values of RESULT, and the form of its id. ``digest``: see ``digest_of``.
    """

    values: tuple[Any, ...]
    result: tuple[Any, ...]
    digest: str

    @property
    def key(self) -> tuple[int, int]:
        """By which the row is known."""
        return self.values[:2]


def key_of(event_id: str) -> Key:
    """The key of an event_id. A text that is no UUID is hashed; collisions are as unlikely as those of UUIDs."""
    digits = event_id.replace("-", "")
    form = 0 if event_id == digits else 1 if event_id == _hyphened(digits) else 2
    bytes_of_id = _sixteen_bytes(digits) if form < 2 else None
    if bytes_of_id is None:
        form, bytes_of_id = 2, hashlib.blake2b(event_id.encode(), digest_size=16).digest()
    high, low = _TWO_NUMBERS.unpack(bytes_of_id)
    return Key(high, low ^ _HYPHENS if form == 1 else low, form)


def _sixteen_bytes(digits: str) -> bytes | None:
    """The bytes of 32 hex digits; None if these are none, or are not in lower case."""
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        return None
    return found if len(found) == 16 and found.hex() == digits else None


def _hyphened(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def of_event(event: "Event", received_at: datetime) -> Narrow:
    """The narrow row of an event that was received then."""
    values = dict(vars(event))
    values["is_success"], values["is_inconclusive"] = int(event.is_success), int(event.is_inconclusive)
    values["cause"] = event.cause.model_dump_json() if event.cause else None
    expires_at = event.certificate_expires_at
    values["certificate_expires_at"] = as_text(expires_at) if expires_at else None
    attempts = event.attempts
    values["attempts"] = json.dumps([each.model_dump(mode="json") for each in attempts]) if attempts else None
    return _narrow(values, event.timestamp, received_at)


def of_row(row: Mapping[str, Any]) -> Narrow:
    """The narrow row of a row of ``old_events``. A URL's password, which version 0.1 stored, is masked.

    Raises:
        ValueError: one of its times cannot be read.
    """
    values = {**row, "target_url": without_password(row["target_url"])}
    return _narrow(values, datetime.fromisoformat(row["timestamp"]), datetime.fromisoformat(row["received_at"]))


@functools.lru_cache(maxsize=4096)
def digest_of(result: tuple[Any, ...]) -> str:
    """By which a result is found again."""
    return hashlib.blake2b(json.dumps(result).encode(), digest_size=16).hexdigest()


def _narrow(values: Mapping[str, Any], timestamp: datetime, received_at: datetime) -> Narrow:
    key = key_of(values["event_id"])
    at = milliseconds(timestamp)
    delay = milliseconds(received_at) - at
    took = [_UNKNOWN if (ms := values[name]) is None else round(ms * 1000) for name in _DURATIONS.values()]
    details = {name: values[name] for name in _TEXTS if values[name] is not None}
    if key.form == 2:
        details["event_id"] = values["event_id"]
    is_usual = -_MOST_OF_DELAY <= delay <= _MOST_OF_DELAY
    if not is_usual:
        details["delay_ms"] = delay
    if max(took) > _MOST_OF_DURATION:
        details |= {name: each for name, each in zip(_DURATIONS, took, strict=True) if each > _MOST_OF_DURATION}
        took = [None if name in details else each for name, each in zip(_DURATIONS, took, strict=True)]
    said = json.dumps(details, ensure_ascii=False) if details else ""
    result = (*_of_result(values), key.form)
    return Narrow((key.high, key.low, at, delay if is_usual else None, *took, said), result, digest_of(result))
