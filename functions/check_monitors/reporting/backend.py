"""The backend as the agent sees it: it takes events."""

import functools
import logging
import os
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus

import requests
from requests.adapters import HTTPAdapter

from shared.logs import step
from shared.models import Event
from shared.settings import Settings, proxies
from shared.settings.secrets import unexpected

CONNECT_SECONDS = 3.0
RESPONSE_SECONDS = 10.0


def post(batch: Sequence[Event], settings: Settings) -> int:
    """Post events in one request. Return the status of the response, or 0 if there was none."""
    # A single event is an object and not an array: that is what the original's backend takes.
    bodies = [event.model_dump_json() for event in batch]
    body = bodies[0] if len(bodies) == 1 else f"[{','.join(bodies)}]"
    try:
        response = _response(body.encode(), settings)
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


def _phrase(status: int) -> str | None:
    """Say what a status means. We do not log the response's own text: whatever responds may echo our key in it."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return None


def _response(body: bytes, settings: Settings) -> requests.Response:
    headers = {
        "X-API-Key": settings.key.get_secret_value(),
        "Content-Type": "application/json",
        # The backend notices by this that our clock is wrong.
        "Date": formatdate(usegmt=True),
    }

    options = proxies.backend_options(settings.backend_url)

    def post_once() -> requests.Response:
        return _session().post(
            f"{settings.backend_url}/events",
            data=body,
            headers=headers,
            timeout=(CONNECT_SECONDS, RESPONSE_SECONDS),
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
