"""One run of upkeep, for a while and without holding anybody up."""

import functools
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.store.clock import uncertain_until
from shared.store.engines.database import Database
from shared.store.upkeep.folding import fold
from shared.store.upkeep.merging import follow_moves, merge_days
from shared.store.upkeep.moving import moving
from shared.store.upkeep.packing import pack
from shared.store.upkeep.pruning import count_attempts, steps
from shared.store.upkeep.retention import Retention


class Upkeep:
    """Keeps one store small."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_time_certain(self, *, now: datetime) -> bool:
        """Whether ``run`` may delete what is old by this time: see ``store.clock``."""
        return uncertain_until(self._database, now) is None

    def run(
        self,
        retention: Retention,
        *,
        now: datetime,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], object] = time.sleep,
    ) -> dict[str, int]:
        """Fold, merge, prune, pack and move for at most so many ``seconds``.

        How many events were ``folded``, rows ``pruned``, and events of former versions ``moved``.

        After each step it pauses for as long as the step took, so that whoever writes finds the lock free.
        """
        ends_at = clock() + seconds
        counted = dict.fromkeys(("folded", "followed", "merged", "counted", "pruned", "packed", "moved"), 0)

        def repeat(name: str, step: Callable[[Database], int]) -> None:
            while (began := clock()) < ends_at and (count := step(self._database)):
                counted[name] += count
                pause(max(clock() - began, 0.0))

        repeat("folded", lambda database: fold(database, now))
        repeat("followed", follow_moves)
        kept_since = now - timedelta(seconds=retention.rollups)
        repeat("merged", lambda database: merge_days(database, kept_since, now))
        # Before anything is pruned: a step that prunes attempts counts what is left of them, and must not find many.
        repeat("counted", count_attempts)
        for step in steps(retention, now):
            repeat("pruned", step)
        for step_name in ("hour", "day"):
            repeat("packed", functools.partial(pack, step=step_name, now=now))
        repeat("moved", moving())
        return {name: counted[name] for name in ("folded", "pruned", "moved")}
