"""A series of random kills of one system, and what its channels received in the end.

The seed decides what happens and roughly when. The machine decides the rest, so a series does not repeat exactly.
"""

import functools
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.models import new_event_id
from shared.store import Retention
from tests.support.stand_ins import (
    Behaviour,
    accepts,
    accepts_after,
    accepts_and_hangs,
    accepts_and_resets,
    asks_to_wait,
    bad_gateway,
    hangs,
    internal_error,
    resets,
    was_blocked,
)
from tests.support.store.long_ago import let_every_message_be_long_ago
from tests.torture import ruling
from tests.torture.forge import Forge
from tests.torture.judgement.rules import Rules
from tests.torture.judgement.verdict import Verdict, judge
from tests.torture.ruling import FLAPPING, LOCATIONS, PUSHED
from tests.torture.wire import SIDES
from tests.torture.world import World

CHECKED = tuple(f"http://{name}.example/" for name in ("one", "two", "three", "four"))
# The retention that the tests set: shorter than a series, and longer than a life.
RETENTION = Retention(events=30.0, rollups=600.0, alerts=20.0)
PRUNES = {f"RETENTION_{name.upper()}": f"{seconds:g}s" for name, seconds in RETENTION._asdict().items()}
# How far the clock is ahead at the next start. A lease lasts 30 s, and the first retries are after 1 to 4 s.
GAPS = (0.0, 0.5, 3.0, 31.0, 31.0, 31.0)
# Later than every lease and every retry.
AT_LAST_SECONDS = 700.0
LIFE_SECONDS = 0.9
TURNS = 3
# In a storm, messages about one monitor are sent one after the other, at most one of them a second; a series may owe a
# channel a hundred, on a machine that is busy with something else.
SETTLE_SECONDS = 480.0
# How often a report changes a monitor's state.
FLIPS, FLIPS_IN_STORMS = 0.5, 0.1

MOODS: tuple[tuple[int, Behaviour], ...] = (
    (62, accepts),
    (8, accepts_after(0.02)),
    (6, accepts_and_resets),
    (3, accepts_and_hangs),
    (6, internal_error),
    (3, bad_gateway),
    (4, asks_to_wait(1)),
    (4, resets),
    (3, hangs),
    (1, was_blocked),
)


