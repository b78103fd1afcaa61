"""Checks of any kind, all in one loop: each policy is checked at its due time, and tried again as it says."""

import functools
import importlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from functions.check_monitors.probes.http import trusted_file
from functions.check_monitors.probes.judgement import Seen, Subject
from functions.check_monitors.probes.loop.curl_loop import Loop, idle_loop
from shared.models import CheckAttempt, Event
from shared.monitors.kinds import Kind
from shared.monitors.policy import Policy
from shared.settings import Settings, proxies

# How many checks a run that lasts may have under way, if there are descriptors for them.
SLOTS = 4096


def check_all(
    policies: Sequence[tuple[float, Policy]],
    settings: Settings,
    *,
    interval_seconds: float | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
) -> list[Event]:
    """Check each policy, started so many seconds from now; the events are in the order of ``policies``.

    Each attempt has the policy's ``timeout`` from its own start, and none delays another one. A target's fault is
    an event, never an exception. A policy that cannot be checked here is one too: its event is inconclusive.
    ``on_event`` takes each event as soon as its check has concluded. A heartbeat is nothing to check.
    ``interval_seconds``: how often the agent reports at all, by which its silence is judged; by default each
    policy's own interval.

    Raises:
        SettingError: the file of trusted certificates cannot be read.
    """
    ca_file = trusted_file()
    environ = proxies.variables()
    subjects = [
        Subject(policy, settings, ca_file, environ, interval_seconds=interval_seconds) for _, policy in policies
    ]
    places = {id(subject): place for place, subject in enumerate(subjects)}
    events: list[Any] = [None] * len(policies)
    with idle_loop() as loop:

        def take(subject: Subject, event: Event) -> None:
            events[places[id(subject)]] = event
            on_event(event)

        starts = sorted(zip((seconds for seconds, _ in policies), subjects, strict=True), key=lambda start: start[0])
        loop.run_timed(((seconds, check_of(subject)) for seconds, subject in starts), len(starts), _on_end(loop, take))
    return events


def check_as_due(
    more: Callable[[], tuple[float, Iterable[Policy]] | None],
    settings: Settings,
    *,
    interval: Callable[[], float],
    on_event: Callable[[Event], None],
    newest: Callable[[Policy], Policy | None] = lambda policy: policy,
    on_dropped: Callable[[Policy], None] = lambda _: None,
) -> None:
    """Check whatever ``more`` hands over, at once, until it returns None.

    It also says in how many seconds it wants to be asked again, and must not wait. ``interval``: how often the agent
    reports by now, in seconds. ``newest``: the policy that the monitor of this one has by now; None: it is not to be
    checked any more. If it has another one, its attempts count no longer, and the new policy is checked at once. If it
    has none, ``on_dropped`` takes the old one. Otherwise as ``check_all``.
    """
    ca_file = trusted_file()
    environ = proxies.variables()
    with idle_loop() as loop:

        def subject_of(policy: Policy) -> Subject:
            return Subject(policy, settings, ca_file, environ, interval_seconds=interval())

        runs = _Runs(loop, subject_of, newest, on_event, on_dropped)

        def ask() -> float | None:
            runs.renew()
            found = more()
            if found is None:
                return None
            again, policies = found
            for policy in policies:
                runs.begin(policy)
            return again

        loop.run_timed((), SLOTS, runs.end, ask=ask)


def check_once(policy: Policy, settings: Settings) -> tuple[Subject, Event]:
    """Check a policy now, once, and report nothing: what was seen, and the event that it would be."""
    subject = Subject(policy.model_copy(update={"retries": 0}), settings, trusted_file(), proxies.variables())
    subject.is_response_needed = True
    events: list[Event] = []
    with idle_loop() as loop:
        loop.run_timed([(0.0, check_of(subject))], 1, _on_end(loop, lambda _, event: events.append(event)))
    return subject, events[0]


def check_of(subject: Subject) -> Any:
    """The check of a policy, whatever its kind."""
    try:
        return _maker(subject.policy.kind)(subject)
    except Exception as defect:  # noqa: BLE001  # a library of one kind may be missing; the others go on
        subject.break_off(defect)
        return _Nothing(subject)


@functools.cache
def _maker(kind: Kind) -> Callable[[Subject], Any]:
    # Each kind's module has ``check_of(subject)``. It is imported when a monitor of its kind is checked first.
    module = importlib.import_module(f"functions.check_monitors.probes.kinds.{kind}")
    maker: Callable[[Subject], Any] = module.check_of
    return maker


class _Nothing:
    """A check that could not be made: it is over at once."""

    ca_file = keeps = ""
    deadline = 0.0
    is_put_off = False

    def __init__(self, subject: Subject) -> None:
        self.subject = subject

    def handle(self) -> None:
        """Nothing is to be done."""


def _on_end(
    loop: Loop, take: Callable[[Subject, Event], None], on_again: Callable[[Any], None] = lambda _: None
) -> Callable[[Any], None]:
    """When a check ends: try it again as its policy says, or hand its event to ``take``.

    ``on_again`` takes the check of the next attempt.
    """

    def on_end(check: Any) -> None:
        subject = check.subject
        event = _event_of(subject)
        if _tries_again(subject, event):
            on_again(_try_again(subject, event, loop))
        else:
            take(subject, event)

    return on_end


class _Runs:
    """The runs of policies that may change meanwhile: then they begin again, and nothing is said of the old ones."""

    def __init__(
        self,
        loop: Loop,
        subject_of: Callable[[Policy], Subject],
        newest: Callable[[Policy], Policy | None],
        on_event: Callable[[Event], None],
        on_dropped: Callable[[Policy], None],
    ) -> None:
        self._loop, self._subject_of, self._newest, self._on_dropped = loop, subject_of, newest, on_dropped
        self._waiting: set[Any] = set()  # the checks that wait for another attempt
        self._go_on = _on_end(loop, lambda _, event: on_event(event), self._waiting.add)

    def begin(self, policy: Policy) -> None:
        """Check the newest policy of this one's monitor now, if it has one."""
        found = self._newest(policy)
        if found:
            self._loop.add(time.monotonic(), check_of(self._subject_of(found)))
        else:
            self._on_dropped(policy)

    def renew(self) -> None:
        """Begin again with each new policy: it need not wait until the old one's next attempt is due."""
        for check in list(self._waiting):
            if not self._is_newest(check.subject.policy):
                self._waiting.discard(check)
                if self._loop.withdraw(check):
                    self.begin(check.subject.policy)

    def end(self, check: Any) -> None:
        """Take a check that has ended."""
        self._waiting.discard(check)
        if self._is_newest(check.subject.policy):
            self._go_on(check)
        else:
            self.begin(check.subject.policy)

    def _is_newest(self, policy: Policy) -> bool:
        return self._newest(policy) == policy


def _event_of(subject: Subject) -> Event:
    try:
        return subject.event()
    except Exception as defect:  # noqa: BLE001  # it must not end the other checks
        subject.break_off(defect)
        return subject.event()


def _tries_again(subject: Subject, event: Event) -> bool:
    # To try again does not help if the agent itself cannot check.
    is_failure = not event.is_success and event.is_conclusive
    return is_failure and len(subject.attempts) < subject.policy.retries


def _try_again(subject: Subject, event: Event, loop: Loop) -> Any:
    subject.attempts.append(
        CheckAttempt(
            timestamp=event.timestamp,
            status_code=event.status_code,
            response_time_ms=event.response_time_ms,
            error_message=event.error_message,
        )
    )
    subject.seen = Seen()
    check = check_of(subject)
    loop.add(time.monotonic() + subject.policy.retry_interval, check)
    return check
