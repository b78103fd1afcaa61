"""Deliver what is owed: lease a notification, send it, record how it went.

Never inside a transaction, and never in a thread that outlives the caller: clouds freeze a function once it responded.
Channels are served side by side, each in its own order, so that a slow one delays no other.
"""

import contextlib
import functools
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from shared import links
from shared.delivery.retry import pause_after, retry_at
from shared.delivery.sending import log_attempt, send
from shared.delivery.unrecorded import unrecorded_of
from shared.logs import step
from shared.models import Attempt, AttemptStatus
from shared.models.notification import OUTCOMES
from shared.notifiers import Notifier, pace_of
from shared.settings import Settings
from shared.store import Owed, Store, StoreUnavailable
from shared.threads import started

if TYPE_CHECKING:
    from shared.delivery.mailing import Mailing

# Outlasts a send, also one that waits for ``outcomes.ANSWER_SECONDS`` more.
LEASE_SECONDS = 30.0
SEND_SECONDS = 10.0
POLL_SECONDS = 0.25
# A run waits for a list for so long. It leaves messages that have to wait longer to a later run.
LIST_SECONDS = 2.0


class Budget(NamedTuple):
    """For how long a run starts new sends, and when it gives up its last one; seconds from the run's start."""

    starts_until: float
    ends_at: float


# A send that starts just before the end would be cut off before the channel can respond, and then be sent again. A
# channel therefore gets this many times what its last attempt took.
MARGIN = 1.25
AT_ONCE = Budget(starts_until=0.5, ends_at=1.0)
RUN = Budget(starts_until=15.0, ends_at=15.0 + SEND_SECONDS)


