"""Which monitors' checks are due now: the backend says so. Without its response, the agent goes on by what it knows."""

import threading
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from functions.check_monitors.reporting import backend
from shared.monitors.due import due_between
from shared.settings import Settings

if TYPE_CHECKING:
    from shared.monitors.policy import Policy

# A backend that did not respond is not asked again for so long: each try may last as long as a check.
PAUSE_SECONDS = 10.0
# How often a run that lasts claims, each time for twice as long: so a claim that takes a while delays no check.
CLAIM_SECONDS = 0.8
# The same while there is nothing to claim: a claim costs more than a check.
IDLE_SECONDS = 3.0
# How soon a claim has usually been answered.
_CLAIMED_WITHIN = 0.03
# Without the backend, what was due longer ago is left out.
MAX_SPAN_SECONDS = 60.0


class DueCheck(NamedTuple):
    """A check that starts so many ``seconds`` from now."""

    seconds: float
    policy: "Policy"


class Known:
    """What this process knows of the monitors that its location checks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._policies: dict[str, Policy] = {}
        self._version: int | None = None
        self._claimed_until = 0.0
        self._paused_until = 0.0

    def __len__(self) -> int:
        return len(self._policies)

    def interval(self, otherwise: float) -> float:
        """The shortest interval at which a monitor is checked, in seconds."""
        with self._lock:
            return min((policy.interval for policy in self._policies.values()), default=otherwise)

    def claim(self, settings: Settings, seconds: float) -> tuple[list[DueCheck], bool | None]:
        """The checks that fall due within ``seconds`` from now; and whether the backend responded, if it was asked."""
        with self._lock:
            is_paused = time.monotonic() < self._paused_until
            known = self._version
        answer = None if is_paused else backend.claim(settings, seconds, known)
        with self._lock:
            if answer is None:
                self._paused_until = self._paused_until if is_paused else time.monotonic() + PAUSE_SECONDS
                return self._by_itself(seconds), None if is_paused else False
            return self._learn(answer, seconds), True

    def _learn(self, answer: Mapping[str, Any], seconds: float) -> list[DueCheck]:
        if answer["is_complete"]:
            self._policies.clear()
        for name in answer["removed"]:
            self._policies.pop(name, None)
        if answer["policies"]:
            # Imported here: an agent that has its targets alone starts without it.
            from shared.monitors.policy import Policy

            self._policies |= {policy.name: policy for policy in map(Policy.model_validate, answer["policies"])}
        self._version = answer["version"]
        self._claimed_until = time.time() + seconds
        # The backend's times are by its own clock.
        began = datetime.fromisoformat(answer["now"])
        return [
            DueCheck(max(0.0, (datetime.fromisoformat(check["due_at"]) - began).total_seconds()), policy)
            for check in answer["checks"]
            if (policy := self._policies.get(check["name"])) is not None
        ]

    def _by_itself(self, seconds: float) -> list[DueCheck]:
        now = time.time()
        start = max(self._claimed_until, now - MAX_SPAN_SECONDS)
        # A clock that was set back would stop all checks.
        start = start if start <= now + MAX_SPAN_SECONDS + seconds else now
        end = now + seconds
        self._claimed_until = max(start, end)
        due = [(due_between(name, policy.interval, start, end), policy) for name, policy in self._policies.items()]
        return [DueCheck(max(0.0, at - now), policy) for at, policy in due if at is not None] if start < end else []


_known = Known()


class Claiming:
    """A claim that is under way, in a thread of its own. ``is_reached``: whether the backend responded, if asked."""

    def __init__(self, settings: Settings, seconds: float | None) -> None:
        self.is_reached: bool | None = None
        self._due: list[DueCheck] = []
        self._settings, self._seconds = settings, seconds or settings.check_interval_seconds
        self._thread = threading.Thread(target=self._claim, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # no thread is left
            self._claim()

    def due(self, seconds: float | None = None) -> list[DueCheck] | None:
        """The checks that are due; None if they are not known within so many seconds."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return None if self._thread.is_alive() else self._due

    def _claim(self) -> None:
        self._due, self.is_reached = _known.claim(self._settings, self._seconds)


class Stream:
    """Claims again and again, for ``lasting`` seconds."""

    def __init__(self, settings: Settings, lasting: float) -> None:
        self.is_reached: bool | None = None
        self._settings = settings
        self._ends_at = time.monotonic() + lasting
        self._claims_at = 0.0
        self._claiming: Claiming | None = None

    def more(self) -> tuple[float, list[DueCheck]] | None:
        """In how many seconds to ask again, and the checks that were claimed meanwhile; None once it is over.

        It does not wait.
        """
        if self._claiming is not None:
            due = self._claiming.due(0.0)
            if due is None:
                return _CLAIMED_WITHIN, []
            self.is_reached = self.is_reached if self._claiming.is_reached is None else self._claiming.is_reached
            self._claiming = None
            at = time.monotonic()
            if count():
                # The first monitors may just have come.
                self._claims_at = min(self._claims_at, at + CLAIM_SECONDS)
            return max(0.0, min(self._claims_at, self._ends_at) - at), due
        at = time.monotonic()
        if at >= self._ends_at:
            return None
        if at >= self._claims_at:
            seconds = CLAIM_SECONDS if count() else IDLE_SECONDS
            self._claims_at = at + seconds
            self._claiming = Claiming(self._settings, seconds + CLAIM_SECONDS)
            return _CLAIMED_WITHIN, []
        return min(self._claims_at, self._ends_at) - at, []


def interval(settings: Settings) -> float:
    """How often this agent reports, in seconds."""
    shortest = _known.interval(settings.check_interval_seconds)
    return min(shortest, settings.check_interval_seconds) if settings.target_urls else shortest


def count() -> int:
    """How many monitors this process knows beside its own targets."""
    return len(_known)
