"""A kill at every boundary between two side effects of a story, and three ways in which the world goes on after it.

We find the boundaries by watching one life. Each kill ends a real, running system, and the three ways go on from what
it left on its disk and at its channels. If two kills left the same, only one of them is followed further.
"""

import functools
import itertools
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tests.support.running import wait_until
from tests.support.stand_ins import accepts
from tests.torture.channel import MORE_CHATS
from tests.torture.forge import Forge
from tests.torture.judgement.verdict import judge
from tests.torture.ruling import new_rules, note_review
from tests.torture.stories import Story
from tests.torture.wire import SIDES
from tests.torture.world import World

# Past a lease, and past the retries of what failed once.
LATER_SECONDS = 31.0
UNMET_SECONDS = 10.0
AT_ONCE = 3
# If the kills are thinned: boundaries that a story does not expect by name.
OTHERS = 4
# On a busy machine a life may reach other boundaries than the life that was watched.
TRIES = 3
Result = TypeVar("Result")


# --- how the world goes on --------------------------------------------------------------------------------------------


# Each way checks last whether anything is owed, so that it sees what the last change made owed.


def still_down(world: World) -> None:
    """The monitor still fails."""
    world.watched.down.update(world.monitors)
    _live_on(world)
    _wait_for_an_event(world, is_success=False)
    world.wait_until(lambda: _active(world) and world.is_quiet())


def recovered_meanwhile(world: World) -> None:
    """The monitor recovered while the system was dead."""
    world.watched.down.clear()
    _live_on(world)
    _wait_for_an_event(world, is_success=True)
    world.wait_until(lambda: not _active(world) and world.is_quiet())


def recovered_and_failed_again(world: World) -> None:
    """The monitor recovered while the system was dead, a check saw it up, and it fails again."""
    world.watched.down.clear()
    _live_on(world)
    _wait_for_an_event(world, is_success=True)
    world.watched.down.update(world.monitors)
    # A monitor that nobody saw up is active all the time, and another's RECOVERY may be the last word until its check.
    _wait_for_an_event(world, is_success=False, monitors=len(world.monitors))
    world.wait_until(lambda: _active(world) and world.is_quiet())


WAYS = (still_down, recovered_meanwhile, recovered_and_failed_again)


def _live_on(world: World) -> None:
    world.settings.pop("BACKEND_URL", None)
    # Ten checks a second, of however many monitors.
    world.settings["CHECK_INTERVAL_SECONDS"] = f"{0.1 * len(world.monitors):g}"
    world.start(later_by=LATER_SECONDS)


def _wait_for_an_event(world: World, *, is_success: bool, monitors: int = 1) -> None:
    """Wait until so many monitors had such an event in this life."""
    began_at = world.lives[-1].began_at.isoformat()
    seen = (
        f"SELECT DISTINCT target_url FROM events WHERE is_success = {is_success:d} AND timestamp >= '{began_at[:19]}'"
    )
    world.wait_until(lambda: len(world.rows(seen)) >= monitors)


def _active(world: World) -> bool:
    return bool(world.rows("SELECT 1 FROM alerts WHERE kind = 'OUTAGE' AND status IN ('OPEN', 'ACK')"))


