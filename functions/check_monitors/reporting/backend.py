"""The backend as the agent sees it: it takes events."""

import json
import logging
import os
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from functions.check_monitors.reporting import connection
from functions.check_monitors.reporting.connection import Response, Unanswered
from shared.logs import step
from shared.models import Event, as_text, now
from shared.models.values import shortened
from shared.settings import Settings
from shared.settings.secrets import unexpected

RESPONSE_SECONDS = 10.0
CLAIM_SECONDS = 5.0
# The variables by which a deployment to AWS says which Lambda functions take what would go to the URLs.
_EVENTS, _CLAIM = "EVENTS_FUNCTION", "CLAIM_FUNCTION"
# The answer of a backend that has no monitors of its own.
_NO_MONITORS = {"version": 0, "now": "", "until": "", "checks": [], "policies": [], "removed": [], "is_complete": True}


def post(batch: Sequence[Event], settings: Settings) -> int:
    """Post events in one request. Return the status of the response, or 0 if there was none."""
    # A single event is an object and not an array: that is what the original's backend takes.
    bodies = [event.model_dump_json() for event in batch]
    body = bodies[0] if len(bodies) == 1 else f"[{','.join(bodies)}]"
    try:
        response = _response(f"{settings.backend_url}/events", body.encode(), settings, RESPONSE_SECONDS, _EVENTS)
    except Unanswered as error:
        step("agent", "report_failed", level=logging.WARNING, events=len(batch), reason=str(error))
        return 0
    except (ValueError, OSError) as error:
        reason = unexpected(error)
        step("agent", "report_failed", level=logging.ERROR, events=len(batch), reason=reason)
        return 0
    if not response.is_ok:
        step(
            "agent",
            "report_failed",
            level=logging.WARNING,
            events=len(batch),
            status=response.status,
            reason=_phrase(response.status),
        )
    return response.status


def latest(earlier: bool | None, later: bool | None) -> bool | None:
    """Whether the backend responded to the later of two requests that were made; None if there was none."""
    return earlier if later is None else later


def claim(settings: Settings, seconds: float, known: int | None) -> dict[str, Any] | None:
    """Claim the checks that fall due within ``seconds``; what ``POST /checks/claim`` answers.

    None if there was no response, and {} if it was something else. A backend that does not know the route is one of
    version 0.1: it has no monitors but those that are reported.
    """
    body = {
        "agent": settings.agent,
        "location": settings.location,
        "seconds": seconds,
        "known": known,
        # Once: the backend then knows them as monitors. They are checked with or without a claim.
        "targets": [shortened(name) for name in settings.target_names] if known is None else (),
        "target_interval": settings.check_interval_seconds,
        "target_timeout": settings.check_timeout_seconds,
    }
    try:
        response = _response(settings.claim_url, json.dumps(body).encode(), settings, CLAIM_SECONDS, _CLAIM)
        if response.status == HTTPStatus.NOT_FOUND and (not known or _is_a_problem(response)):
            return {**_NO_MONITORS, "now": as_text(now())}
        answer = response.data() if response.is_ok else None
    except Unanswered as error:
        step("agent", "claim_failed", level=logging.WARNING, reason=str(error))
        return None
    except (ValueError, OSError, RecursionError) as error:
        step("agent", "claim_failed", level=logging.WARNING, reason=type(error).__name__)
        return None
    if not isinstance(answer, dict) or not answer.keys() >= _NO_MONITORS.keys():
        status = response.status
        step("agent", "claim_failed", level=logging.WARNING, status=status, reason=_phrase(status))
        return {}
    return answer


def report_trial(trial_id: int, result: str, settings: Settings) -> None:
    """Post the result of a trial, JSON. One that is lost is tried again: the backend gives it out once more."""
    url = f"{settings.claim_url.rpartition('/')[0]}/trials/{trial_id}"
    try:
        response = _response(url, result.encode(), settings, RESPONSE_SECONDS, _CLAIM)
    except (Unanswered, ValueError, OSError) as error:
        reason = str(error) if isinstance(error, Unanswered) else type(error).__name__
        step("agent", "trial_not_reported", level=logging.WARNING, trial_id=trial_id, reason=reason)
        return
    if not response.is_ok:
        status = response.status
        step("agent", "trial_not_reported", level=logging.WARNING, trial_id=trial_id, status=status)


def _is_a_problem(response: Response) -> bool:
    # A proxy says 404 too, for example while the backend behind it starts.
    return response.kind.startswith("application/problem+json")


def _phrase(status: int) -> str | None:
    """Say what a status means. We do not log the response's own text: whatever responds may echo our key in it."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return None


def _response(url: str, body: bytes, settings: Settings, seconds: float, variable: str) -> Response:
    headers = {
        "X-API-Key": settings.key.get_secret_value(),
        "Content-Type": "application/json",
        # The backend notices by these that our clock is wrong. Some proxies do not hand on the first.
        "Date": formatdate(usegmt=True),
        "X-Sent-At": as_text(now()),
    }
    if function := os.environ.get(variable):
        # Imported here: only an agent that runs beside its backend in AWS needs it.
        from functions.check_monitors.reporting import invocation

        return invocation.post(function, url, body, headers, seconds)
    return connection.post(url, body, headers, seconds)
