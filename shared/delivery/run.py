"""Deliver what is owed: lease a notification, send it, record how it went.

Never inside a transaction, and never in a thread that outlives the caller: clouds freeze a function once it responded.
Channels are served side by side, each in its own order, so that a slow one delays no other.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.delivery.retry import retry_seconds
from shared.delivery.unrecorded import unrecorded_of
from shared.logs import step
from shared.messages import Language, compose
from shared.models import Attempt, AttemptStatus, now, storable
from shared.notifiers import Notifier, SendFailed, unexpected
from shared.store import Owed, Store, StoreUnavailable

LEASE_SECONDS = 30.0
SEND_SECONDS = 10.0
POLL_SECONDS = 0.25


class Budget(NamedTuple):
    """For how long a run starts new sends, and when it gives up its last one; seconds from the run's start."""

    starts_until: float
    ends_at: float


# A send that starts just before the end would be cut off before the channel can respond, and then be sent again.
AT_ONCE = Budget(starts_until=0.5, ends_at=1.0)
RUN = Budget(starts_until=15.0, ends_at=15.0 + SEND_SECONDS)


def deliver_at_once(
    store: Store, notifiers: Mapping[str, Notifier], notification_ids: Sequence[int], language: Language
) -> None:
    """Send what was just owed, within AT_ONCE; ``deliver_owed`` sends what remains. Never raises."""
    try:
        # Even if nothing is owed: a process that only takes events may have no other occasion in time.
        unrecorded_of(store).record(store, notifiers)
        if notification_ids:
            _Run(store, notifiers, language, AT_ONCE, now, among=notification_ids).go()
    except StoreUnavailable as trouble:
        # The owed messages are safe in the store. The caller's own work is done and must not be reported as failed.
        step("server", "delivery_put_off", level=logging.WARNING, reason=str(trouble))


def deliver_owed(
    store: Store,
    notifiers: Mapping[str, Notifier],
    language: Language,
    ttl_seconds: float,
    clock: Callable[[], datetime] = now,
) -> dict[AttemptStatus, int]:
    """Give up what is older than ``ttl_seconds`` and send what is due, within RUN; the attempts by outcome.

    Raises:
        StoreUnavailable: the store failed. This process records what it could not before it sends anything else.
    """
    # Before anything expires: a message that a channel accepted must not expire.
    unrecorded_of(store).record(store, notifiers)
    expired = store.notifications.expire(now=clock(), created_before=clock() - timedelta(seconds=ttl_seconds))
    for given_up in expired:
        step(
            "server",
            "notification_expired",
            level=logging.ERROR,
            alert_id=given_up.alert_id,
            notification_id=given_up.id,
            channel=given_up.channel,
        )
    run = _Run(store, notifiers, language, RUN, clock)
    if store.notifications.has_due(notifiers, now=clock()):
        run.go()
    return {**run.outcomes, AttemptStatus.EXPIRED: len(expired)}


class _Run:
    """One sender for each channel, side by side, until nothing is due or the time is up."""

    def __init__(
        self,
        store: Store,
        notifiers: Mapping[str, Notifier],
        language: Language,
        budget: Budget,
        clock: Callable[[], datetime],
        among: Sequence[int] | None = None,
    ) -> None:
        self.store, self.notifiers, self.language = store, notifiers, language
        self.budget, self.clock, self.among = budget, clock, among
        self.outcomes = dict.fromkeys(AttemptStatus, 0)
        self._unrecorded = unrecorded_of(store)
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._sending = 0
        self._trouble: StoreUnavailable | None = None

    def go(self) -> None:
        """Serve every channel. Raises StoreUnavailable if that ended a sender."""
        threads = [threading.Thread(target=self._serve, args=(channel,), daemon=True) for channel in self.notifiers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._trouble:
            raise self._trouble

    def _serve(self, channel: str) -> None:
        try:
            while self._elapsed() < self.budget.starts_until:
                self._unrecorded.record(self.store, self.notifiers)
                at = self.clock()
                lease = at + timedelta(seconds=LEASE_SECONDS)
                owed = self.store.notifications.claim(channel, now=at, leased_until=lease, among=self.among)
                if owed is not None:
                    self._attempt(owed)
                elif self.among is None and self._sending:
                    # Another channel is slow. Messages that come due on this one meanwhile must not wait for it.
                    time.sleep(POLL_SECONDS)
                else:
                    return
        except StoreUnavailable as trouble:
            self._trouble = trouble

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def _attempt(self, owed: Owed) -> None:
        with self._lock:
            self._sending += 1
        attempted_at, started = self.clock(), time.perf_counter()
        try:
            status, answer, retry_after = self._send(owed)
        finally:
            with self._lock:
                self._sending -= 1
        duration_ms = round((time.perf_counter() - started) * 1000, 3)
        due_at = None
        if status is AttemptStatus.RETRY:
            due_at = self.clock() + timedelta(seconds=retry_seconds(owed.notification.attempts, retry_after))
        self._unrecorded.add(Attempt(owed.notification, status, attempted_at, duration_ms, answer, due_at))
        with self._lock:
            self.outcomes[status] += 1
        step(
            "server",
            f"notification_{status.lower()}",
            level=logging.INFO if status is AttemptStatus.SENT else logging.WARNING,
            alert_id=owed.alert.id,
            target_url=owed.alert.target_url,
            notification_id=owed.notification.id,
            kind=owed.notification.kind,
            channel=owed.notification.channel,
            duration_ms=duration_ms,
            answer=answer,
            due_at=due_at,
        )
        self._record()

    def _record(self) -> None:
        """Record what was attempted. Raises StoreUnavailable if that does not succeed before the run's end."""
        while True:
            try:
                return self._unrecorded.record(self.store, self.notifiers)
            except StoreUnavailable as trouble:
                if not trouble.is_transient or self._elapsed() + POLL_SECONDS > self.budget.ends_at:
                    raise
            time.sleep(POLL_SECONDS)

    def _send(self, owed: Owed) -> tuple[AttemptStatus, str, float | None]:
        text = compose(owed.alert, owed.notification, self.language)
        seconds = min(SEND_SECONDS, self.budget.ends_at - self._elapsed())
        notifier = self.notifiers[owed.notification.channel]
        try:
            answer = notifier.send(text, timeout_seconds=seconds, notification=owed.notification)
        except SendFailed as failure:
            status = AttemptStatus.FAILED if failure.is_permanent else AttemptStatus.RETRY
            # The channel's own words may hold anything, and the store must be able to keep them.
            return status, storable(str(failure)), failure.retry_after
        except Exception as defect:  # noqa: BLE001  # a notifier's defect must not lose the message
            return AttemptStatus.RETRY, storable(unexpected(notifier, defect)), None
        return AttemptStatus.SENT, storable(answer), None