# --- the kills --------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    """The kills of one story.

    ``boundaries``: where to kill. ``unmet``: the boundaries that the life to be killed did not reach, or whose COMMIT
    did not come late, for example because the machine was busy. ``broken``: what the contract does not allow.
    ``settings``: where the store is, unless it is SQLite. ``ways``: in how many ways the world goes on after each kill.
    ``is_thinned``: kill once at what the story is about, and at a few other boundaries.
    """

    forge: Forge
    folder: Path
    story: Story
    boundaries: list[str] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    endings: int = 0
    settings: dict[str, str | None] = field(default_factory=dict)
    ways: int = len(WAYS)
    is_thinned: bool = False
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def go(self) -> "Run":
        """Watch, kill at each boundary, let the world go on, judge."""
        settings = {**self.settings, **self.story.settings}
        has_more_chats = bool(self.story.follow_ups)
        with World(
            self.forge, self.folder / "before", self.story.monitors, settings, has_more_chats=has_more_chats
        ) as before:
            before.settings["CHECK_INTERVAL_SECONDS"] = "2"
            self.story.before(before)
            before.kill()
            self._before = before
            self.boundaries = self._watch()
            for found in at_once(self._kill, self.boundaries):
                self.broken += found
        return self

    def _watch(self) -> list[str]:
        with self._before.copy(self.folder / "watched") as world:
            self._begin(world, kill_at=None)
            self._wait_until(world, lambda: self.story.is_over(world))
            # The story is over before the last responses are sent.
            self._wait_until(world, lambda: self._has_reached_what_is_expected(world))
            world.kill()
            found = [note for note in _notes(world) if re.search(self.story.where, note)]
            return _thinned(found, self.story.expected) if self.is_thinned else found

    def _has_reached_what_is_expected(self, world: World) -> bool:
        notes = _notes(world)
        return all(any(re.match(f"after .*{pattern}", note) for note in notes) for pattern in self.story.expected)

    def _begin(self, world: World, kill_at: str | None) -> None:
        self.story.begin(world)
        world.start(later_by=self.story.later_by, watch=True, kill_at=kill_at)

    def _wait_until(self, world: World, predicate: Callable[[], bool]) -> None:
        def is_true() -> bool:
            self.story.meanwhile(world)
            return predicate()

        wait_until(is_true, self.story.seconds, otherwise=world.output)

    def _die(self, world: World) -> bool:
        """Wait until it is dead, or until long after the story is over. Returns whether it died by itself."""
        self._wait_until(world, lambda: not world.is_alive or self.story.is_over(world))
        give_up_at = time.monotonic() + UNMET_SECONDS
        while (is_alive := world.is_alive) and time.monotonic() < give_up_at:
            time.sleep(0.02)
        return not is_alive

    def _kill(self, number: int, boundary: str) -> list[str]:
        for turn in range(TRIES):
            with self._before.copy(self.folder / f"kill-{number}-{turn}") as killed:
                self._begin(killed, boundary)
                is_met = self._die(killed)
                killed.kill()
                if is_met and killed.wire and boundary.startswith("late "):
                    broken = self._go_on_in_it(killed, boundary, WAYS[number % len(WAYS)])
                    # On a busy machine the server gives the transaction up before the next life asks for the lock.
                    if broken or killed.wire.came_late:
                        return broken
                elif is_met:
                    return self._go_on_from(killed, boundary, number)
        with self._lock:
            self.unmet.append(boundary)
        return []

    def _go_on_from(self, killed: World, boundary: str, number: int) -> list[str]:
        with self._lock:
            left = _left(killed)
            is_new = left not in self._seen
            self._seen.add(left)
        if not is_new:
            return []
        ways = [WAYS[(number + turn) % len(WAYS)] for turn in range(self.ways)]
        with ExitStack() as worlds, ThreadPoolExecutor(len(ways)) as threads:
            others = [worlds.enter_context(killed.copy(killed.folder / way.__name__)) for way in ways]
            ends = threads.map(functools.partial(_end, self.story), ways, others)
            self.endings += len(ways)
            return [f"{boundary}, {way.__name__}: {line}" for way, end in zip(ways, ends, strict=True) for line in end]

    def _go_on_in_it(self, killed: World, boundary: str, way: Callable[[World], None]) -> list[str]:
        """Go on in one way only, because the COMMIT that is still to arrive cannot be copied."""
        killed.channel.behaviour_of = lambda _message: accepts
        self.endings += 1
        return [f"{boundary}, {way.__name__}: {line}" for line in _end(self.story, way, killed)]


def at_once(kill: Callable[[int, str], Result], boundaries: Sequence[str]) -> list[Result]:
    """Kill at each boundary, with its number, a few at once: most of the time is waiting. Raise what failed."""
    with ThreadPoolExecutor(AT_ONCE) as kills:
        return list(kills.map(kill, range(len(boundaries)), boundaries))


def _thinned(boundaries: list[str], patterns: Sequence[str]) -> list[str]:
    """On each side of each pattern, the first; and OTHERS that no pattern names, from the whole life."""
    kept: set[str] = set()
    for pattern in patterns:
        for side in SIDES:
            named = (boundary for boundary in boundaries if re.match(f"{side} .*{pattern}", boundary))
            kept.update(itertools.islice(named, 1))
    others = [boundary for boundary in boundaries if not any(re.search(each, boundary) for each in patterns)]
    kept.update(others[:: max(1, len(others) // OTHERS)][:OTHERS])
    return [boundary for boundary in boundaries if boundary in kept]


def _notes(world: World) -> list[str]:
    """The boundaries that the watched life reached, in order."""
    return (world.folder / "notes.txt").read_text().splitlines()


def _left(killed: World) -> str:
    """All that the next life finds. Read from a copy, because reading would tidy the disk that the kill left."""
    with nullcontext(killed) if killed.wire else killed.copy(killed.folder / "left") as left:
        stored = [
            left.rows(f"SELECT {columns}")
            for columns in (
                "subject, status, reminders, length(escalated) AS escalated FROM alerts ORDER BY id",
                "step, count(*) AS rollups FROM rollups GROUP BY step ORDER BY step",
                "count(*) AS folded FROM folded",
                "id, status, attempts FROM notifications ORDER BY id",
                "notification_id, status FROM notification_logs ORDER BY notification_id, id",
                "name, state FROM monitors ORDER BY id",
                "DISTINCT is_success FROM events ORDER BY 1",
            )
        ]
    received = {
        channel: [(each.notification_ids, each.life) for each in receipts]
        for channel, receipts in killed.receipts().items()
    }
    files = sorted(
        path.name for pattern in ("*", "spool-*/*") for path in killed.folder.glob(pattern) if path.is_file()
    )
    return repr((files, len(killed.spooled()), stored, received))


def _end(story: Story, way: Callable[[World], None], world: World) -> list[str]:
    rules = new_rules(story.monitors, story.follow_ups)
    try:
        way(world)
        if story.follow_ups:
            world.wait_until(lambda: note_review(world, rules))
            world.wait_until(world.is_quiet)
    except AssertionError as never:
        return [f"does not settle: {never}"]
    world.kill()
    receipts = world.receipts()
    broken = judge(
        world.database,
        receipts,
        world.lives,
        world.kept,
        rules=rules if story.follow_ups else None,
        retention=story.retention,
    ).broken
    truth = "OUTAGE" if world.watched.down else "RECOVERY"
    # An edit of a message is no message.
    unsent = world.rows("SELECT channel FROM notifications WHERE status <> 'SENT' AND kind <> 'UPDATE'")
    given_up = {row["channel"] for row in unsent}
    for channel in set(receipts) - given_up - set(MORE_CHATS):
        told = [each for each in receipts[channel] if each.text.startswith(("OUTAGE", "RECOVERY"))]
        # A channel that did not get the outage does not get its recovery.
        newest = max(told, key=lambda each: each.notification_ids).text.split()[0] if told else "RECOVERY"
        if newest.removesuffix(":") != truth:
            broken.append(f"{channel}'s last word is {newest}")
    return broken
