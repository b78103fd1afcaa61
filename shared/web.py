"""HTTP around a function: the method, the API key, the body's limit, and errors as RFC 9457 problem details."""

import contextlib
import functools
import hmac
import json
import logging
import os
from collections.abc import Callable, Sequence
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar
from urllib.parse import parse_qsl

from flask import Request, Response
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from shared.logs import step
from shared.settings import SettingError, Settings, is_in_cloud, is_loopback

if TYPE_CHECKING:
    from shared.store import StoreUnavailable

MAX_BODY_BYTES = 1024 * 1024
RETRY_AFTER_SECONDS = 2

Access = Literal["read", "write", "ingest"]
# Where the request carries the settings that it was let in with.
_SETTINGS = "bonghwa.settings"
# Which kinds of access need a key, by API_AUTH. Scheduled functions are "ingest": they are the agent's side too.
_LOCKED = {"ingest": {"ingest"}, "writes": {"ingest", "write"}, "all": {"ingest", "write", "read"}}

Function = Callable[[Request], Response]
Query = TypeVar("Query", bound=BaseModel)


class Problem(Exception):
    """A request that gets a problem for an answer."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}
        self.members = members


def function(method: str, access: Access) -> Callable[[Function], Function]:
    """Make a function answer ``method`` only, to whom ``API_AUTH`` allows ``access``, and never with a traceback."""

    def decorate(handler: Function) -> Function:
        @functools.wraps(handler)
        def answered(request: Request) -> Response:
            try:
                _check(request, method, access)
                response = handler(request)
            except Exception as error:  # noqa: BLE001  # each becomes an answer; the unforeseen one is logged whole
                response = _problem(handler.__name__, error)
            # functions-framework reads the rest of the request once it is answered, however long it is.
            request.stream = BytesIO()
            step("server", "answered", level=logging.DEBUG, function=handler.__name__, status=response.status_code)
            return response

        return answered

    return decorate


def answer(body: Any, status: int = 200) -> Response:
    """``body`` (dicts, lists and models) as a JSON response."""
    return Response(to_json(body) + b"\n", status, mimetype="application/json")


def settings_of(request: Request) -> Settings:
    """The settings, as they were read when the request was let in."""
    settings: Settings = request.environ[_SETTINGS]
    return settings


def body_of(request: Request) -> bytes:
    """The JSON text that the request carries, in which no object has a name twice.

    Raises:
        Problem: 400 empty, cut short or ambiguous, 413 over MAX_BODY_BYTES, 415 said to be something other than JSON.
    """
    kind, coding = request.mimetype, request.headers.get("Content-Encoding", "identity")
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise _not_json("Content-Type", kind, "application/json")
    if coding.strip().lower() not in ("", "identity"):
        raise _not_json("Content-Encoding", coding, "identity")
    try:
        body = request.stream.read(MAX_BODY_BYTES + 1)
    except Exception as error:
        # Each server has errors of its own for a body that does not come as it was announced.
        raise Problem(400, "the body is malformed, or ends too early") from error
    if len(body) > MAX_BODY_BYTES:
        raise _too_long()
    if len(body) < (request.content_length or 0):
        raise Problem(400, "the body ends before its Content-Length")
    if not body.strip():
        raise Problem(400, "the body is empty: expected JSON")
    # What is no JSON at all is left to the model, which says where.
    with contextlib.suppress(ValueError, RecursionError):
        _UNAMBIGUOUS.decode(body.decode())
    return body


def id_in_path(request: Request) -> int:
    """The id at the end of the path, where the function's name may have been stripped from its front (``/7``)."""
    last = request.path.rstrip("/").rpartition("/")[2]
    if not (last.isascii() and last.isdecimal() and len(last) <= 19):
        raise Problem(404, f"{last[:100]!r} is not an alert's id: expected a number at the end of the path")
    return int(last)


def query_of(request: Request, kind: type[Query]) -> Query:
    """The query's parameters as ``kind`` has them; an empty one counts as absent, and others are ignored.

    Raises:
        Problem: 400 one stands there twice, or is not UTF-8.
        ValidationError: one has a wrong value.
    """
    try:
        pairs = parse_qsl(request.query_string.decode(), errors="strict")
    except UnicodeDecodeError as error:
        raise Problem(400, "the query is not UTF-8") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise Problem(400, f"{name} stands twice in the query", field=name, value=_shown(value))
        if name in kind.model_fields:
            found[name] = value
    return kind.model_validate(found)


def next_cursor(page: Sequence[Any], limit: int) -> str | None:
    """The ``next`` of a page of rows with an ``id``: where the following one begins, or None after the last."""
    return str(page[-1].id) if len(page) == limit else None


