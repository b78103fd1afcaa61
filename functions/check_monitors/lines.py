"""The agent's log: a line for each check."""

import logging
import os
import time
from collections import deque

from shared.logs import step
from shared.models import Event
from shared.settings import is_in_cloud

# For so long the lines of healthy checks wait to be written together: one by one, they cost half as much as the checks.
WAIT_SECONDS = 0.25
# A failure's line waits until the failure is on its way to the backend: to write it first would delay the message.
WAIT_SECONDS_OF_FAILURE = 0.02
# How many lines are written at once, unless an eighth of those that wait are more. To write hundreds at once would
# delay the checks that fall due meanwhile.
PORTION = 10


def level_of_successes() -> int:
    """The level of a healthy check's line. A cloud bills each line: what went well is in the store."""
    return logging.DEBUG if is_in_cloud(os.environ) else logging.INFO


def write_line(event: Event, level_of_success: int, at: float | None = None) -> None:
    """Write the line of a check that ended just now, or ``at`` that time of ``time.time()``."""
    step(
        "agent",
        "checked",
        level=level_of_success if event.is_success else logging.INFO,
        happened_at=at,
        target_url=event.target_url,
        event_id=event.event_id,
        is_success=event.is_success,
        status_code=event.status_code,
        response_time_ms=event.response_time_ms,
        error_message=event.error_message,
    )


class Lines:
    """The lines of a run that lasts, in the order of the checks."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Event]] = deque()
        self._level = level_of_successes()
        self._failed_at: float | None = None

    def take(self, event: Event) -> None:
        """Take the event of a check that ended just now."""
        now = time.time()
        self._waiting.append((now, event))
        if not event.is_success and self._failed_at is None:
            self._failed_at = now

    def write_due(self) -> None:
        """Write what has waited for long enough, a portion at a time."""
        if self._failed_at is not None and _is_past(self._failed_at, WAIT_SECONDS_OF_FAILURE):
            self.write()
        elif self._waiting and _is_past(self._waiting[0][0], WAIT_SECONDS):
            self._write(max(PORTION, len(self._waiting) // 8))

    def write(self) -> None:
        """Write all that waits."""
        self._write(len(self._waiting))
        self._failed_at = None

    def _write(self, most: int) -> None:
        for _ in range(min(most, len(self._waiting))):
            at, event = self._waiting.popleft()
            write_line(event, self._level, at)


def _is_past(at: float, seconds: float) -> bool:
    """Whether ``at`` is longer ago. A clock that was set back holds nothing up."""
    return not 0 <= time.time() - at < seconds
