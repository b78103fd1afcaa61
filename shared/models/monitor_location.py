"""A monitor as one of several locations sees it."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from shared.models.cause import Cause
from shared.models.monitor import MonitorState
from shared.models.scalars import Value
from shared.models.times import Time


def _from_json(value: Any) -> Any:
    return Cause.model_validate_json(value) if isinstance(value, str) else value


class MonitorLocation(Value):
    """What the checks of one location say about a monitor. The fields mean what they mean for a monitor.

    ``cause`` and ``error_message``: why its last failing check failed.
    """

    monitor_id: int
    location: str
    state: MonitorState = MonitorState.UNKNOWN
    since: Time | None = None
    consecutive_failures: int = 0
    consecutive_successes: int = 0
    failing_since: Time | None = None
    last_checked_at: Time | None = None
    cause: Annotated[Cause | None, BeforeValidator(_from_json)] = None
    error_message: str | None = None