def retry_after(trouble: "StoreUnavailable") -> dict[str, str]:
    """The header that asks to come back, where waiting helps."""
    return {"Retry-After": str(RETRY_AFTER_SECONDS)} if trouble.is_passing else {}


def _check(request: Request, method: str, access: Access) -> None:
    if request.method != method and not (method == "GET" and request.method == "HEAD"):
        allowed = "GET, HEAD" if method == "GET" else method
        raise Problem(405, f"{request.method} is not answered here", headers={"Allow": allowed})
    if (request.content_length or 0) > MAX_BODY_BYTES:
        raise _too_long()
    request.environ[_SETTINGS] = settings = Settings.from_env()
    if _is_open_to_others(request):
        settings.refuse_weak_keys()
        if settings.api_auth != "all":
            _say_what_is_open(settings.api_auth)
    if access not in _LOCKED[settings.api_auth]:
        return
    # WSGI hands header bytes over as Latin-1.
    given = request.headers.get("X-API-Key", "").encode("latin-1", "replace")
    # Each of them, whichever it is: how long the answer takes tells nothing about it.
    are_equal = [hmac.compare_digest(given, key.get_secret_value().encode()) for key in settings.keys]
    if not any(are_equal):
        detail = "the X-API-Key header is wrong" if given else "the X-API-Key header is missing"
        raise Problem(401, detail, headers={"WWW-Authenticate": 'ApiKey header="X-API-Key"'})


def _too_long() -> Problem:
    return Problem(413, f"the body is longer than {MAX_BODY_BYTES} bytes")


def _not_json(header: str, value: str, expected: str) -> Problem:
    return Problem(415, f"the {header} is {_shown(value)}: expected {expected!r}", field=header, value=_shown(value))


def _unambiguous(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Problem(400, f"{_shown(twice)} stands twice in one object", field=_shown(twice).strip("'"))


def _no_number(constant: str) -> NoReturn:
    raise Problem(400, f"{constant} is not JSON")


# Where a name stands twice, one reader takes the first and another the last.
_UNAMBIGUOUS = json.JSONDecoder(object_pairs_hook=_unambiguous, parse_constant=_no_number)


def _is_open_to_others(request: Request) -> bool:
    # A server that listens on TCP puts there the address that it is bound to. On Lambda it is the Host header, which
    # is the caller's word, and so a cloud is asked for first.
    return is_in_cloud(os.environ) or not is_loopback(request.environ["SERVER_NAME"])


@functools.cache
def _say_what_is_open(api_auth: str) -> None:
    step(
        "server",
        "open_to_others",
        level=logging.WARNING,
        api_auth=api_auth,
        reason="whoever reaches this address reads alerts"
        f"{' and changes them' if api_auth == 'ingest' else ''} without a key; API_AUTH=all asks everybody for one",
    )


def _problem(name: str, error: Exception) -> Response:
    # Here, and not above: the agent has no store, and most requests have no problem.
    from shared.alerting import IllegalMove
    from shared.store import AlertNotFound, StoreUnavailable

    headers: dict[str, str] = {}
    members: dict[str, Any] = {}
    match error:
        case Problem():
            status, detail, headers, members = error.status, str(error), error.headers, error.members
        case ValidationError():
            status, (detail, members) = 400, _invalid(error)
        case AlertNotFound():
            status, detail = 404, str(error)
        case IllegalMove():
            status, detail, members = 409, str(error), {"field": "status", "from": error.alert.status, "to": error.to}
        case StoreUnavailable():
            status, detail, headers = 503, str(error), retry_after(error)
            step("server", "store_unavailable", level=logging.ERROR, function=name, reason=detail)
        case SettingError():
            status, detail = 500, str(error)
            step("server", "setting_error", level=logging.ERROR, function=name, reason=detail)
        case _:
            status, detail = 500, "an error of this program; its log has the details"
            step("server", "defect", level=logging.ERROR, failure=True, function=name)
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return Response(to_json(body) + b"\n", status, headers, mimetype="application/problem+json")


def _invalid(error: ValidationError) -> tuple[str, dict[str, Any]]:
    """What is wrong with the input: the first field in words, and the first ten as members."""
    found = [
        {
            "field": ".".join(str(part) for part in each["loc"]) or "body",
            "value": _shown(each["input"]),
            "problem": each["msg"].removeprefix("Value error, "),
        }
        for each in error.errors(include_url=False, include_context=False)[:10]
    ]
    first = found[0]
    detail = f"{first['field']}: {first['problem']}; found {first['value']}"
    return detail, {"field": first["field"], "value": first["value"], "errors": found}


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    text = repr(text) if isinstance(value, str) else text
    return text if len(text) <= 200 else f"{text[:199]}…"
