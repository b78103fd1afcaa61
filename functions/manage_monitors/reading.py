"""Policies as callers send them. A mistake is a problem that names field and value, and never shows a secret."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Request
from pydantic import ValidationError

from shared import web
from shared.monitors.aliases import normalised
from shared.monitors.masking import is_secret, unmasked
from shared.monitors.policy import Policy
from shared.settings.secrets import HIDDEN, without_password
from shared.web.problems import shown

MAX_MONITORS = 20_000
# What pydantic says otherwise than by naming what it expects.
_EXPECTED = {"missing": "a value, since it has to be there", "extra_forbidden": "the name of a known field"}


def object_in(request: Request) -> dict[str, Any]:
    """The JSON object in the body. Raises Problem if it is something else."""
    try:
        data = json.loads(web.body_of(request))
    except ValueError as error:
        raise web.Problem(400, f"body: expected JSON ({error})", field="body") from None
    if not isinstance(data, dict):
        raise web.Problem(400, f"body: expected an object; found {shown(data)}", field="body", value=shown(data))
    return data


def policy_in(data: Mapping[str, Any], stored: Policy | None = None, *, where: tuple[str | int, ...] = ()) -> Policy:
    """The policy in ``data``. ``stored`` has the secrets that a ``***`` in it stands for.

    Raises:
        Problem: 400; ``where`` is the place of ``data`` in the body.
    """
    try:
        given = normalised(data)
        return Policy.model_validate(unmasked(given, stored) if stored else given)
    except ValidationError as error:
        raise _problem(error, where) from None
    except ValueError as error:
        raise _of_text(error, where) from None


def changed(stored: Policy, data: Mapping[str, Any]) -> Policy:
    """The stored policy with the fields in ``data``; one that is null returns to its default. Raises Problem."""
    known = stored.model_dump(mode="json", exclude_defaults=True)
    try:
        fresh = normalised({"interval": known.get("interval", "60s"), **data})
    except ValueError as error:
        raise _of_text(error, ()) from None
    if "interval" not in data:
        del fresh["interval"]  # it was there for a field that counts in intervals
    merged = {name: value for name, value in {**known, **fresh}.items() if value is not None}
    return policy_in(merged, stored)


class _Mistake(dict[str, str]):
    def __init__(self, field: str, value: str, problem: str) -> None:
        super().__init__(field=field, value=value, problem=problem)


def _of_text(error: ValueError, where: tuple[str | int, ...]) -> web.Problem:
    """The problem of an error whose text is a field, ``: `` and what is expected there."""
    field, _, expected = str(error).partition(": ")
    return _of(_Mistake(".".join(map(str, (*where, field))), "", f"expected {expected}"))


def _problem(error: ValidationError, where: tuple[str | int, ...]) -> web.Problem:
    found = []
    for mistake in error.errors(include_url=False, include_context=False)[:10]:
        text = mistake["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
        path = tuple(mistake["loc"])
        if not path:
            # What concerns several fields begins with the field that should be another.
            field, _, text = text.partition(": ")
            path = (field,)
        is_whole = not mistake["loc"]
        field = ".".join(str(part) for part in (*where, *path)) or "body"
        value = "" if is_whole else _value(path, mistake["input"])
        found.append(_Mistake(field, value, f"expected {_EXPECTED.get(mistake['type'], text)}"))
    return _of(*found)


def _value(path: tuple[str | int, ...], value: Any) -> str:
    if is_secret(tuple(str(part) for part in path)):
        return HIDDEN
    if isinstance(value, Mapping):
        return "an object"
    return shown(without_password(value) if isinstance(value, str) else value)


def _of(*found: _Mistake) -> web.Problem:
    first = found[0]
    detail = f"{first['field']}: {first['problem']}" + (f"; found {first['value']}" if first["value"] else "")
    return web.Problem(400, detail, field=first["field"], value=first["value"], errors=list(found))
