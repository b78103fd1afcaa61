"""Send what is owed to a channel: lease a notification, send it, record how it went.

Never inside a transaction, and never in a thread that outlives the caller: clouds freeze a function once it responded.
"""

import contextlib
import functools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared import links
from shared.delivery.retry import pause_after, retry_at
from shared.delivery.sending import log_attempt, send
from shared.delivery.unrecorded import unrecorded_of
from shared.logs import step
from shared.models import Attempt, AttemptStatus
from shared.models.notification import OUTCOMES
from shared.notifiers import NotifierKind
from shared.settings import Settings
from shared.store import Owed, Store, StoreUnavailable

# Outlasts a send, also one that waits for ``outcomes.ANSWER_SECONDS`` more.
LEASE_SECONDS = 30.0
SEND_SECONDS = 10.0
POLL_SECONDS = 0.25


class Budget(NamedTuple):
    """For how long a run starts new sends, and when it gives up its last one; seconds from the run's start."""

    starts_until: float
    ends_at: float


class Served(NamedTuple):
    """The attempt that was made. If none was, the seconds until a list may go (None: nothing waits for one)."""

    attempt: Attempt | None = None
    wait_seconds: float | None = None


class Sender:
    """Sends on every channel, within a budget. Each channel's thread uses it."""

    def __init__(
        self,
        store: Store,
        notifiers: Mapping[str, NotifierKind],
        settings: Settings,
        budget: Budget,
        clock: Callable[[], datetime],
    ) -> None:
        self.store, self.notifiers, self.budget, self.clock = store, notifiers, budget, clock
        self.language, self.ttl_seconds = settings.message_language, settings.notification_ttl_seconds
        self.outcomes = dict.fromkeys(OUTCOMES, 0)
        # How many channels are sending, or wait for a list.
        self.busy = 0
        # The store said this when it ended the service of a channel.
        self.trouble: StoreUnavailable | None = None
        self._links = links.configured()
        self._unrecorded = unrecorded_of(store)
        self._started = time.monotonic()
        self._lock = threading.Lock()

    def elapsed(self) -> float:
        """The seconds since the run's start."""
        return time.monotonic() - self._started

    @contextlib.contextmanager
    def being_busy(self) -> Iterator[None]:
        """Count one more in ``busy``."""
        with self._lock:
            self.busy += 1
        try:
            yield
        finally:
            with self._lock:
                self.busy -= 1

    def serve(self, channel: str, send_next: Callable[[], bool]) -> None:
        """Call ``send_next`` as long as it says so and sends may start. After a defect it is called a little later."""
        pause = POLL_SECONDS
        while self.elapsed() < self.budget.starts_until:
            try:
                if not send_next():
                    return
            except StoreUnavailable as trouble:
                self.trouble = trouble
                return
            except Exception as defect:  # noqa: BLE001  # a thread that ended here would leave its channel unserved
                reason = type(defect).__name__
                step("server", "sender_failed", level=logging.ERROR, failure=True, channel=channel, reason=reason)
                time.sleep(min(pause, max(0.0, self.budget.starts_until - self.elapsed())))
                pause *= 2

    def send_next(self, channel: str, among: Sequence[int] | None = None) -> Served:
        """Send the channel's next message, if one is due. ``among``: see ``Outbox.claim``; a list may hold others."""
        self._unrecorded.record(self.store, self.notifiers)
        pace, at = self.notifiers[channel].pace, self.clock()
        lease = at + timedelta(seconds=LEASE_SECONDS)
        owed = self.store.notifications.claim(channel, now=at, leased_until=lease, among=among, pace=pace)
        if owed is not None:
            return Served(self._attempt([owed]))
        if pace is None:
            return Served()
        claimed = self.store.notifications.claim_list(channel, now=at, leased_until=lease, pace=pace)
        if claimed.owed:
            return Served(self._attempt(claimed.owed))
        return Served(wait_seconds=claimed.wait_seconds)

    def _attempt(self, listed: Sequence[Owed]) -> Attempt:
        """Send one message about all that is listed, and record how that went for each."""
        first, *others = (owed.notification for owed in listed)
        attempted_at, started = self.clock(), time.perf_counter()
        seconds = min(SEND_SECONDS, self.budget.ends_at - self.elapsed())
        with self.being_busy():
            sent = send(
                listed,
                self.notifiers[first.channel],
                self.store,
                self.language,
                now=attempted_at,
                seconds=seconds,
                installation=self._installation,
                links=self._links,
            )
        duration_ms = round((time.perf_counter() - started) * 1000, 3)
        is_retry, ended_at = sent.status is AttemptStatus.RETRY, self.clock()
        asked = None if sent.is_perhaps else sent.retry_after
        attempt = Attempt(
            first,
            sent.status,
            attempted_at,
            duration_ms,
            sent.answer,
            due_at=retry_at(listed, ended_at, self.ttl_seconds, sent.retry_after) if is_retry else None,
            listed=tuple(others),
            message_id=sent.message_id,
            said=listed[0].alert.status,
            pause=pause_after(ended_at, self.ttl_seconds, asked) if is_retry else None,
        )
        self._unrecorded.add(attempt)
        with self._lock:
            self.outcomes[sent.status] += len(listed)
        log_attempt(attempt, listed)
        self._record()
        return attempt

    @functools.cached_property
    def _installation(self) -> str:
        # Read again in each run: another store may have replaced this one meanwhile.
        return self.store.notifications.installation()

    def _record(self) -> None:
        """Record what was attempted. Raises StoreUnavailable if that does not succeed before the run's end."""
        while True:
            try:
                return self._unrecorded.record(self.store, self.notifiers)
            except StoreUnavailable as trouble:
                if not trouble.is_transient or self.elapsed() + POLL_SECONDS > self.budget.ends_at:
                    raise
            time.sleep(POLL_SECONDS)
