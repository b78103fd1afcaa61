"""How long each phase of a check took."""

from collections.abc import Sequence
from typing import Any


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
