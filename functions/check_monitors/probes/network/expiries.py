"""Remembers when certificates expire. To have libcurl take one apart costs a tenth of a check."""

import time
from datetime import datetime

from shared.models import now
from shared.monitors.policy import Policy

# A monitor's next checks do not look again for so long. Each of them still verifies the certificate.
KNOWN_SECONDS = 300.0
# If a certificate expires sooner, or within a limit of the policy, every check looks: somebody may be renewing it now.
FAR_SECONDS = 45 * 86_400.0
_MAX_KNOWN = 16_384

_known: dict[tuple[str, str | None], tuple[float, datetime]] = {}


def known_expiry(policy: Policy) -> datetime | None:
    """When the certificate of a monitor expires; None if its check has to look."""
    seen_at, expires_at = _known.get((policy.name, policy.url), (0.0, None))
    if expires_at is None or time.monotonic() - seen_at >= KNOWN_SECONDS:
        return None
    left = (expires_at - now()).total_seconds()
    return expires_at if left > max(FAR_SECONDS, *policy.certificate_expiry, 0.0) else None


def last_expiry(policy: Policy) -> datetime | None:
    """When the certificate expires that a monitor's checks saw last; None if none did, or one has failed since."""
    return _known.get((policy.name, policy.url), (0.0, None))[1]


def note_expiry(policy: Policy, expires_at: datetime | None) -> None:
    """Note what a check has seen; None: the next one has to look."""
    if expires_at is None:
        _known.pop((policy.name, policy.url), None)
        return
    if len(_known) >= _MAX_KNOWN:
        _known.clear()
    _known[policy.name, policy.url] = time.monotonic(), expires_at
