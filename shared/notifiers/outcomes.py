"""How a send ends: the channel accepted the message, or it failed, for now or permanently.

THE rules for every service that speaks HTTP stand here, so that no kind of channel has its own reading of a status.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from shared.notifiers.response import Response

# The service's last word on the request as it is. Any other failure may be over in a while.
PERMANENT = frozenset({400, 401, 403, 404, 405, 410, 411, 413, 414, 415, 422})
# A success in words that the service never says: from this attempt on, nobody expects better ones.
PATIENCE = 6
# How much longer than its other steps a send may last if the channel has the whole message, and only says nothing yet.
ANSWER_SECONDS = 15.0
# A message that was perhaps accepted is sent so often at most, and so far apart. Its log rows begin with this.
MOST_COPIES = 3
COPY_AFTER_SECONDS = 300.0
PERHAPS = "perhaps accepted"
# A longer wait is only a number. timedelta cannot count all of them.
MAX_WAIT_SECONDS = 1e9


class SendFailed(Exception):
    """The channel did not accept the message.

    ``is_permanent``: trying again cannot help. ``retry_after``: the seconds that the channel asks to wait. The text is
    for the log and never holds a secret.
    """

    def __init__(self, reason: str, *, is_permanent: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.is_permanent = is_permanent
        self.retry_after = retry_after


class PerhapsAccepted(SendFailed):
    """The channel has the whole message, and did not say in time whether it accepted it. Another attempt may be a copy.

    ``sending`` makes few attempts of that kind. A channel that never says so would otherwise get copies until the
    message expires, and the RECOVERY would wait for that.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"{PERHAPS}: {reason}", retry_after=COPY_AFTER_SECONDS)


class Accepted(NamedTuple):
    """A channel's answer when it took a message. ``message_id``: by which the message can be edited there."""

    answer: str
    message_id: str | None = None


def judged(
    response: Response,
    *,
    is_accepted: bool,
    attempts: int,
    said: str = "",
    message_id: str | None = None,
    is_refused: bool = False,
    permanent: frozenset[int] = PERMANENT,
) -> Accepted:
    """The meaning of a response.

    ``is_accepted``: it says in the service's own words that the message was taken. ``said``: what the log quotes of a
    failure; the caller has made sure that no secret is in it. ``is_refused``: it names a reason that lasts, such as a
    token that is not valid. ``permanent``: the statuses after which trying again cannot help.

    Raises:
        SendFailed: the message was not taken.
    """
    status = response.status
    if is_accepted:
        return Accepted(f"HTTP {status}", message_id)
    reason = ": ".join(part for part in (phrase(status), " ".join(said.split())[:200]) if part)
    if 300 <= status < 400:
        host = urlsplit(response.headers.get("location", "")).hostname
        raise SendFailed(f"{reason}: redirected{f' to {host}' if host else ''}, not followed", is_permanent=True)
    if 200 <= status < 300:
        is_over = is_refused or attempts >= PATIENCE
        raise SendFailed(f"{reason}: not the words of a success", is_permanent=is_over, retry_after=wait_of(response))
    if response.is_page:
        # A firewall's or a proxy's page says nothing of the service.
        raise SendFailed(f"{phrase(status)}, not in the service's words", retry_after=wait_of(response))
    is_permanent = is_refused or status in permanent
    raise SendFailed(reason, is_permanent=is_permanent, retry_after=None if is_permanent else wait_of(response))


def phrase(status: int) -> str:
    """A status as the log says it: ``HTTP 503 Service Unavailable``."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def wait_of(response: Response) -> float | None:
    """The seconds that the service asks to wait, from its header or its JSON; None if it does not say."""
    asked = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", asked):
        return min(float(asked), MAX_WAIT_SECONDS)
    if asked:
        # Imported here: every start loads this file, and few responses name a date.
        import email.utils

        try:
            until = email.utils.parsedate_to_datetime(asked)
        except ValueError:
            pass
        else:
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            return max(0.0, (until - datetime.now(UTC)).total_seconds())
    data = response.data
    parameters = data.get("parameters")
    for found, factor in (
        (data.get("retry_after"), 1.0),
        (data.get("retry_after_ms"), 0.001),
        (parameters.get("retry_after") if isinstance(parameters, Mapping) else None, 1.0),
    ):
        if (seconds := _seconds(found)) is not None:
            return min(seconds * factor, MAX_WAIT_SECONDS)
    return None


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return max(0.0, float(value)) if is_number and math.isfinite(value) else None
