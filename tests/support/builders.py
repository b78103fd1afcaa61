"""Values that tests start from: one noon, and an event, an alert, a monitor, a notification, a notifier around it."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import ConfigDict

from shared.models import (
    Alert,
    AlertKind,
    AlertStatus,
    Cause,
    Event,
    Monitor,
    MonitorState,
    Notification,
    NotificationKind,
    NotificationStatus,
)
from shared.models.channel import Pace, Route
from shared.models.message import Message
from shared.models.monitor import FlappingLimits
from shared.notifiers import Accepted, NotifierKind, ProbeResult, SendFailed

# Limits of a store in which every change of a monitor is a message.
NEVER_FLAPS = FlappingLimits(starts=math.inf, ends=0.0)
NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """That many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def event(seconds: float = 0, *, ok: bool, monitor: str = "shop", **fields: object) -> Event:
    """The report of a check at that time; ``fields`` replace or add some."""
    known: dict[str, Any] = {
        "target_url": f"http://{monitor}/",
        "monitor": monitor,
        "timestamp": at(seconds),
        "is_success": ok,
        "status_code": 200 if ok else None,
        "error_message": None if ok else "connection refused",
    }
    return Event(**known | fields)


def monitor(
    state: MonitorState = MonitorState.UP,
    failures: int = 0,
    threshold: int = 1,
    checked: float | None = -30,
    **fields: object,
) -> Monitor:
    """A monitor that was checked at that time (None: never); if it fails, it has failed for a minute."""
    known: dict[str, Any] = {
        "name": "shop",
        "target_url": "http://shop/",
        "failure_threshold": threshold,
        "state": state,
        "consecutive_failures": failures,
        "failing_since": at(-60) if failures else None,
        "last_checked_at": None if checked is None else at(checked),
    }
    return Monitor(**known | fields)


def alert(status: AlertStatus = AlertStatus.OPEN, **fields: object) -> Alert:
    """An outage since noon: acknowledged by kim 20 s later, or resolved 40 s later."""
    known: dict[str, Any] = {
        "id": 1,
        "kind": AlertKind.OUTAGE,
        "subject": "shop",
        "target_url": "http://shop/",
        "status": status,
        "cause": "connection refused",
        "cause_data": Cause.of("connection_refused"),
        "failed_at": NOON,
        "opened_at": NOON,
        "acknowledged_at": at(20) if status is AlertStatus.ACK else None,
        "acknowledged_by": "kim" if status is AlertStatus.ACK else None,
        "resolved_at": at(40) if status is AlertStatus.RESOLVED else None,
    }
    return Alert(**known | fields)


def notification(kind: str = "OUTAGE", **fields: object) -> Notification:
    """The message of an alert's kind, or RECOVERY, that is being sent to the console."""
    known: dict[str, Any] = {
        "id": 1,
        "alert_id": 1,
        "channel": "console",
        "kind": NotificationKind(kind),
        "status": NotificationStatus.SENDING,
        "occurred_at": NOON,
        "is_manual": False,
        "actor": None,
        "created_at": NOON,
        "due_at": NOON,
        "leased_until": None,
        "attempts": 1,
    }
    return Notification(**known | fields)


def routes(*channels: str) -> dict[str, Route]:
    """These channels, each of which gets everything at once."""
    return dict.fromkeys(channels, Route())


class Channel(NotifierKind):
    """A channel that does what ``behave`` says, and keeps what it then accepts. It has no pace, and shows no facts."""

    model_config = ConfigDict(frozen=False, extra="allow")

    shows_facts = False
    pace: ClassVar[Pace | None] = None

    def __init__(self, behave: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self.behave = behave
        self.texts: list[str] = []
        self.messages: list[Message] = []
        self.timeouts: list[float] = []

    def send(self, message: Message, *, timeout_seconds: float) -> Accepted:
        """See NotifierKind.send."""
        assert message.notification is not None
        assert message.text.endswith(f" · {message.mark}")
        self.timeouts.append(timeout_seconds)
        self.behave()
        self.texts.append(message.text)
        self.messages.append(message)
        return Accepted(f"accepted {len(self.texts)}")

    def probe(self, timeout_seconds: float) -> ProbeResult:  # noqa: ARG002  # nothing is waited for
        """See NotifierKind.probe."""
        return ProbeResult("ok", "it would accept a message")

    @property
    def kinds(self) -> list[str]:
        """The first word of each message: OUTAGE, RECOVERY, …."""
        return [text.split()[0] for text in self.texts]

    @property
    def headlines(self) -> list[str]:
        """The part of each message that names its subject."""
        return [text.split(" · ")[0] for text in self.texts]


def fails(reason: str = "no luck", **why: float | bool) -> Callable[[], object]:
    """A channel's behaviour: it does not accept. ``why``: see SendFailed."""

    def behave() -> None:
        raise SendFailed(reason, **why)  # type: ignore[arg-type]

    return behave


def refuses(reason: str = "Unauthorized") -> Callable[[], object]:
    """A channel's behaviour: it never accepts."""
    return fails(reason, is_permanent=True)
