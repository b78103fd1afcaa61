"""How a row of the store becomes a value, and how a value reads as JSON.

The values are NamedTuples of plain types: what the store holds was checked when it came in, and each model that would
check it again costs a cold start a millisecond. A change makes a new value (``_replace``).
"""

import functools
import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args

from shared.models.cause import Cause
from shared.models.times import as_text, utc
from shared.settings.secrets import without_password

# The greatest id of a row: the store's integers have 8 bytes.
MAX_ID = 2**63 - 1
# The longest name of a monitor. A row of an index of PostgreSQL has at most 2,704 bytes, and some have a name beside
# another column.
MAX_NAME_BYTES = 2048

Value = TypeVar("Value", bound=tuple[Any, ...])
_NONE = object()
_PLAIN = {str, int, float, bool, NoneType}
_NOT_READ = (AttributeError, LookupError, OverflowError, TypeError, ValueError)
Read = Callable[[Any], Any]


class Unreadable(ValueError):
    """A row holds what its value cannot hold. ``columns``: where."""

    def __init__(self, kind: str, columns: list[str]) -> None:
        super().__init__(f"a row of {kind} holds what cannot be read: {', '.join(columns)}")
        self.columns = columns


def value_of(kind: type[Value], row: Mapping[str, Any]) -> Value:
    """The row as a value: of each field, the column of its name, read as the field's type. Other columns do not matter.

    NULL is the field's default, or else None if the field may be None.

    Raises:
        Unreadable: a column holds something else.
    """
    try:
        values = list(map(row.get, kind._fields))  # type: ignore[attr-defined]
        # Rows whose columns have the same types are read alike. An event reads a row of more than thirty columns.
        for place, read in _readers(kind, tuple(map(type, values))):
            values[place] = read(values[place])
        return kind._make(values)  # type: ignore[attr-defined,no-any-return]
    except _NOT_READ:
        raise Unreadable(kind.__name__, list(_unreadable(kind, row))) from None


@functools.lru_cache(maxsize=1024)
def _readers(kind: type[tuple[Any, ...]], types: tuple[type, ...]) -> list[tuple[int, Read]]:
    """Return the place of each value that has to be read, and its reader. The other values are taken as they are.

    ``types``: those of the values.
    """
    found: list[tuple[int, Read]] = []
    for place, (found_type, (_, plain, read, default)) in enumerate(zip(types, _fields(kind), strict=True)):
        if found_type is NoneType and default is not _NONE:
            found += [] if default is None else [(place, functools.partial(_always, default))]
        elif found_type is not plain:
            found.append((place, read))
    return found


def _unreadable(kind: type[Value], row: Mapping[str, Any]) -> Iterator[str]:
    for name, _, read, default in _fields(kind):
        try:
            if row.get(name) is not None or default is _NONE:
                read(row.get(name))
        except _NOT_READ:
            yield name


def as_json(value: Any) -> Any:
    """The value as responses have it: an object by its fields, each time as text."""
    if type(value) in _PLAIN:
        return value  # the usual case
    if isinstance(value, datetime):
        return as_text(value)
    if isinstance(value, tuple):
        parts = [as_json(part) for part in value]
        return dict(zip(value._fields, parts, strict=True)) if hasattr(value, "_fields") else parts
    return value


def columns_of(value: tuple[Any, ...], names: Iterable[str]) -> dict[str, Any]:
    """Some of the fields of a value, as columns have them."""
    return {name: as_json(getattr(value, name)) for name in names}


def masked(text: str) -> str:
    """``text`` without the passwords of URLs, and no longer than a name may be."""
    return without_password(text)[:MAX_NAME_BYTES]


def shortened(name: str) -> str:
    """The beginning of ``name`` that a monitor can be called after."""
    return name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")


def storable(text: str) -> str:
    """``text`` as every engine can store it: a NUL or half a character becomes a question mark."""
    return text.encode(errors="replace").decode().replace("\0", "?")


# Masked when it is read too, since version 0.1 stored it as it came.
MaskedText = Annotated[str, masked]


@functools.cache
def _fields(kind: type[Any]) -> list[tuple[str, Any, Read, Any]]:
    """Each field's name, the type that is taken as it is, how others are read, and its default or _NONE."""
    defaults = kind._field_defaults
    return [
        (name, _plain(each), _reader(each), defaults.get(name, _NONE)) for name, each in kind.__annotations__.items()
    ]


def _always(value: Any, _: Any) -> Any:
    return value


def _plain(kind: Any) -> Any:
    """The type that a column mostly holds if it is the value itself; otherwise a type that no column holds."""
    some = [each for each in get_args(kind) or (kind,) if each is not NoneType]
    return some[0] if some[0] in (str, int, float) and len(some) == 1 else _NONE


def _reader(kind: Any) -> Read:
    """How a value of this type is read. A value that a column cannot hold by itself is JSON there."""
    if kind in _READERS:
        return _READERS[kind]
    match get_args(kind):
        case ():
            if hasattr(kind, "_fields"):
                return functools.partial(value_of, kind)
            return {member.value: member for member in kind}.__getitem__  # a call of it takes ten times as long
        case (some, none) if none is NoneType:
            read = _reader(some)
            return lambda value: None if value is None else read(value)
        case (item, end) if end is Ellipsis:
            read = _reader(item)
            return lambda value: tuple(read(each) for each in _from_json(value))
        case (_, item):
            read = _reader(item)
            return lambda value: {name: read(each) for name, each in _from_json(value).items()}
    raise TypeError(f"no column holds {kind}")


def _from_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _flag(value: Any) -> bool:
    if value not in (0, 1):
        raise ValueError
    return bool(value)


def _time(value: Any) -> datetime:
    return utc(value if isinstance(value, datetime) else datetime.fromisoformat(value))


def _cause(value: Any) -> Cause:
    return value if isinstance(value, Cause) else Cause.model_validate_json(value)


_READERS: dict[Any, Read] = {
    str: _text,
    MaskedText: lambda value: masked(_text(value)),
    int: operator.index,
    float: float,
    bool: _flag,
    datetime: _time,
    Cause: _cause,
}
