"""Placeholders: what a condition reads from a check."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from shared.monitors.conditions.facts import MISSING, Facts
from shared.monitors.conditions.values import length_of, shown
from shared.monitors.durations import duration_text

Path = tuple[str | int, ...]
Read = Callable[[Facts], Any]


class Type(Enum):
    """The value of a placeholder, as far as it is known before a check."""

    NUMBER = auto()
    TIME = auto()  # in milliseconds
    TRUTH = auto()
    TEXT = auto()
    ANY = auto()


def _response_time(facts: Facts) -> Any:
    # Whole milliseconds, so that a message never says that 300 <= 300 failed.
    return None if facts.response_time_ms is None else int(facts.response_time_ms)


def _certificate_expiration(facts: Facts) -> Any:
    return None if facts.certificate_expiry is None else int(facts.certificate_expiry * 1000)


# Each placeholder: its type, and how it is read. None is what the check does not know.
PLACEHOLDERS: dict[str, tuple[Type, Read]] = {
    "STATUS": (Type.NUMBER, lambda facts: facts.status),
    "BODY": (Type.ANY, Facts.text),
    "RESPONSE_TIME": (Type.TIME, _response_time),
    "CERTIFICATE_EXPIRATION": (Type.TIME, _certificate_expiration),
    "IP": (Type.TEXT, lambda facts: facts.ip),
    "CONNECTED": (Type.TRUTH, lambda facts: facts.connected),
    "DNS_RCODE": (Type.TEXT, lambda facts: facts.dns_rcode),
    "HEADER": (Type.ANY, lambda facts: facts.headers),
}
FUNCTIONS = {"len": Type.NUMBER, "has": Type.TRUTH}


class Reading:
    """One side of a condition that is read from a check: a placeholder, perhaps within ``len()`` or ``has()``.

    ``text`` is the side as it was written. ``path`` leads into the body's JSON, or is the name of a header.
    ``value(facts)`` is what the check found there, MISSING if there is nothing. The ``…body`` ones say that it is the
    whole body, without a path, and which function encloses it.
    """

    __slots__ = (
        "_is_expiry",
        "is_body",
        "is_length_of_body",
        "is_presence_of_body",
        "name",
        "text",
        "type",
        "value",
    )

    def __init__(self, text: str, name: str, path: Path = (), function: str | None = None) -> None:
        self.text = text
        self.name = name
        self.type = FUNCTIONS[function] if function else PLACEHOLDERS[name][0]
        self.value = _reader(name, path, function)
        is_whole = name == "BODY" and not path
        self.is_body = is_whole and function is None
        self.is_length_of_body = is_whole and function == "len"
        self.is_presence_of_body = is_whole and function == "has"
        self._is_expiry = name == "CERTIFICATE_EXPIRATION" and not function

    def described(self, facts: Facts) -> str:
        """The side as it was written, and its value: ``[STATUS] (500)``."""
        value = self.value(facts)
        if self._is_expiry and value is not MISSING:
            value = ("-" if value < 0 else "") + duration_text(abs(value) // 1000)
        return f"{self.text} ({shown(value)})"


def _reader(name: str, path: Path, function: str | None) -> Read:
    if name == "BODY" and path:
        read = _json_at(path)
    elif name == "HEADER":
        read = _header(str(path[0]))
    else:
        read = _fact(PLACEHOLDERS[name][1])
    if function == "has":
        return lambda facts: _is_there(read(facts))
    if function == "len":
        return _body_length if name == "BODY" and not path else lambda facts: length_of(read(facts))
    return read


def _fact(read: Read) -> Read:
    def value(facts: Facts) -> Any:
        found = read(facts)
        return MISSING if found is None else found

    return value


def _header(name: str) -> Read:
    return lambda facts: facts.headers.get(name, MISSING)


def _json_at(path: Path) -> Read:
    # The container's type goes with each step, because an index also finds a character of a text.
    steps: list[tuple[Any, type]] = [(step, list if isinstance(step, int) else dict) for step in path]

    def value(facts: Facts) -> Any:
        found = facts.document()
        for step, container in steps:
            if type(found) is not container:
                return MISSING
            try:
                found = found[step]  # type: ignore[index]  # a list or an object
            except LookupError:
                return MISSING
        return found

    return value


def _is_there(value: Any) -> bool:
    return value is not MISSING and value is not None and value != b""


def _body_length(facts: Facts) -> Any:
    text = facts.written()
    is_list = text is not MISSING and text[:1] == b"[" and isinstance(facts.document(), list)
    return length_of(facts.document() if is_list else text)
