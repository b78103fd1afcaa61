"""The fields of an event that need more than a copy."""

from typing import Any

import pycurl


def phases(curl: Any, has_response: bool) -> dict[str, Any]:
    """Return how long each phase took, in milliseconds over all redirects; None for one that was not reached."""
    dns, connected, ready, first_byte, total = (
        curl.getinfo(time) / 1000
        for time in (
            pycurl.NAMELOOKUP_TIME_T,
            pycurl.CONNECT_TIME_T,
            pycurl.PRETRANSFER_TIME_T,
            pycurl.STARTTRANSFER_TIME_T,
            pycurl.TOTAL_TIME_T,
        )
    )
    # libcurl's times count from the start. APPCONNECT_TIME leaves out the requests before a redirect to https.
    is_tls = curl.getinfo(pycurl.APPCONNECT_TIME_T) > 0
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
