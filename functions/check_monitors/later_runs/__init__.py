"""The runs between two ticks of a cloud's scheduler, which ticks once a minute at most. Each tick's run asks for them.

Deployments set LATER_RUNS_QUEUE, the queue that calls the agent again, and LATER_RUNS_SECONDS, the delays after the
tick, such as ``15,30,45``. A queue's name says whose it is. A later run says of itself that it is one
(``?is_later=true``), so it asks for none.
"""

import contextlib
import importlib
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from flask import Request

from shared.logs import step
from shared.models import now
from shared.settings.secrets import unexpected
from shared.threads import started

QUEUE, SECONDS = "LATER_RUNS_QUEUE", "LATER_RUNS_SECONDS"
# A later run's query.
IS_LATER = "is_later=true"
# When the scheduler's tick was. The run itself begins later: by the scheduler's delay, and by a cold start.
TICKED_AT = "X-CloudScheduler-ScheduleTime"


class NotEnqueued(Exception):
    """The queue did not take a later run. The text says why, and holds no secret."""


class Call(NamedTuple):
    """How the agent was called: its address, and the key that the caller showed. A later run is called alike."""

    url: str
    key: str


def enqueue(queue: str, due_at: datetime, call: Call) -> None:
    """Ask the queue to repeat the call at ``due_at``. Raises NotEnqueued."""
    # Only the one that is used is imported.
    service = "sqs" if queue.startswith("https://sqs.") else "cloud_tasks"
    importlib.import_module(f"{__name__}.{service}").enqueue(queue, due_at, call)


@contextlib.contextmanager
def asked_for(
    request: Request, environ: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now
) -> Iterator[None]:
    """Ask for the later runs beside what is done meanwhile. If one cannot be had, the log says so."""
    asking = threading.Thread(target=_ask, args=(request, environ, clock))
    is_started = started(asking)
    if not is_started:
        _ask(request, environ, clock)
    try:
        yield
    finally:
        # A cloud stops the processor after the response.
        if is_started:
            asking.join()


def _ask(request: Request, environ: Mapping[str, str], clock: Callable[[], datetime]) -> None:
    call = Call(f"https://{request.host}", request.headers.get("X-API-Key", ""))
    ticked_at = _ticked_at(request, clock())
    for seconds in environ.get(SECONDS, "").split(","):
        try:
            due_at = ticked_at + timedelta(seconds=float(seconds))
            # A scheduler that is so late would have two runs begin at once.
            if due_at > clock():
                enqueue(environ[QUEUE], due_at, call)
        except NotEnqueued as refusal:
            _log_lost(seconds, str(refusal))
        except Exception as error:  # noqa: BLE001  # whatever it is, it costs this later run alone
            _log_lost(seconds, unexpected(error))


def _ticked_at(request: Request, started_at: datetime) -> datetime:
    """When the scheduler ticked; ``started_at`` if the caller does not say so, or says what cannot be."""
    try:
        said = datetime.fromisoformat(request.headers.get(TICKED_AT, ""))
    except ValueError:
        return started_at
    said = said if said.tzinfo else said.replace(tzinfo=UTC)
    return said if timedelta() <= started_at - said <= timedelta(minutes=1) else started_at


def _log_lost(seconds: str, reason: str) -> None:
    step("agent", "later_run_lost", level=logging.WARNING, seconds=seconds, reason=reason)
