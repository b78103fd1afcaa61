"""Policies as callers send them. A mistake is a problem that names field and value, and never shows a secret."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Request
from pydantic import ValidationError

from shared import web
from shared.monitors.aliases import normalised
from shared.monitors.descriptions import MONITOR, PARTS
from shared.monitors.expectations import expected
from shared.monitors.masking import is_secret, masked, unmasked
from shared.monitors.policy import Policy
from shared.settings.secrets import HIDDEN, without_password
from shared.web.problems import shown

MAX_MONITORS = 20_000
MAX_LINE = 10**9
MAX_MISTAKES = 10
Path = tuple[str | int, ...]


def object_in(request: Request) -> dict[str, Any]:
    """The JSON object in the body. Raises Problem if it is something else."""
    body = web.body_of(request)
    try:
        data = json.loads(body)
        if b"\\u" in body:
            json.dumps(data, ensure_ascii=False).encode()  # half a character cannot be stored
    except UnicodeEncodeError:
        raise web.Problem(400, "body: expected whole characters; found half of one", field="body") from None
    except (ValueError, RecursionError) as error:
        raise web.Problem(400, f"body: expected JSON ({error})", field="body") from None
    if not isinstance(data, dict):
        raise wrong("body", "an object", data)
    return data


def policy_in(data: Mapping[str, Any], stored: Policy | None = None, *, where: Path = ()) -> Policy:
    """The policy in ``data``. ``stored`` has the secrets that a ``***`` in it stands for.

    Raises:
        Problem: 400; ``where`` is the place of ``data`` in the body.
    """
    try:
        data = unmasked(normalised(data), stored)
        return Policy.model_validate(data)
    except ValidationError as error:
        raise _of(*_mistakes(error, data, where)) from None
    except ValueError as error:
        raise _of_text(error, where) from None


def changed(stored: Policy, data: Mapping[str, Any]) -> Policy:
    """The stored policy with the fields in ``data``; one that is null returns to its default. Raises Problem."""
    known = masked(stored)
    try:
        # An alias may count in intervals.
        fresh = normalised({"interval": known["interval"], **data})
    except ValueError as error:
        raise _of_text(error, ()) from None
    return policy_in({name: value for name, value in {**known, **fresh}.items() if value is not None}, stored)


def wrong(field: str, expectation: str, value: Any) -> web.Problem:
    """The problem of one wrong value that is no secret."""
    return _of(_Mistake(field, shown(value), f"expected {expectation}"))


class _Mistake(dict[str, str]):
    def __init__(self, field: str, value: str, problem: str) -> None:
        super().__init__(field=field, value=value, problem=problem)


def _of(*found: _Mistake) -> web.Problem:
    first = found[0]
    detail = f"{first['field']}: {first['problem']}" + (f"; found {first['value']}" if first["value"] else "")
    return web.Problem(400, detail, field=first["field"], value=first["value"], errors=list(found))


def _of_text(error: ValueError, where: Path) -> web.Problem:
    """The problem of an error whose text is a field, ``: `` and what is expected there."""
    field, _, expectation = str(error).partition(": ")
    return _of(_Mistake(_named(where, (field,)), "", f"expected {expectation}"))


def _mistakes(error: ValidationError, data: Mapping[str, Any], where: Path) -> Iterator[_Mistake]:
    texts: dict[str, list[str]] = {}
    values: dict[str, str] = {}
    for mistake in error.errors(include_url=False):
        path, value, text = _read(mistake, data)
        field = _named(where, path)
        texts.setdefault(field, []).append(text)
        values.setdefault(field, value)
    # A value may be wrong in several ways: no number, and not the one word that is allowed instead.
    for field in list(texts)[:MAX_MISTAKES]:
        yield _Mistake(field, values[field], f"expected {', or '.join(dict.fromkeys(texts[field]))}")


def _read(mistake: Any, data: Mapping[str, Any]) -> tuple[Path, str, str]:
    """Where a mistake is, what stands there as far as it may be shown, and what is expected instead."""
    location = mistake["loc"]
    match mistake["type"]:
        case "extra_forbidden":
            # Whatever stands there may be the secret of a field whose name is misspelled.
            return location, "", _nearest(location)
        case "missing":
            return location, "", "a value, since it has to be there"
    text = expected(mistake)
    if not location:
        # What concerns several fields begins with the field that should be another.
        field, _, text = text.partition(": ")
        return (field,), "", text
    path = tuple(_within(data, location))
    value = mistake["input"]
    return path, "an object" if isinstance(value, Mapping) else _value(path, value), text


def _nearest(path: Path) -> str:
    import difflib  # only for mistakes

    known = PARTS.get(str(path[0]), {}) if len(path) > 1 else MONITOR
    close = difflib.get_close_matches(str(path[-1]).lower().replace("-", "_"), known, 1)
    return f"{close[0]}, the nearest known field" if close else "the name of a known field"


def _within(data: Any, location: Path) -> Iterator[str | int]:
    """A location without what is no key and no index in ``data``, such as a union's branches."""
    for part in location:
        if isinstance(data, str):
            return
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return
        yield part


def _named(where: Path, path: Path) -> str:
    return ".".join(str(part) for part in (*where, *path)) or "body"


def _value(path: Path, value: Any) -> str:
    if is_secret([str(part) for part in path]):
        return HIDDEN
    return shown(without_password(value) if isinstance(value, str) else value)