class Run:
    """One sender for each channel, side by side, until nothing is due or the time is up."""

    def __init__(
        self,
        store: Store,
        notifiers: Mapping[str, Notifier],
        settings: Settings,
        budget: Budget,
        clock: Callable[[], datetime],
        *,
        channels: Collection[str],
        among: Sequence[int] | None = None,
        lasted: Mapping[str, float] | None = None,
        mailing: "Mailing | None" = None,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        """``channels``: those that are served. ``among``: only these notifications.

        ``lasted``: how many seconds the last attempt of each channel took, as far as that is known. ``mailing``: what
        is owed to the subscribers of status pages. ``pause``: waits until a list may go.
        """
        self.store, self.notifiers, self.budget, self.clock = store, notifiers, budget, clock
        self.language, self.ttl_seconds = settings.message_language, settings.notification_ttl_seconds
        self.channels, self.among, self.mailing, self.pause = channels, among, mailing, pause
        self.lasted = dict(lasted or {})
        self.outcomes = dict.fromkeys(OUTCOMES, 0)
        self._links = links.configured()
        self._unrecorded = unrecorded_of(store)
        self._started = time.monotonic()
        # The threads by their names.
        self._senders: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        # How many channels are sending, or wait for a list.
        self._busy = 0
        self._trouble: StoreUnavailable | None = None

    def go(self) -> None:
        """Serve the channels, and those that come to owe something meanwhile. Raises what ended a sender.

        Raises:
            StoreUnavailable: the store failed.
        """
        if self.among is None:
            self._serve_until_nothing_is_due()
        else:
            # This run sends only what was just owed. It serves one channel itself: a thread's start delays a message.
            channels = list(self.channels)
            self._start(self._serving(channels[1:]))
            for channel in channels[:1]:
                self._serve_channel(channel)
            for sender in self._senders.values():
                sender.join()
        if self._trouble:
            raise self._trouble

    def _serve_until_nothing_is_due(self) -> None:
        jobs = self._serving(self.channels)
        if self.mailing is not None:
            jobs["mailing"] = functools.partial(self._send_mails, self.mailing)
        self._start(jobs)
        asks_at = time.monotonic() + POLL_SECONDS
        while sending := [sender for sender in self._senders.values() if sender.is_alive()]:
            sending[0].join(max(0.0, asks_at - time.monotonic()))
            if time.monotonic() >= asks_at:
                self._start(self._serving(self._come_due()))
                asks_at = time.monotonic() + POLL_SECONDS

    def _serving(self, channels: Collection[str]) -> dict[str, Callable[[], None]]:
        return {f"sender of {each}": functools.partial(self._serve_channel, each) for each in channels}

    def _start(self, jobs: Mapping[str, Callable[[], None]]) -> None:
        """Start those of the jobs, by the names of their threads, that are not under way."""
        unstarted: list[Callable[[], None]] = []
        for name, job in jobs.items():
            if name in self._senders and self._senders[name].is_alive():
                continue
            thread = threading.Thread(target=job, daemon=True, name=name)
            if started(thread):
                self._senders[name] = thread
            else:
                unstarted.append(job)
        for job in unstarted:
            job()

    def _come_due(self) -> Collection[str]:
        """The channels that something has come due on. A sender that is slow on another must not hold it up."""
        if self.among is not None or self._trouble or not self._busy or self._elapsed() > self.budget.starts_until:
            return ()
        try:
            return self.store.notifications.due(self.notifiers.keys(), now=self.clock())
        except StoreUnavailable:
            return ()  # the senders say so, if they need it

    def _send_mails(self, mailing: "Mailing") -> None:
        # Slow as it may be, messages that come due on the channels meanwhile do not wait for it.
        with self._being_busy():
            mailing.go(max(0.0, self.budget.starts_until - self._elapsed()))

    def _serve_channel(self, channel: str) -> None:
        pause = POLL_SECONDS
        while self._elapsed() < self._starts_until(channel):
            try:
                if not self._serve_next(channel):
                    return
            except StoreUnavailable as trouble:
                self._trouble = trouble
                return
            except Exception as defect:  # noqa: BLE001  # a sender that ended here would leave its channel unserved
                reason = type(defect).__name__
                step("server", "sender_failed", level=logging.ERROR, failure=True, channel=channel, reason=reason)
                time.sleep(min(pause, max(0.0, self.budget.starts_until - self._elapsed())))
                pause *= 2

    def _starts_until(self, channel: str) -> float:
        """Until when a send on this channel can start, and end before the run does."""
        needed = min(SEND_SECONDS, MARGIN * self.lasted.get(channel, 0.0))
        return min(self.budget.starts_until, self.budget.ends_at - needed)

    def _serve_next(self, channel: str) -> bool:
        """Send the channel's next message, if one is due. Whether to ask again."""
        self._unrecorded.record(self.store, self.notifiers)
        pace, at = pace_of(self.notifiers[channel]), self.clock()
        lease = at + timedelta(seconds=LEASE_SECONDS)
        owed = self.store.notifications.claim(channel, now=at, leased_until=lease, among=self.among, pace=pace)
        if owed is not None:
            self._attempt([owed])
            return True
        # If everything could be sent at once, nothing is left for a list.
        if pace is not None and (self.among is None or sum(self.outcomes.values()) < len(self.among)):
            claimed = self.store.notifications.claim_list(channel, now=at, leased_until=lease, pace=pace)
            if claimed.owed:
                self._attempt(claimed.owed)
                return True
            if claimed.wait_seconds is not None and self._wait(claimed.wait_seconds):
                return True
        if self.among is not None or not self._busy:
            return False
        # Another channel is slow. Messages that come due on this one meanwhile must not wait for it.
        time.sleep(POLL_SECONDS)
        return True

    def _wait(self, seconds: float) -> bool:
        """Wait until a list may go, unless that is too long. Whether this waited."""
        if self.among is not None or seconds > LIST_SECONDS or self._elapsed() + seconds > self.budget.starts_until:
            return False
        with self._being_busy():
            self.pause(seconds)
        return True

    @contextlib.contextmanager
    def _being_busy(self) -> Iterator[None]:
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def _attempt(self, listed: Sequence[Owed]) -> None:
        """Send one message about all that is listed, and record how that went for each."""
        first, *others = (owed.notification for owed in listed)
        attempted_at, started = self.clock(), time.perf_counter()
        seconds = min(SEND_SECONDS, self.budget.ends_at - self._elapsed())
        with self._being_busy():
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
        self.lasted[first.channel] = duration_ms / 1000
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
                if not trouble.is_transient or self._elapsed() + POLL_SECONDS > self.budget.ends_at:
                    raise
            time.sleep(POLL_SECONDS)
