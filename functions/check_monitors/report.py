"""Report events to the backend; what it does not take now is kept in the spool for the next run."""

import functools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from functions.check_monitors.spool import Spool
from shared.logs import step
from shared.models import MAX_EVENTS_PER_REQUEST, Event
from shared.settings import Settings

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
# Not about the events but about the caller or the moment: the same events are taken later.
_NOT_NOW = {401, 403, 404, 405, 408, 425, 429}


@dataclass(frozen=True)
class Reported:
    """How many events the backend took, refused for good, and how many wait in the spool."""

    posted: int = 0
    refused: int = 0
    spooled: int = 0


def report(events: Sequence[Event], settings: Settings) -> Reported:
    """Post what the spool holds and then ``events``, oldest first. Never raises for the backend's or a disk's fault."""
    spool = Spool(settings.spool_dir, settings.backend_url)
    try:
        with spool.locked():
            kept = spool.events()
            reported, remaining = _post_all([*kept, *events], settings)
            dropped = 0 if remaining == kept == [] else spool.keep(remaining)
            reported = replace(reported, spooled=len(remaining) - dropped)
    except OSError as error:
        step("agent", "spool_unusable", level=logging.ERROR, reason=str(error), path=spool.path)
        reported, remaining = _post_all(list(events), settings)
        dropped = len(remaining)
    if dropped:
        step("agent", "events_dropped", level=logging.ERROR, count=dropped, reason="the spool cannot hold them")
    return reported


def _post_all(events: list[Event], settings: Settings) -> tuple[Reported, list[Event]]:
    """Post in order until the backend fails; the events that remain."""
    reported = Reported()
    while events:
        batch, rest = events[:MAX_EVENTS_PER_REQUEST], events[MAX_EVENTS_PER_REQUEST:]
        status = _post(batch, settings)
        if 200 <= status < 300:
            reported = replace(reported, posted=reported.posted + len(batch))
        elif not 400 <= status < 500 or status in _NOT_NOW:
            return reported, events
        elif len(batch) == 1:
            # It would be refused for ever, and everything behind it would wait for ever.
            step("agent", "event_refused", level=logging.ERROR, event_id=batch[0].event_id, status=status)
            reported = replace(reported, refused=reported.refused + 1)
        else:
            # One of them is at fault, or they are too long together: halves find out which.
            first, trouble = _post_all(batch[: len(batch) // 2], settings)
            reported = _sum(reported, first)
            if trouble:
                return reported, [*trouble, *events[len(batch) // 2 :]]
            rest = [*batch[len(batch) // 2 :], *rest]
        events = rest
    return reported, []


def _sum(one: Reported, other: Reported) -> Reported:
    return Reported(one.posted + other.posted, one.refused + other.refused)


def _post(batch: Sequence[Event], settings: Settings) -> int:
    """The status of the backend's answer; 0 where there was none."""
    # One alone goes as the object that every backend takes, the original's too.
    bodies = [event.model_dump_json() for event in batch]
    body = bodies[0] if len(bodies) == 1 else f"[{','.join(bodies)}]"
    headers = {"X-API-Key": settings.key.get_secret_value(), "Content-Type": "application/json"}
    try:
        response = _session(settings.backend_url).post(
            f"{settings.backend_url}/events",
            data=body.encode(),
            headers=headers,
            timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            # A redirect would turn the POST into a GET, and might carry the key to another host.
            allow_redirects=False,
        )
    except requests.RequestException as error:
        step("agent", "report_failed", level=logging.WARNING, events=len(batch), reason=type(error).__name__)
        return 0
    if not response.ok:
        reason = response.text[:300]
        step(
            "agent",
            "report_failed",
            level=logging.WARNING,
            events=len(batch),
            status=response.status_code,
            reason=reason,
        )
    return response.status_code


@functools.cache
def _session(backend_url: str) -> requests.Session:
    session = requests.Session()
    # A proxy for the outside world does not lead back to this machine.
    session.trust_env = urlsplit(backend_url).hostname not in ("127.0.0.1", "localhost", "::1")
    # Once more at once: a kept connection may have been closed meanwhile, and an event_id is taken only once.
    session.mount("http", HTTPAdapter(max_retries=Retry(connect=0, read=1, status=0, allowed_methods=None)))
    return session
