"""The monitors that are due now, as the backend says. Without its response, the agent goes on by what it knows."""

import heapq
import itertools
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.check_monitors.probes.loop.curl_loop import START_TICK_SECONDS
from functions.check_monitors.reporting import backend
from functions.check_monitors.targets import interval_of_targets
from shared.logs import step
from shared.monitors.due import due_between, longest_claim
from shared.settings import Settings, is_in_cloud
from shared.threads import started

if TYPE_CHECKING:
    from shared.monitors.policy import Policy

# Begins the trials of a claim's answer.
OnTrials = Callable[[Iterable[Mapping[str, Any]]], None]
# A backend that did not respond is not asked again for so long: each try may last as long as a check.
PAUSE_SECONDS = 10.0
# How often a run that lasts claims. Each claim is for longer, at most for twice as long: so the next one may take a
# while and delays no check. While claims are quick it is for less, since a killed agent loses what it has claimed.
CLAIM_SECONDS = 0.8
SPARE_SECONDS, TIMES_LONGER = 0.2, 3.0
# The agent remembers how long so many of its last claims took.
_CLAIMS_REMEMBERED = 10
# The same where nothing is to be claimed: a claim costs more than a check.
IDLE_SECONDS = 3.0
# How soon a claim has usually been answered.
_CLAIMED_WITHIN = 0.03
# Up to so many checks start together even if the last is due so much later. If there were more, they would slow each
# other. Any number starts together within a tick of the loop.
FEW, EARLY_SECONDS = 4, 0.07
# How soon a run that lasts sees that the server is about to end.
_STOPS_WITHIN = 0.2
_DAY_SECONDS = 86_400.0
# Without the backend, what was due longer ago is left out.
MAX_SPAN_SECONDS = 60.0


Starts = list[tuple[float, int, "Policy"]]


class DueCheck(NamedTuple):
    """A check that starts when ``time.monotonic()`` is ``starts_at``."""

    starts_at: float
    policy: "Policy"


