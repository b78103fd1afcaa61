"""Errors as RFC 9457 problem details: what the caller sees, and what only the log has."""

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response
from pydantic import ValidationError
from pydantic_core import to_json

from shared.logs import step
from shared.settings import SettingError
from shared.settings.secrets import quoted as shown

if TYPE_CHECKING:
    from shared.store import StoreUnavailable

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2


class Problem(Exception):
    """A request whose response is a problem."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}
        self.members = members


def retry_after(trouble: "StoreUnavailable") -> dict[str, str]:
    """The header that asks the caller to try again, if that may help."""
    return {"Retry-After": str(RETRY_AFTER_SECONDS)} if trouble.is_transient else {}


def document(status: int, detail: str, **members: Any) -> bytes:
    """The JSON text of a problem."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return to_json(body) + b"\n"


def response_to(error: Exception, name: str) -> Response:
    """The response of the function ``name`` to an exception; details that callers must not see go only to the log."""
    # Imported here, since the agent has no store, and most requests have no problem.
    from shared.alerting import TooManyMoves
    from shared.store import StoreUnavailable

    if (refusal := _refusal(error)) is not None:
        status, members = refusal
        return Response(document(status, str(error), **members), status, mimetype=MEDIA_TYPE)
    headers: dict[str, str] = {}
    members = {}
    match error:
        case Problem():
            status, detail, headers, members = error.status, str(error), error.headers, error.members
        case ValidationError():
            status, (detail, members) = 400, _invalid(error)
        case TooManyMoves():
            status, detail, headers = 429, str(error), {"Retry-After": str(error.retry_after)}
        case StoreUnavailable():
            status, detail, headers = 503, str(error), retry_after(error)
            step("server", "store_unavailable", level=logging.ERROR, function=name, reason=detail)
        case SettingError():
            status, detail = 500, str(error)
            step("server", "setting_error", level=logging.ERROR, function=name, reason=detail)
        case _:
            status, detail = 500, "an error of this program; its log has the details"
            step("server", "defect", level=logging.ERROR, failure=True, function=name)
    return Response(document(status, detail, **members), status, headers, mimetype=MEDIA_TYPE)


def _refusal(error: Exception) -> tuple[int, dict[str, Any]] | None:
    """The status and the members of the problem, if what somebody asked for is refused; its text says why."""
    from shared import alerting, store

    match error:
        case (
            store.AlertNotFound()
            | store.IncidentNotFound()
            | store.MonitorNotFound()
            | store.TrialNotFound()
            | store.WindowNotFound()
        ):
            return 404, {}
        case store.NameTaken():
            return 409, {"field": "name", "value": error.name}
        case store.OwnedElsewhere():
            return 409, {"source": error.source}
        case store.WindowOfFile():
            return 409, {"source": "file"}
        case store.DrillUnderWay():
            return 409, {"alert_id": error.alert_id}
        case store.WindowOver():
            return 400, {"field": error.field, "value": error.value}
        case store.NotAMonitors():
            return 400, {"field": "silence"}
        case store.DependsInCircle():
            return 400, {"field": "depends_on", "value": repr(error.name)}
        case store.EscalationInUse():
            return 400, {"field": "escalations", "value": repr(error.name)}
        case store.UnknownName():
            return 400, {"field": error.field, "value": repr(error.name)}
        case alerting.IllegalMove():
            return 409, {"field": "status", "from": error.alert.status, "to": error.to}
    return None


def _invalid(error: ValidationError) -> tuple[str, dict[str, Any]]:
    """The mistakes in the input: the first one in words, and the first ten as members."""
    found = [_member(mistake) for mistake in error.errors(include_url=False, include_context=False)[:10]]
    first = found[0]
    detail = f"{first['field']}: {first['problem']}; found {first['value']}"
    return detail, {"field": first["field"], "value": first["value"], "errors": found}


def _member(mistake: Any) -> dict[str, str]:
    place, value = [str(part) for part in mistake["loc"]], _shown_of(mistake)
    # No time is taken as a date alone, though pydantic could read it.
    problem = mistake["msg"].removeprefix("Value error, ").replace("datetime or date", "date and time")
    # A rule about several fields names the wrong one itself.
    name, colon, rest = problem.partition(": ")
    if mistake["type"] == "value_error" and isinstance(mistake["input"], dict) and colon and name.isidentifier():
        place, problem = [*place, name], rest
        value = shown(mistake["input"][name]) if name in mistake["input"] else "nothing"
    return {"field": ".".join(place) or "body", "value": value, "problem": problem}


def _shown_of(mistake: Any) -> str:
    value = mistake["input"]
    # If a field is missing, or a rule concerns the whole, the input is the whole, with secrets that are right.
    if (mistake["type"] == "missing" or not mistake["loc"]) and isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return shown(value)
