"""A series with rules: its configuration, and what people do in its lives.

The pushed monitors are reported from two locations, which vote, and one depends on another. They have reminders and
an escalation to channels that hear of nothing else of theirs. People silence them, put them under maintenance,
acknowledge their alerts and reopen some.
"""

import functools
import itertools
import random
import threading
from collections.abc import Sequence
from typing import Any

from tests.torture.judgement.rules import FollowUp, Review, Rules
from tests.torture.world import World

PUSHED = tuple(f"http://pushed-{name}.example/" for name in ("a", "b", "c"))
DEPENDS_ON = {PUSHED[1]: [PUSHED[0]]}
LOCATIONS = ["seoul", "tokyo"]
FLAPPING = {"FLAPPING_STARTS": "50%"}
# How often a report changes a monitor's state. One flaps; the outages of the others last long enough for what follows.
FLIPS = dict(zip(PUSHED, (0.08, 0.5, 0.08), strict=True))
# How often a life has a window, an acknowledgement or a reopening.
WINDOWS, ACKNOWLEDGED, REOPENED = 0.25, 0.15, 0.3
# This number of reports of each kind ends all flapping.
CALM = 25
FOLLOW_UPS = (
    FollowUp(None, ("console", "telegram"), 5.0, 5.0),
    FollowUp(1, ("night",), 1.0),
    FollowUp(2, ("night", "boss"), 12.0, 6.0),
)
_ACTIVE = "SELECT id, status, subject FROM alerts WHERE kind = 'OUTAGE' AND status <> 'RESOLVED'"


def new_rules(monitors: Sequence[str] = PUSHED, follow_ups: Sequence[FollowUp] = FOLLOW_UPS) -> Rules:
    """The rules, before the harness has seen anything of them."""
    return Rules(monitors, ("console", "telegram"), follow_ups)


def begin(
    world: World, monitors: Sequence[str] = PUSHED, follow_ups: Sequence[FollowUp] = FOLLOW_UPS, **policy: Any
) -> None:
    """Configure all that follows an outage of ``monitors``, each with this ``policy``."""
    reminder = next(each for each in follow_ups if each.step is None)
    steps: list[dict[str, Any]] = [
        {"after": f"{each.after:g}s", "channels": list(each.channels), **_repeat(each)}
        for each in follow_ups
        if each.step is not None
    ]
    _ask(world, "PUT", "/config", {"escalations": {"night": steps}, "monitors": []})
    policy |= {"escalation": "night", "reminder_interval": f"{reminder.after:g}s", "channels": ["telegram"]}
    for monitor in monitors:
        depends_on = DEPENDS_ON.get(monitor, [])
        _ask(world, "POST", "/monitors", {"name": monitor, "url": monitor, "depends_on": depends_on, **policy})


def _repeat(follow_up: FollowUp) -> dict[str, str]:
    return {"repeat": f"{follow_up.repeat:g}s"} if follow_up.repeat is not None else {}


def _ask(world: World, method: str, path: str, body: dict[str, Any]) -> None:
    answer = world.request(method, path, body)
    assert answer is not None
    assert answer.ok, answer.text


def act(world: World, rules: Rules, chance: random.Random) -> None:
    """Do what people do in a life, or nothing."""
    if chance.random() < WINDOWS:
        kind = chance.choice(("silence", "maintenance"))
        world.request("POST", "/windows", {"kind": kind, "monitors": [chance.choice(PUSHED)], "duration": "2s"})
    is_acknowledged, is_reopened = chance.random() < ACKNOWLEDGED, chance.random() < REOPENED
    for alert in _active(world, rules):
        if alert["status"] == "OPEN" and is_acknowledged:
            answer = world.request("PATCH", f"/alerts/{alert['id']}", {"status": "ACK", "by": "kim"})
            if answer is not None and answer.ok:
                rules.acknowledged.setdefault(alert["id"], world.time_there())
        elif alert["status"] == "ACK" and is_reopened:
            rules.reopened.add(alert["id"])
            world.request("PATCH", f"/alerts/{alert['id']}", {"status": "OPEN"})


def ask_for_reviews(world: World, rules: Rules, is_over: threading.Event) -> None:
    """Ask for reviews, beside those that the system makes by itself, and note what each has seen."""
    while not is_over.wait(0.05):
        note_review(world, rules)


def note_review(world: World, rules: Rules) -> bool:
    """Ask for a review and note what it has seen; whether it responded."""
    before, asked_at = _open(world, rules), world.time_there()
    answer = world.request("POST", "/review_alerts")
    answered_at = world.time_there()
    if answer is None or not answer.ok:
        return False
    rules.reviews.append(Review(asked_at, answered_at, before & _open(world, rules)))
    return True


def _active(world: World, rules: Rules) -> list[dict[str, Any]]:
    return [alert for alert in world.rows(_ACTIVE) if alert["subject"] in rules.monitors]


def _open(world: World, rules: Rules) -> frozenset[int]:
    return frozenset(alert["id"] for alert in _active(world, rules) if alert["status"] == "OPEN")


def calm(world: World) -> None:
    """Let everything that is reported work for so long that nothing flaps, and no dependency holds anything."""
    for _, monitor, location in itertools.product(range(CALM), PUSHED, LOCATIONS):
        event = {"target_url": monitor, "location": location, "is_success": True, "timestamp": world.time_there()}
        world.wait_until(functools.partial(_is_taken, world, event))


def _is_taken(world: World, event: dict[str, Any]) -> bool:
    answer = world.request("POST", "/events", event)
    return answer is not None and answer.ok
