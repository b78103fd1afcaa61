"""The model of the rules: it keeps all that has happened, and works each answer out from all of it."""

import itertools
from dataclasses import dataclass, field
from typing import NamedTuple

INTERVAL, TIMEOUT, PAUSE = 60.0, 50.0, 20.0


class Plan(NamedTuple):
    """A monitor's policy, as far as it judges."""

    failures: int
    successes: int
    quorum: int | None
    parent: str | None
    tries: int = 1


PLANS = {
    "router": Plan(1, 1, None, None),
    "web": Plan(2, 1, None, "router"),
    "shop": Plan(3, 2, None, None, tries=2),
    "api": Plan(1, 2, 1, "router", tries=4),
    "twin": Plan(2, 1, 2, None),
}


class Check(NamedTuple):
    """``ok``: None if it says nothing, since its place is offline."""

    at: float
    place: str
    ok: bool | None


@dataclass
class Outage:
    """An outage as the model knows it; ``ended``: None while it is open."""

    opened: float
    failed: float
    ended: float | None = None


@dataclass
class Watched:
    """The history of one monitor. ``kept``: whether each of its checks counts for flapping."""

    plan: Plan
    checks: list[Check] = field(default_factory=list)
    outcomes: list[bool] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    flaps: bool = False
    is_inside: bool = False

    @property
    def open(self) -> Outage | None:
        return self.outages[-1] if self.outages and self.outages[-1].ended is None else None

    def run(self, place: str) -> tuple[bool | None, int, float]:
        """How the last checks of a place went alike: how, how many, and since when."""
        seen = [check for check in self.checks if check.place == place and check.ok is not None]
        alike: list[Check] = []
        for check in reversed(seen):
            if alike and check.ok is not alike[0].ok:
                break
            alike.append(check)
        return (alike[0].ok, len(alike), alike[-1].at) if alike else (None, 0, 0.0)

    def is_down_at(self, place: str) -> bool:
        """Whether a place has seen enough failures in a row, and not enough successes since."""
        is_down, failures, successes = False, 0, 0
        for check in self.checks:
            if check.place != place or check.ok is None:
                continue
            failures, successes = (0, successes + 1) if check.ok else (failures + 1, 0)
            if failures >= self.plan.failures:
                is_down = True
            elif check.ok and successes >= self.plan.successes:
                is_down = False
        return is_down

    def voters(self, now: float) -> list[str]:
        last = {check.place: check for check in self.checks}
        silent = 2 * INTERVAL + max(INTERVAL, self.plan.tries * (TIMEOUT + PAUSE) - PAUSE)
        heard = [place for place, check in last.items() if check.at >= now - silent and check.ok is not None]
        # A single location is always heard.
        return heard if len(last) > 1 else list(last)

    def counted(self, now: float) -> list[str]:
        """The places that say whether an outage goes on: those that vote, and those that were lost while DOWN."""
        voters = self.voters(now)
        if self.open is None:
            return voters
        places = dict.fromkeys(check.place for check in self.checks)
        return [place for place in places if place in voters or self.is_down_at(place)]

    def enough(self, votes: list[bool]) -> bool:
        return sum(votes) >= (self.plan.quorum or len(votes) // 2 + 1)

    def is_seen_down(self, now: float, *, to_open: bool) -> bool:
        if not to_open:
            return self.enough([self.is_down_at(place) for place in self.counted(now)])
        return self.enough([self.is_down_at(place) and self.run(place)[0] is False for place in self.voters(now)])

    def opens(self, now: float) -> Outage:
        """An outage that began with the first failing check, but not before the former outage was over.

        The last check knows the first failing one: by the end of a window, the place that saw it may be silent.
        """
        voters = self.voters(self.checks[-1].at)
        failing_since = min(self.run(place)[2] for place in voters if self.run(place)[0] is False)
        return Outage(now, max(failing_since, *(outage.ended or 0.0 for outage in self.outages), 0.0))

    def share(self) -> float:
        """How often the last 21 outcomes changed, by the formula of the documents."""
        last = self.outcomes[-21:]
        if len(last) < 10:
            return 0.0
        weights = [0.8 + 0.4 * change / 19 for change in range(20)][-(len(last) - 1) :]
        changes = [before is not after for before, after in itertools.pairwise(last)]
        return sum(weight for weight, has_changed in zip(weights, changes, strict=True) if has_changed) / 20

    def see(self, check: Check, *, is_inside: bool) -> None:
        """One check, in or outside a window of maintenance."""
        self.checks.append(check)
        now, self.is_inside = check.at, is_inside
        if check.ok is None:
            return
        was_open = self.open
        is_over = check.ok and not self.is_seen_down(now, to_open=False)
        if is_inside:
            if was_open and is_over:
                was_open.ended, self.flaps = now, False
            return
        failing = [self.run(place)[0] is False for place in self.counted(now)]
        self.outcomes.append(not self.enough(failing))
        opens = was_open is None and self.is_seen_down(now, to_open=True)
        if opens:
            self.outages.append(self.opens(now))
        if self.flaps and was_open:
            if self.share() > 0.25:
                return
            self.flaps = False
        elif self.share() >= 0.5 and (was_open or opens):
            self.flaps = True
            return
        if was_open and is_over:
            was_open.ended = now

    def review(self, now: float, *, is_inside: bool, ended: float) -> None:
        """The schedule checks whether a window has closed. ``ended``: when it did; who was heard then decides."""
        if self.is_inside and not is_inside and self.checks and self.open is None:
            is_failing = any(self.run(place)[0] is False for place in self.voters(ended))
            if is_failing and self.is_seen_down(ended, to_open=True):
                self.outages.append(self.opens(now))
        self.is_inside = is_inside
