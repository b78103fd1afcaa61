"""The backend as the agent sees it: it takes events."""

import functools
import json
import logging
import os
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from shared.logs import step
from shared.models import Event, as_text, now
from shared.settings import Settings, proxies
from shared.settings.secrets import unexpected

CONNECT_SECONDS = 3.0
RESPONSE_SECONDS = 10.0
CLAIM_SECONDS = 5.0
# The answer of a backend that has no monitors of its own.
_NO_MONITORS = {"version": 0, "now": "", "until": "", "checks": [], "policies": [], "removed": [], "is_complete": True}


def post(batch: Sequence[Event], settings: Settings) -> int:
    """Post events in one request. Return the status of the response, or 0 if there was none."""
    # A single event is an object and not an array: that is what the original's backend takes.
    bodies = [event.model_dump_json() for event in batch]
    body = bodies[0] if len(bodies) == 1 else f"[{','.join(bodies)}]"
    try:
        response = _response(f"{settings.backend_url}/events", body.encode(), settings, RESPONSE_SECONDS)
    except requests.RequestException as error:
        step("agent", "report_failed", level=logging.WARNING, events=len(batch), reason=type(error).__name__)
        return 0
    except (ValueError, OSError) as error:  # of a library beneath, which requests has no name for
        reason = unexpected(error)
        step("agent", "report_failed", level=logging.ERROR, events=len(batch), reason=reason)
        return 0
    if not response.ok:
        step(
            "agent",
            "report_failed",
            level=logging.WARNING,
            events=len(batch),
            status=response.status_code,
            reason=_phrase(response.status_code),
        )
    return response.status_code


def claim(settings: Settings, seconds: float, known: int | None) -> dict[str, Any] | None:
    """Claim the checks that fall due within ``seconds``; what ``POST /checks/claim`` answers.

    None if there was no response, and {} if it was something else. A backend that does not know the route is one of
    version 0.1: it has no monitors but those that are reported.
    """
    asked = {
        "agent": settings.agent,
        "location": settings.location,
        "seconds": seconds,
        "known": known,
        # Once: the backend then knows them as monitors. They are checked with or without a claim.
        "targets": settings.target_names if known is None else (),
        "target_interval": settings.check_interval_seconds,
    }
    try:
        response = _response(settings.claim_url, json.dumps(asked).encode(), settings, CLAIM_SECONDS)
        if response.status_code == HTTPStatus.NOT_FOUND and (not known or _is_a_problem(response)):
            return {**_NO_MONITORS, "now": as_text(now())}
        answer = response.json() if response.ok else None
    except (requests.RequestException, ValueError, OSError) as error:
        step("agent", "claim_failed", level=logging.WARNING, reason=type(error).__name__)
        return None
    if not isinstance(answer, dict) or not answer.keys() >= _NO_MONITORS.keys():
        status = response.status_code
        step("agent", "claim_failed", level=logging.WARNING, status=status, reason=_phrase(status))
        return {}
    return answer


def _is_a_problem(response: requests.Response) -> bool:
    # A proxy says 404 too, for example while the backend behind it starts.
    return response.headers.get("Content-Type", "").startswith("application/problem+json")


def _phrase(status: int) -> str | None:
    """Say what a status means. We do not log the response's own text: whatever responds may echo our key in it."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return None


def _response(url: str, body: bytes, settings: Settings, seconds: float) -> requests.Response:
    headers = {
        "X-API-Key": settings.key.get_secret_value(),
        "Content-Type": "application/json",
        # The backend notices by this that our clock is wrong.
        "Date": formatdate(usegmt=True),
    }

    options = proxies.backend_options(url)

    def post_once() -> requests.Response:
        return _session().post(
            url,
            data=body,
            headers=headers,
            timeout=(CONNECT_SECONDS, seconds),
            # A redirect would turn the POST into a GET, and might carry the key to another host.
            allow_redirects=False,
            **options,
        )

    try:
        return post_once()
    except requests.Timeout:
        raise
    except requests.ConnectionError:
        # Try again at once: the server may have closed a kept connection. It takes an event_id only once.
        return post_once()


@functools.cache
def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # see proxies
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    # The one retry is above: urllib3 would also retry a backend that hangs.
    session.mount("http", HTTPAdapter(max_retries=0))
    return session