class Known:
    """The monitors that this location checks beside the agent's own targets, as far as this process knows them."""

    def __init__(self, clock: Callable[[], float] = time.time, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._stopwatch = clock, stopwatch
        self._lock = threading.Lock()
        self._policies: dict[str, Policy] = {}
        self._shortest: float | None = None
        self._version: int | None = None
        self._claimed_until = 0.0
        self._paused_until = 0.0
        self.is_cut_off = False
        self._took: deque[float] = deque(maxlen=_CLAIMS_REMEMBERED)

    def __len__(self) -> int:
        return len(self._policies)

    def newest(self, policy: "Policy") -> "Policy | None":
        """The policy that the monitor of ``policy`` has by now; None if it is not checked here any more."""
        return self._policies.get(policy.name)

    def interval(self, otherwise: float) -> float:
        """The shortest interval at which a monitor is reported, in seconds."""
        return min(self._shortest, otherwise) if self._shortest else otherwise

    def spare_seconds(self) -> float:
        """The seconds by which a claim overlaps the next one, so that a slow claim delays no check."""
        return min(CLAIM_SECONDS, SPARE_SECONDS + TIMES_LONGER * max(self._took, default=0.0))

    def claim(
        self, settings: Settings, seconds: float, on_trials: OnTrials = lambda _: None
    ) -> tuple[list[DueCheck], bool | None]:
        """The checks that fall due within ``seconds`` from now; and whether the backend responded, if it was asked.

        ``on_trials`` begins what the backend wants tried besides.
        """
        with self._lock:
            is_paused = self._stopwatch() < self._paused_until
            known = self._version
        asked_at, began = self._clock(), self._stopwatch()
        answer = None if is_paused else backend.claim(settings, seconds, known)
        if not is_paused:
            self._took.append(self._stopwatch() - began)
        if answer and (trials := answer.get("trials")):
            on_trials(trials)
        with self._lock:
            try:
                due = self._learn(answer, seconds, asked_at) if answer else None
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                step("agent", "claim_not_understood", level=logging.ERROR, reason=type(error).__name__)
                due = None
            self.is_cut_off = due is None
            if due is not None:
                return due, True
            if not is_paused:
                self._paused_until = self._stopwatch() + PAUSE_SECONDS
            return self._by_itself(seconds), None if is_paused else answer is not None

    def due_if_cut_off(self, seconds: float) -> list[DueCheck]:
        """The checks that fall due within ``seconds``, if the last claim failed: the one under way may fail too."""
        with self._lock:
            return self._by_itself(seconds) if self.is_cut_off else []

    def _learn(self, answer: Mapping[str, Any], seconds: float, asked_at: float) -> list[DueCheck]:
        # All is read before anything is learnt: it may make no sense.
        claimed_at = datetime.fromisoformat(answer["now"])
        due = [(each["name"], datetime.fromisoformat(each["due_at"]) - claimed_at) for each in answer["checks"]]
        policies = {policy.name: policy for policy in _understood(answer["policies"])} if answer["policies"] else {}
        removed = set(answer["removed"])
        if policies or removed or answer["is_complete"]:
            # With each claim it would take 9 ms for 10,000 monitors, in which no check starts.
            kept = {} if answer["is_complete"] else self._policies
            self._policies = {name: policy for name, policy in kept.items() if name not in removed} | policies
            self._shortest = _shortest_interval(self._policies.values())
        self._version = answer["version"]
        # The backend's times are by its own clock. It claimed between our question and now, and if both clocks agree,
        # we know when. Counted from the question, a check would start too early by the time that the question took.
        now = self._clock()
        ago = now - min(max(claimed_at.timestamp(), asked_at), now)
        self._claimed_until = now - ago + seconds
        known = [(self._policies.get(name), left.total_seconds() - ago) for name, left in due]
        return [self._in(left, policy) for policy, left in known if policy is not None]

    def _in(self, seconds: float, policy: "Policy") -> DueCheck:
        return DueCheck(self._stopwatch() + max(0.0, seconds), policy)

    def _by_itself(self, seconds: float) -> list[DueCheck]:
        now = self._clock()
        start = max(self._claimed_until, now - MAX_SPAN_SECONDS)
        # A clock that was set back would stop all checks.
        start = start if start <= now + MAX_SPAN_SECONDS + seconds else now
        end = now + seconds
        self._claimed_until = max(start, end)
        due = [(due_between(name, policy.interval, start, end), policy) for name, policy in self._policies.items()]
        return [self._in(at - now, policy) for at, policy in due if at is not None] if start < end else []


def _understood(given: Iterable[Mapping[str, Any]]) -> "Iterator[Policy]":
    # Imported here: an agent that has its targets alone starts without it.
    from pydantic import ValidationError

    from shared.monitors.policy import Policy

    for policy in given:
        try:
            yield Policy.model_validate(policy)
        except ValidationError as error:
            # A newer backend knows fields that this agent does not. Its other monitors are checked.
            fields = [".".join(map(str, mistake["loc"])) for mistake in error.errors()]
            step("agent", "policy_not_understood", level=logging.ERROR, monitor=policy.get("name"), fields=fields)


def _shortest_interval(policies: "Collection[Policy]") -> float | None:
    if not policies:
        return None
    # Imported here, as above.
    from shared.alerting.agents import report_interval
    from shared.models.event import MAX_INTERVAL_SECONDS

    # Many tries, far apart, may last for years, and no event says that.
    return min(MAX_INTERVAL_SECONDS, *(report_interval(each.interval, each.longest_check) for each in policies))


# This process's.
KNOWN = Known()


class Claiming:
    """A claim that is under way, in a thread of its own. ``is_reached``: whether the backend responded, if asked."""

    def __init__(self, settings: Settings, seconds: float | None, on_trials: OnTrials) -> None:
        self.is_reached: bool | None = None
        self._due: list[DueCheck] = []
        self._on_trials = on_trials
        most = longest_claim(is_in_cloud=is_in_cloud(os.environ))
        self._settings, self._seconds = settings, seconds or min(settings.check_interval_seconds, most)
        self._thread = threading.Thread(target=self._claim, daemon=True)
        if not started(self._thread):
            self._claim()

    def due(self, seconds: float | None = None) -> list[DueCheck] | None:
        """The checks that are due; None if they are not known within so many seconds."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return None if self._thread.is_alive() else self._due

    def _claim(self) -> None:
        self._due, self.is_reached = KNOWN.claim(self._settings, self._seconds, self._on_trials)


class Stream:
    """Claims again and again, for ``lasting`` seconds, or until the server ``is_stopping``."""

    def __init__(
        self, settings: Settings, lasting: float, is_stopping: Callable[[], bool], on_trials: OnTrials
    ) -> None:
        self._is_stopping, self._on_trials = is_stopping, on_trials
        self.is_reached: bool | None = None
        self._settings = settings
        self._ends_at = time.monotonic() + lasting
        self._claims_at = 0.0
        self._claiming: Claiming | None = None
        self._waiting: Starts = []  # a heap, by the times of their starts
        self._counter = itertools.count()
        self._own: set[int] = set()  # the numbers of those starts that no claim has brought
        self._goes_on_at = 0.0

    def more(self) -> tuple[float, list["Policy"]] | None:
        """In how many seconds to ask again, and what is to be checked now; None once it is over. It does not wait.

        A check is handed over when it starts, and not when it is claimed: its monitor's last one may go on until then.
        """
        at = time.monotonic()
        self._claim(at)
        due = start_together(self._waiting, at)
        is_over = self._is_stopping() or (at >= self._ends_at and not self._waiting)
        if is_over and not due:
            return None
        next_claim = _CLAIMED_WITHIN if self._claiming else max(0.0, self._claims_at - at)
        next_start = self._waiting[0][0] - at if self._waiting else _STOPS_WITHIN
        return max(0.0, min(next_claim, next_start, _STOPS_WITHIN)), due

    def _claim(self, at: float) -> None:
        """Take what a claim has brought, or begin the next one if it is time."""
        if self._claiming is not None:
            due = self._claiming.due(0.0)
            if due is None:
                self._go_on(at)
                return
            self.is_reached = backend.latest(self.is_reached, self._claiming.is_reached)
            if not KNOWN.is_cut_off:
                # The claim has brought these too.
                self._waiting = [start for start in self._waiting if start[1] not in self._own]
                heapq.heapify(self._waiting)
            self._own.clear()
            self._claiming = None
            self._push(due)
            if len(KNOWN):
                self._claims_at = min(self._claims_at, at + CLAIM_SECONDS)
        if at >= self._claims_at and at < self._ends_at and not self._is_stopping():
            self._claims_at = at + (CLAIM_SECONDS if len(KNOWN) else IDLE_SECONDS)
            # If several due times of a monitor lie within a claim, the backend gives out only one. A claim is therefore
            # short, also while this agent knows of nothing to check: the first monitors may just have come.
            self._claiming = Claiming(self._settings, CLAIM_SECONDS + KNOWN.spare_seconds(), self._on_trials)

    def _go_on(self, at: float) -> None:
        """Check by what is known as long as a claim hangs, as the last one did."""
        if at >= self._goes_on_at:
            self._goes_on_at = at + CLAIM_SECONDS
            self._own.update(self._push(KNOWN.due_if_cut_off(CLAIM_SECONDS + SPARE_SECONDS)))

    def _push(self, due: list[DueCheck]) -> list[int]:
        """Let these wait for their starts; the numbers of the starts."""
        starts = [(check.starts_at, next(self._counter), check.policy) for check in due]
        for start in starts:
            heapq.heappush(self._waiting, start)
        return [number for _, number, _ in starts]


def start_together(waiting: Starts, at: float) -> "list[Policy]":
    """Take the checks that start now from those that are ``waiting``, a heap."""
    due: list[Policy] = []
    while waiting and waiting[0][0] <= at + (EARLY_SECONDS if len(due) < FEW else START_TICK_SECONDS):
        due.append(heapq.heappop(waiting)[2])
    return due


def interval(settings: Settings) -> float:
    """How often this agent reports, in seconds."""
    return KNOWN.interval(interval_of_targets(settings) if settings.target_urls else _DAY_SECONDS)
