"""The two runs of deliveries: at once, of what was just owed, and by schedule, until nothing is due.

Channels are served side by side, each in its own order, so that a slow one delays no other.
"""

import functools
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from shared.delivery.sender import POLL_SECONDS, SEND_SECONDS, Budget, Sender
from shared.models import now
from shared.notifiers import NotifierKind
from shared.settings import Settings
from shared.store import Store, StoreUnavailable
from shared.threads import started

if TYPE_CHECKING:
    from shared.delivery.mailing import Mailing
    from shared.store import Share

AT_ONCE = Budget(starts_until=0.5, ends_at=1.0)
RUN = Budget(starts_until=15.0, ends_at=15.0 + SEND_SECONDS)
# A send that starts just before the end would be cut off before the channel can respond, and then be sent again. A
# channel therefore gets this many times what its last attempt took.
MARGIN = 1.25
# A run waits for a list for so long. It leaves messages that have to wait longer to a later run.
LIST_SECONDS = 2.0


def serve_at_once(
    store: Store, notifiers: Mapping[str, NotifierKind], notification_ids: Sequence[int], settings: Settings
) -> None:
    """Send these notifications, within AT_ONCE.

    Raises:
        StoreUnavailable: the store failed.
    """
    owed = store.notifications.shares(notification_ids)
    sender = Sender(store, notifiers, settings, AT_ONCE, now)
    # A thread and a claim for each of many other channels would hold these up.
    parts = [_Part(sender, channel, notification_ids, owed[channel]) for channel in notifiers if channel in owed]
    # This thread serves one channel itself: a thread's start delays a message.
    threads = _side_by_side({_named(part.channel): part.serve for part in parts[1:]})
    for part in parts[:1]:
        part.serve()
    for thread in threads.values():
        thread.join()
    if sender.trouble:
        raise sender.trouble


class _Part:
    """One channel's part of what is sent at once."""

    def __init__(self, sender: Sender, channel: str, among: Sequence[int], share: "Share") -> None:
        self.channel = channel
        self._sender, self._among = sender, among
        self._left, self._lasted_seconds = share

    def serve(self) -> None:
        self._sender.serve(self.channel, self._send_next)

    def _send_next(self) -> bool:
        if not self._has_time():
            return False
        attempt = self._sender.send_next(self.channel, self._among).attempt
        if attempt is None:
            return False
        self._lasted_seconds = attempt.duration_ms / 1000
        # A claim that finds nothing would still lock the store for writing.
        self._left -= {notification.id for notification in (attempt.notification, *attempt.listed)}
        return bool(self._left)

    def _has_time(self) -> bool:
        """Whether a send can start, and end before the run does."""
        budget, needed = self._sender.budget, min(SEND_SECONDS, MARGIN * self._lasted_seconds)
        return self._sender.elapsed() < min(budget.starts_until, budget.ends_at - needed)


class ScheduledRun:
    """Serves every channel that something is due on, or comes due on meanwhile, and mails subscribers.

    ``pause``: waits until a list may go.
    """

    def __init__(
        self, sender: Sender, *, mailing: "Mailing | None" = None, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._sender, self._mailing, self._pause = sender, mailing, pause
        # By their names.
        self._threads: dict[str, threading.Thread] = {}

    def go(self, channels: Collection[str]) -> None:
        """Serve the channels, and those that come to owe something meanwhile.

        Raises:
            StoreUnavailable: the store failed.
        """
        jobs = self._serving(channels)
        if self._mailing is not None:
            jobs["mailing"] = functools.partial(self._send_mails, self._mailing)
        self._start(jobs)
        asks_at = time.monotonic() + POLL_SECONDS
        while sending := [thread for thread in self._threads.values() if thread.is_alive()]:
            sending[0].join(max(0.0, asks_at - time.monotonic()))
            if time.monotonic() >= asks_at:
                self._start(self._serving(self._come_due()))
                asks_at = time.monotonic() + POLL_SECONDS
        if self._sender.trouble:
            raise self._sender.trouble

    def _serving(self, channels: Collection[str]) -> dict[str, Callable[[], None]]:
        return {
            _named(channel): functools.partial(self._sender.serve, channel, functools.partial(self._send_next, channel))
            for channel in channels
        }

    def _start(self, jobs: Mapping[str, Callable[[], None]]) -> None:
        """Start those of the jobs that are not under way."""
        under_way = {name for name, thread in self._threads.items() if thread.is_alive()}
        self._threads |= _side_by_side({name: job for name, job in jobs.items() if name not in under_way})

    def _come_due(self) -> Collection[str]:
        """The channels that something has come due on. A sender that is slow on another must not hold it up."""
        if self._sender.trouble or not self._sender.busy or self._left() < 0:
            return ()
        try:
            return self._sender.store.notifications.due(self._sender.notifiers.keys(), now=self._sender.clock())
        except StoreUnavailable:
            return ()  # the senders say so, if they need it

    def _send_mails(self, mailing: "Mailing") -> None:
        # Slow as it may be, messages that come due on the channels meanwhile do not wait for it.
        with self._sender.being_busy():
            mailing.go(max(0.0, self._left()))

    def _send_next(self, channel: str) -> bool:
        """Send the channel's next message, if one is due. Whether to ask again."""
        if self._left() <= 0:
            return False
        served = self._sender.send_next(channel)
        if served.attempt is not None:
            return True
        if served.wait_seconds is not None and served.wait_seconds <= min(LIST_SECONDS, self._left()):
            with self._sender.being_busy():
                self._pause(served.wait_seconds)
            return True
        if not self._sender.busy:
            return False
        # Another channel is slow. Messages that come due on this one meanwhile must not wait for it.
        time.sleep(POLL_SECONDS)
        return True

    def _left(self) -> float:
        """For how many seconds sends may start."""
        return self._sender.budget.starts_until - self._sender.elapsed()


def _named(channel: str) -> str:
    return f"sender of {channel}"


def _side_by_side(jobs: Mapping[str, Callable[[], None]]) -> dict[str, threading.Thread]:
    """Start a thread for each job, by its name. Those that this machine has no thread for are done here, after that."""
    threads = {name: threading.Thread(target=job, daemon=True, name=name) for name, job in jobs.items()}
    running = {name: thread for name, thread in threads.items() if started(thread)}
    for name, job in jobs.items():
        if name not in running:
            job()
    return running
