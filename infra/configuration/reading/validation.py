"""Checks a part of the file with a model, and says each mistake in the words of the file."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from infra.configuration.reading.mistakes import BROKEN, Mistake, is_wrong, shown, unknown_key
from infra.configuration.reading.mistakes import field as place
from infra.configuration.reading.nodes import Node, Scalar, at, data_of
from shared.monitors.durations import EXPECTED as DURATION
from shared.monitors.expectations import expected as expected_of

Value = TypeVar("Value")
Path = tuple[str | int, ...]
# The kind of value that a missing field would have; a field that is not here would be text.
_MISSING = {
    "name": "a name that no other monitor has",
    "period": DURATION,
    "after": DURATION,
    "channels": "the names of channels",
    "kind": "maintenance or silence",
}
_MANY = 12
# Text that is written without quotes and looks like a number: http_version: 1.1, name: 404.
_ARE_TEXT = ("string_type", "literal_error")


class Source(NamedTuple):
    """The place of a part of the file: its first line, its node, and how a field is written there."""

    where: str
    line: int
    node: Node
    written: Callable[[str], str] = str

    def steps(self, path: Sequence[str | int]) -> list[tuple[int, Node]]:
        """The lines and nodes along a path of fields, as far as the file has them."""
        as_written = [self.written(path[0]), *path[1:]] if path and isinstance(path[0], str) else path
        return list(at(self.node, as_written))

    def line_of(self, path: Sequence[str | int]) -> int:
        """The line of what stands at ``path``, or of the nearest thing around it."""
        steps = self.steps(path)
        return steps[-1][0] if steps else self.line

    def mistake(self, path: Sequence[str | int], text: str) -> Mistake:
        """A mistake at ``path``."""
        return Mistake(self.line_of(path), self.where, text)

    def wrong(self, path: Sequence[str | int], value: Any, expected: str) -> Mistake:
        """The mistake that ``value`` is not what is expected at ``path``; shown as written, with its placeholders."""
        steps = self.steps(path)
        found = data_of(steps[-1][1]) if path and len(steps) == len(path) else value
        return self.mistake(path, is_wrong(path, shown(found, path), expected))


def checked(
    validate: Callable[[Any], Value], source: Source, mistakes: list[Mistake], *, model: Any, data: Any = None
) -> Value | None:
    """The result of ``validate`` for a part; None if the part is wrong.

    ``data``: the part's values, if they were changed. ``model``: the model that ``validate`` is of, for the keys that
    it knows.
    """
    data = data_of(source.node) if data is None else data
    try:
        return validate(data)
    except ValidationError as error:
        details = _details(error)
    spelt = _as_written(data, source, details)
    if spelt is not None:
        data = spelt
        try:
            return validate(data)
        except ValidationError as error:
            details = _details(error)
    mistakes.extend(_mistakes(details, data, source, model))
    return None


def _details(error: ValidationError) -> list[Any]:
    return list(error.errors(include_url=False))


def _mistakes(details: list[Any], data: Any, source: Source, model: Any) -> Iterator[Mistake]:
    expected: dict[Path, list[str]] = {}
    for detail in details:
        path = _path(detail, data)
        kind = detail["type"]
        if kind == "extra_forbidden":
            yield source.mistake(path, _unknown(path, model))
        elif kind == "missing":
            yield source.mistake(path[:-1], f"{place(path)} is missing: expected {_MISSING.get(str(path[-1]), 'text')}")
        else:
            path, said = _of_rule(path, expected_of(detail), model)
            expected.setdefault(path, []).append(said)
    for path, texts in expected.items():
        # A list is not too short if its items are wrong.
        if any(len(other) > len(path) and other[: len(path)] == path for other in expected):
            continue
        value = _value(data, path)
        if value is BROKEN:
            continue
        text = ", or ".join(dict.fromkeys(texts))
        if path and not isinstance(value, _Absent):
            yield source.wrong(path, value, text)
        elif path:
            yield source.mistake(path, f"{place(path)} is missing: expected {text}")
        elif isinstance(value, dict):
            yield source.mistake((), f"expected {text}")
        else:
            yield source.wrong((), value, text)


def _of_rule(path: Path, said: str, model: Any) -> tuple[Path, str]:
    """A rule about several fields names the one that is to be changed: ``depends_on: other monitors than …``."""
    name, colon, rest = said.partition(": ")
    if not path and colon and name in getattr(model, "model_fields", ()):
        return (name,), rest
    return path, said


def _path(detail: Any, data: Any) -> Path:
    """The place of a mistake: its location without what is no key and no index there, such as a union's branches."""
    location = detail["loc"]
    found = 0
    for part in location:
        value = _value(data, (part,))
        if isinstance(value, _Absent) or isinstance(data, str):
            break
        data, found = value, found + 1
    is_missing = detail["type"] == "missing" and found < len(location)
    return (*location[:found], location[-1]) if is_missing else tuple(location[:found])


class _Absent:
    """Nothing stands there."""


def _value(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return _Absent()
    return data


def _unknown(path: Path, model: Any) -> str:
    for part in path[:-1]:
        own = _model_in(model)
        if own is not None and part in own.model_fields:
            model = own.model_fields[str(part)].annotation
    known = list(own.model_fields) if (own := _model_in(model)) else []
    what = f"one of {', '.join(known)}" if len(known) <= _MANY else "a key that infra/configuration/README.md lists"
    text = unknown_key(str(path[-1]), known, what)
    inside = place(path[:-1])
    return f"{inside}: {text}" if inside else text


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _model_in(argument))), None)


def _as_written(data: Any, source: Source, details: list[Any]) -> Any | None:
    """``data`` with the text of each value that was taken for a number; None if there is none."""
    is_changed = False
    for detail in details:
        path = _path(detail, data)
        value = _value(data, path)
        if detail["type"] not in _ARE_TEXT or not path or not isinstance(value, int | float):
            continue
        steps = source.steps(path)
        if len(steps) == len(path) and isinstance(scalar := steps[-1][1], Scalar) and scalar.value == value:
            data, is_changed = _replaced(data, path, scalar.text), True
    return data if is_changed else None


def _replaced(data: Any, path: Path, value: Any) -> Any:
    """A copy of ``data`` with ``value`` at ``path``; what aliases share is not changed."""
    if not path:
        return value
    if isinstance(data, Mapping):
        return {**data, path[0]: _replaced(data[path[0]], path[1:], value)}
    first = int(path[0])
    return [_replaced(item, path[1:], value) if number == first else item for number, item in enumerate(data)]
