"""Requests with policies. A mistake is a problem that names field and value, and never shows a secret."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Request

from shared import web
from shared.monitors import reading
from shared.monitors.policy import Policy
from shared.monitors.reading import Mistake, Path, PolicyInvalid
from shared.settings.secrets import quoted as shown

MAX_MONITORS = 20_000
MAX_LINE = 10**9


def object_in(request: Request, *, may_be_packed: bool = False) -> dict[str, Any]:
    """The JSON object in the body. Raises Problem if it is something else."""
    body = web.body_of(request, may_be_packed=may_be_packed)
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
    """See ``reading.policy_in``. Raises Problem, 400."""
    return _or_problem(lambda: reading.policy_in(data, stored, where=where))


def changed(stored: Policy, data: Mapping[str, Any]) -> Policy:
    """See ``reading.changed``. Raises Problem, 400."""
    return _or_problem(lambda: reading.changed(stored, data))


def wrong(field: str, expectation: str, value: Any) -> web.Problem:
    """The problem of one wrong value that is no secret."""
    return _of(Mistake(field, shown(value), f"expected {expectation}"))


def _or_problem(read: Callable[[], Policy]) -> Policy:
    try:
        return read()
    except PolicyInvalid as invalid:
        raise _of(*invalid.mistakes) from None


def _of(*found: Mistake) -> web.Problem:
    first = found[0]
    detail = f"{first.field}: {first.problem}" + (f"; found {first.value}" if first.value else "")
    errors = [mistake._asdict() for mistake in found]
    return web.Problem(400, detail, field=first.field, value=first.value, errors=errors)
