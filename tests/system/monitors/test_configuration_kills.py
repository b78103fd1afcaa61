"""Kill the system around an apply and around a claim: no configuration is half applied, and no check stays away."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.running import wait_until
from tests.torture.boundaries import at_once
from tests.torture.forge import Forge
from tests.torture.world import World

pytestmark = [pytest.mark.system, pytest.mark.together("forge")]

INTERVAL_SECONDS = 2
# A monitor that nobody has checked for two intervals is due at once; the rest is the start and a claim.
CHECKED_AGAIN_SECONDS = 2 * INTERVAL_SECONDS + 8.0


def monitor(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "url": f"http://{name}.example/", "interval": "1h", **fields}


BEFORE = [monitor("stays"), monitor("changes"), *(monitor(f"goes-{number}") for number in range(5))]
AFTER = [monitor("stays"), monitor("changes", timeout="3s"), *(monitor(f"comes-{number}") for number in range(5))]


@pytest.fixture
def world(forge: Forge, tmp_path: Path) -> Iterator[World]:
    """A dead system that has nothing to watch."""
    with World(forge, tmp_path / "first", monitors=()) as world:
        yield world


def apply(world: World, monitors: list[dict[str, Any]]) -> bool:
    """Apply a file, once the system listens; whether it was answered."""
    wait_until(lambda: not world.is_alive or world.request("GET", "/"), otherwise=world.output)
    response = world.request("PUT", "/config", {"monitors": monitors})
    assert response is None or response.ok, response.text
    return response is not None


def applied(world: World) -> dict[str, str]:
    """The monitors, each with its timeout."""
    found = wait_until(lambda: world.request("GET", "/monitors"), otherwise=world.output)
    assert found is not None
    return {each["name"]: each["policy"]["timeout"] for each in found.json()["monitors"]}


def boundaries(world: World, where: str, happens: Callable[[World], object]) -> list[str]:
    """The boundaries at which a life can be killed."""
    with world.copy(world.folder.parent / "watched") as other:
        other.start(watch=True)
        happens(other)
        other.kill()
        notes = (other.folder / "notes.txt").read_text(encoding="utf-8").splitlines()
    return [note for note in notes if re.search(where, note)]


def test_a_killed_apply_is_whole_or_nothing(world: World) -> None:
    world.start()
    assert apply(world, BEFORE)
    old = applied(world)
    world.kill()
    found = boundaries(world, r"Monitors\.apply.*Connection|answer PUT /config", lambda other: apply(other, AFTER))
    assert {note.split()[0] for note in found} == {"before", "after"}
    new = {each["name"]: each.get("timeout", "10s") for each in AFTER}

    def is_new_after(number: int, boundary: str) -> bool:
        with world.copy(world.folder.parent / f"kill-{number}") as other:
            other.start(watch=True, kill_at=boundary)
            is_answered = apply(other, AFTER)
            wait_until(lambda: not other.is_alive)
            other.kill()
            other.start()
            is_new = applied(other) == new
            assert is_new or (applied(other) == old and not is_answered), boundary
            assert apply(other, AFTER)
            assert applied(other) == new, boundary
            other.kill()
        return is_new

    assert set(at_once(is_new_after, found)) == {True, False}


def test_a_killed_claim_costs_no_more_than_an_interval(world: World) -> None:
    """The claim has moved the location's cursor on, and nobody has made the check."""
    world.start()
    often = [monitor(f"often-{number}", interval=f"{INTERVAL_SECONDS}s") for number in range(3)]
    assert apply(world, often)
    urls = {each["url"] for each in often}

    def is_checked(other: World, since: str) -> bool:
        rows = other.rows("SELECT m.name, e.received_at FROM events e JOIN monitors m ON m.id = e.monitor_id")
        return {f"http://{row['name']}.example/" for row in rows if row["received_at"] >= since} == urls

    def go_on(other: World) -> None:
        since = other.time_there()
        other.wait_until(lambda: is_checked(other, since))

    go_on(world)
    world.kill()
    found = boundaries(world, r"Checks\.claim.*Connection", go_on)[:6]
    assert {note.split()[0] for note in found} == {"before", "after"}

    def kill(number: int, boundary: str) -> None:
        with world.copy(world.folder.parent / f"claim-{number}") as other:
            other.start(watch=True, kill_at=boundary)
            wait_until(lambda: not other.is_alive, otherwise=other.output)
            other.kill()
            other.start()
            at = time.monotonic()
            go_on(other)
            assert time.monotonic() - at < CHECKED_AGAIN_SECONDS, boundary
            other.kill()

    at_once(kill, found)