@dataclass
class Series:
    """A number of ``kills`` of one world, drawn from ``seed``.

    With an even seed there are storms. With one that three divides there are rules, see ``ruling``. With one that five
    divides, upkeep prunes what is older than some seconds.
    """

    forge: Forge
    folder: Path
    seed: int
    kills: int
    tell: Callable[[int], object] = lambda _kills: None
    settings: dict[str, str | None] = field(default_factory=dict)
    acknowledged: list[str] = field(default_factory=list)
    rules: Rules = field(default_factory=ruling.new_rules)

    def run(self) -> Verdict:
        """Kill the system, let it settle, and judge it."""
        chance = random.Random(self.seed)
        # Separate sources: other threads draw from them, in an order that depends on the machine.
        moods, pushes = random.Random(chance.random()), [random.Random(chance.random()) for _ in PUSHED]
        settings = {**self.settings, **(FLAPPING if self.has_rules else {}), **(PRUNES if self.prunes else {})}
        with World(self.forge, self.folder, CHECKED, settings, has_more_chats=self.has_rules) as world:
            world.channel.behaviour_of = lambda _message: moods.choices(
                [mood for _, mood in MOODS], [weight for weight, _ in MOODS]
            )[0]
            life_seconds = max(LIFE_SECONDS, 2 * self._first_start(world))
            if not self.has_storms:
                let_every_message_be_long_ago(world.database)
            if self.prunes:
                world.keep_what_is_pruned()
            is_over = threading.Event()
            works = [functools.partial(self._push, world, *each, is_over) for each in zip(PUSHED, pushes, strict=True)]
            if self.has_rules:
                works.append(functools.partial(ruling.ask_for_reviews, world, self.rules, is_over))
            threads = [threading.Thread(target=work, daemon=True) for work in works]
            for thread in threads:
                thread.start()
            for number in range(self.kills):
                self._one_life(world, chance, life_seconds)
                self.tell(number + 1)
            is_over.set()
            world.channel.behaviour_of = lambda _message: accepts
            world.start(later_by=AT_LAST_SECONDS)
            for thread in threads:
                thread.join(SETTLE_SECONDS)
                assert not thread.is_alive()
            if self.has_rules:
                ruling.calm(world)
            never = self._settle(world)
            world.kill()
            verdict = judge(
                world.database,
                world.receipts(),
                world.lives,
                {*self.acknowledged, *world.kept},
                rules=self.rules if self.has_rules else None,
                retention=RETENTION if self.prunes else None,
            )
            verdict.lost += never
            return verdict

    @property
    def has_storms(self) -> bool:
        """Whether what a channel gets is listed and paced, or each message goes at once."""
        return self.seed % 2 == 0

    @property
    def has_rules(self) -> bool:
        """Whether some messages are held back, kept back or repeated by rules."""
        return self.seed % 3 == 0

    @property
    def prunes(self) -> bool:
        """Whether upkeep prunes what is older than some seconds."""
        return self.seed % 5 == 0

    def _one_life(self, world: World, chance: random.Random, at_most_seconds: float) -> None:
        """One start, some events, and one kill: at any time, at a side effect, or when the channel does something."""
        how = chance.choice(("anywhen", "anywhen", "effect", "asked", "accepted", "worker"))
        kill_at = f"before {chance.randrange(1, 160)}" if how == "effect" else None
        if kill_at and world.wire:
            kill_at = kill_at.replace("before", chance.choice(SIDES))
        moment, turn_seconds = chance.expovariate(1 / 0.003), chance.uniform(0.05, at_most_seconds) / TURNS
        turns, is_by_hand = [chance.choice(CHECKED) for _ in range(TURNS)], chance.random() < 0.15
        acts_at, acts = chance.randrange(TURNS), random.Random(chance.random())
        world.watched.down = {monitor for monitor in CHECKED if chance.random() < 0.5}
        world.channel.is_asked.clear()
        world.channel.has_accepted.clear()
        world.start(later_by=chance.choice(GAPS), watch=kill_at is not None, kill_at=kill_at)
        for number, monitor in enumerate(turns):
            if _is_time(world, how, turn_seconds):
                # The machine decides what exactly the system does when it ends.
                time.sleep(moment)
                break
            world.watched.down = world.watched.down ^ {monitor}
            if is_by_hand:
                self._resolve_by_hand(world)
            if self.has_rules and number == acts_at:
                ruling.act(world, self.rules, acts)
        if how == "worker":
            world.kill_worker()
            time.sleep(turn_seconds)
        world.kill()

    def _resolve_by_hand(self, world: World) -> None:
        for alert in world.rows("SELECT id FROM alerts WHERE status = 'OPEN' AND subject LIKE 'http://one.%'"):
            world.request("PATCH", f"/alerts/{alert['id']}", {"status": "RESOLVED", "by": "kim"})

    def _push(self, world: World, monitor: str, chance: random.Random, is_over: threading.Event) -> None:
        """Report about ``monitor``, and repeat each event until its receipt is confirmed."""
        is_success, flips = True, FLIPS_IN_STORMS if self.has_storms else FLIPS
        if self.has_rules:
            flips = ruling.FLIPS[monitor]
        while not is_over.wait(chance.uniform(0.01, 0.15)):
            event_id, is_success = new_event_id(), is_success ^ (chance.random() < flips)
            event: dict[str, Any] = {"target_url": monitor, "event_id": event_id, "is_success": is_success}
            event["timestamp"] = world.time_there()
            if self.has_rules:
                event["location"] = chance.choice(LOCATIONS)
            while (answer := world.request("POST", "/events", event)) is None or not answer.ok:
                if is_over.is_set() and not world.is_alive:
                    return
                time.sleep(0.02)
            self.acknowledged.append(event_id)

    def _first_start(self, world: World) -> float:
        """How many seconds the system takes from its start to its first event.

        On a busy machine that is longer than a usual life, and then no life would do anything before its kill.
        """
        began = time.monotonic()
        world.start()
        world.wait_until(lambda: world.rows("SELECT 1 FROM events"))
        took = time.monotonic() - began
        if self.has_rules:
            # No agent of ours is at these locations.
            ruling.begin(world, locations=LOCATIONS)
        world.kill()
        return took

    def _settle(self, world: World) -> list[str]:
        """Wait until nothing is owed and each monitor's last change was seen. Returns the complaint if that fails."""
        # Their count says nothing: they may be pruned meanwhile.
        events = "SELECT max(id) AS newest FROM events"
        try:
            world.wait_until(lambda: world.rows(events))
            enough = world.rows(events)[0]["newest"] + 3 * len(CHECKED)
            world.wait_until(lambda: world.rows(events)[0]["newest"] >= enough and world.is_quiet(), SETTLE_SECONDS)
        except AssertionError as never:
            return [f"it does not settle: {str(never)[:2000]}"]
        return []


def _is_time(world: World, how: str, seconds: float) -> bool:
    """Wait ``seconds``, or until the system dies by itself or the channel has done what ``how`` names."""
    if how == "asked":
        return world.channel.is_asked.wait(seconds)
    if how == "accepted":
        return world.channel.has_accepted.wait(seconds)
    time.sleep(seconds)
    return not world.is_alive
