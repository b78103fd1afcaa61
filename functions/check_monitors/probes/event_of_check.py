"""The event of a check, field by field."""

from collections.abc import Sequence
from typing import Any

from shared.models import Cause, Event, Monitor, now
from shared.settings import Settings
from shared.words import cause_text


def event_of(
    monitor: Monitor,
    settings: Settings,
    why: Cause | None,
    times: Sequence[int] | None,
    status: int | None,
    *,
    is_inconclusive: bool,
) -> Event:
    """Return the event of a check that failed for ``why``, or succeeded. ``times``: those of its ``Hops``."""
    return Event(
        target_url=storable(monitor.target_url),
        monitor=storable(monitor.name),
        timestamp=now(),
        is_success=why is None,
        status_code=status,
        error_message=cause_text("en", why) or None,
        cause=why,
        is_inconclusive=is_inconclusive,
        location=settings.location,
        agent=settings.agent,
        interval_seconds=settings.check_interval_seconds,
        **(phases(times, status is not None) if times else {}),
    )


def phases(times: Sequence[int], has_response: bool) -> dict[str, Any]:
    """Return how long each phase took, in milliseconds over all redirects; None for one that was not reached.

    ``times`` are those of ``Hops``.
    """
    dns, connected, ready, first_byte, total, tls = (time / 1000 for time in times)
    # libcurl's times count from the start. APPCONNECT_TIME leaves out the requests before a redirect to https.
    is_tls = tls > 0
    return {
        "response_time_ms": total,
        "dns_ms": dns or None,
        "connect_ms": round(max(0.0, connected - dns), 3) if connected else None,
        "tls_ms": round(max(0.0, ready - connected), 3) if is_tls else None,
        "first_byte_ms": round(max(0.0, first_byte - (ready if is_tls else connected)), 3) if has_response else None,
    }


def storable(value: str) -> str:
    """Return ``value`` verbatim if an event can carry it, otherwise the nearest text that it can carry."""
    return value.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")[:2048] or "?"
