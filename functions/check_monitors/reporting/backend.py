"""The backend, as the agent knows it: where events are posted."""

import functools
import logging
from collections.abc import Sequence
from email.utils import formatdate
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from shared.logs import step
from shared.models import Event
from shared.settings import Settings

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0


def post(batch: Sequence[Event], settings: Settings) -> int:
    """Post events in one request. The status of the backend's answer; 0 where there was none."""
    # One alone goes as the object that every backend takes, the original's too.
    bodies = [event.model_dump_json() for event in batch]
    body = bodies[0] if len(bodies) == 1 else f"[{','.join(bodies)}]"
    try:
        response = _answer(body.encode(), settings)
    except requests.RequestException as error:
        step("agent", "report_failed", level=logging.WARNING, events=len(batch), reason=type(error).__name__)
        return 0
    if not response.ok:
        step(
            "agent",
            "report_failed",
            level=logging.WARNING,
            events=len(batch),
            status=response.status_code,
            reason=response.text[:300],
        )
    return response.status_code


def _answer(body: bytes, settings: Settings) -> requests.Response:
    headers = {
        "X-API-Key": settings.key.get_secret_value(),
        "Content-Type": "application/json",
        # By which the backend knows a clock that is wrong.
        "Date": formatdate(usegmt=True),
    }

    def ask() -> requests.Response:
        return _session(settings.backend_url).post(
            f"{settings.backend_url}/events",
            data=body,
            headers=headers,
            timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            # A redirect would turn the POST into a GET, and might carry the key to another host.
            allow_redirects=False,
        )

    try:
        return ask()
    except requests.Timeout:
        raise
    except requests.ConnectionError:
        # Once more at once: a kept connection may have been closed meanwhile, and an event_id is taken only once.
        return ask()


@functools.cache
def _session(backend_url: str) -> requests.Session:
    session = requests.Session()
    # A proxy for the outside world does not lead back to this machine.
    session.trust_env = urlsplit(backend_url).hostname not in ("127.0.0.1", "localhost", "::1")
    # What is tried once more is said above: not a backend that hangs.
    session.mount("http", HTTPAdapter(max_retries=0))
    return session
