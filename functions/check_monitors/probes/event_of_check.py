"""The event of a check, field by field."""

import functools
from typing import Any, NamedTuple

from functions.check_monitors.targets import interval_of_targets
from shared.models import Cause, Event, Monitor, now
from shared.models.event import new_event_id
from shared.models.values import shortened
from shared.settings import Settings
from shared.words import cause_text


class Times(NamedTuple):
    """When each phase of a check ended, in microseconds from its start and over all redirects. 0: it was not reached.

    ``ready``: the request could be sent. ``total``: the check has ended. ``tls``: as ``connected``, of TLS.
    """

    dns: int = 0
    connected: int = 0
    ready: int = 0
    first_byte: int = 0
    total: int = 0
    tls: int = 0


def event_of(
    monitor: Monitor,
    settings: Settings,
    why: Cause | None,
    times: Times | None,
    status: int | None,
    *,
    is_inconclusive: bool,
) -> Event:
    """Return the event of a check that failed for ``why``, or succeeded."""
    measured = phases(times, status is not None) if times else {}
    if why is None:
        often = interval_of_targets(settings)
        return success_of(monitor.target_url, monitor.name, settings, often, status_code=status, **measured)
    return Event(
        target_url=storable(monitor.target_url),
        monitor=shortened(storable(monitor.name)),
        timestamp=now(),
        is_success=False,
        status_code=status,
        error_message=cause_text("en", why) or None,
        cause=why,
        is_inconclusive=is_inconclusive,
        location=settings.location,
        agent=settings.agent,
        interval_seconds=interval_of_targets(settings),
        **measured,
    )


def success_of(target_url: str, monitor: str, settings: Settings, interval_seconds: float, **measured: Any) -> Event:
    """Return the event of a check that succeeded; ``measured``: its fields of our own measuring, which fit."""
    first = _first_success(target_url, monitor, settings.location, settings.agent, interval_seconds)
    # To validate each event again would cost as much as to judge it.
    return first.model_copy(update={"timestamp": now(), "event_id": new_event_id(), **measured})


@functools.lru_cache(maxsize=16_384)
def _first_success(
    target_url: str, monitor: str, location: str | None, agent: str | None, interval_seconds: float
) -> Event:
    return Event(
        target_url=storable(target_url),
        monitor=shortened(storable(monitor)),
        timestamp=now(),
        is_success=True,
        location=location,
        agent=agent,
        interval_seconds=interval_seconds,
    )


def phases(times: Times, has_response: bool) -> dict[str, Any]:
    """Return how long each phase took, in milliseconds over all redirects; None for one that was not reached."""
    dns, connected, ready, first_byte, total, tls = times
    # libcurl's times count from the start. APPCONNECT_TIME leaves out the requests before a redirect to https.
    is_tls = tls > 0
    return {
        "response_time_ms": total / 1000,
        "dns_ms": dns / 1000 if dns else None,
        "connect_ms": max(0, connected - dns) / 1000 if connected else None,
        "tls_ms": max(0, ready - connected) / 1000 if is_tls else None,
        "first_byte_ms": max(0, first_byte - (ready if is_tls else connected)) / 1000 if has_response else None,
    }


def storable(value: str) -> str:
    """Return ``value`` verbatim if an event can carry it, otherwise the nearest text that it can carry."""
    return value.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")[:2048] or "?"
