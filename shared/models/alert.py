"""An alert: one outage of one monitor, or the like."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.models.cause import Cause
from shared.models.values import MaskedText, as_json


class AlertKind(StrEnum):
    """The subject of an alert: a monitor, a channel, an agent, or the location that an agent checks from.

    DEGRADED: the monitor works, and is slow. CERTIFICATE_EXPIRING: it works, and its certificate soon does not.
    DRILL: nothing is wrong, and the way to the channels is tried. DRILL_MISSED: nobody acknowledged that in time.
    SUMMARY: how it went for some days; it is over from its beginning, and only its message matters.
    """

    OUTAGE = "OUTAGE"
    CHANNEL_REFUSED = "CHANNEL_REFUSED"
    AGENT_SILENT = "AGENT_SILENT"
    LOCATION_OFFLINE = "LOCATION_OFFLINE"
    DEGRADED = "DEGRADED"
    CERTIFICATE_EXPIRING = "CERTIFICATE_EXPIRING"
    DRILL = "DRILL"
    DRILL_MISSED = "DRILL_MISSED"
    SUMMARY = "SUMMARY"

    @property
    def is_of_monitor(self) -> bool:
        """Whether the subject is a monitor."""
        return self in _OF_MONITORS


_OF_MONITORS = (AlertKind.OUTAGE, AlertKind.DEGRADED, AlertKind.CERTIFICATE_EXPIRING)


class AlertStatus(StrEnum):
    """The status of an alert; OPEN and ACK are active."""

    OPEN = "OPEN"
    ACK = "ACK"
    RESOLVED = "RESOLVED"

    @property
    def is_active(self) -> bool:
        """Whether the outage, or the like, is still going on."""
        return self is not AlertStatus.RESOLVED


# The fields of an alert that responses leave out.
NOT_SHOWN = ("cause_data", "created_at", "delivered", "summary")
# The subject of an alert that is about nothing but this program.
OURSELVES = "Bonghwa"


class SeenFrom(NamedTuple):
    """A monitor as one location saw it when its alert opened. ``error_message``: why its last failing check failed."""

    location: str
    state: str
    error_message: str | None = None


class Timings(NamedTuple):
    """How long it took from the first failing check to the message, in seconds; None if that is not known.

    ``confirmed_seconds``: from the first failing check to the one that met the threshold, in the checks' own times.
    ``opened_seconds``: from that check to the alert's commit. ``delivered``: for each channel that got the alert's
    first message, from the commit that owed it until the channel had accepted it; a silence that held it is part of it.
    """

    confirmed_seconds: float
    opened_seconds: float | None
    delivered: Mapping[str, float]


class Alert(NamedTuple):
    """One outage of one monitor, from its first failing check (``failed_at``) to its end.

    Or the like of a channel, an agent or its location: ``kind`` says which, and ``subject`` is its name.
    ``locations``: who saw what when it opened, if several locations report the monitor. ``dependents``: the monitors
    that depend on it; ``still_failing``: those of them that failed when it ended; ``still_failing_from``: the locations
    from which its own monitor failed then. ``suppressed_by``: the alert of a monitor that it depends on, because of
    which nobody is notified of this one.
    ``created_at`` is when it was saved (None before version 0.2), ``delivered`` is that of its ``timings``.
    """

    id: int
    kind: AlertKind
    subject: MaskedText
    target_url: MaskedText | None
    status: AlertStatus
    cause: str | None
    failed_at: datetime
    opened_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    locations: tuple[SeenFrom, ...] = ()
    dependents: tuple[str, ...] = ()
    still_failing: tuple[str, ...] = ()
    still_failing_from: tuple[str, ...] = ()
    suppressed_by: int | None = None
    # The cause as data, for messages in every language.
    cause_data: Cause | None = None
    created_at: datetime | None = None
    delivered: Mapping[str, float] = {}
    # The content of a summary, as JSON.
    summary: str | None = None

    @property
    def timings(self) -> Timings:
        """How long it took to notify people."""
        opened = None if self.created_at is None else self.created_at - self.opened_at
        return Timings(
            confirmed_seconds=max(0.0, (self.opened_at - self.failed_at).total_seconds()),
            opened_seconds=None if opened is None else max(0.0, opened.total_seconds()),
            delivered=self.delivered,
        )

    def shown(self) -> dict[str, Any]:
        """The alert as responses show it."""
        shown = {name: part for name, part in as_json(self).items() if name not in NOT_SHOWN}
        return {**shown, "timings": as_json(self.timings)}
