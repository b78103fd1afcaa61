"""Kill the system around a ping and around a miss: what was answered is stored, and what is stored is notified once."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.running import wait_until
from tests.torture.boundaries import at_once
from tests.torture.forge import Forge
from tests.torture.judgement.verdict import judge
from tests.torture.stories import sent
from tests.torture.world import World

pytestmark = [pytest.mark.system, pytest.mark.together("forge")]

TOKEN = "token-of-a-job-that-is-killed"
EVENTS = "SELECT e.is_success FROM events e JOIN monitors m ON m.id = e.monitor_id WHERE m.name = 'job' ORDER BY e.id"
LATER_SECONDS = 31.0


@pytest.fixture
def world(forge: Forge, tmp_path: Path) -> Iterator[World]:
    """A dead system with a heartbeat that was never pinged."""
    with World(forge, tmp_path / "first") as world:
        world.start()
        beat = {"period": "1s", "grace": "1s", "token": TOKEN}
        wait_until(lambda: world.request("POST", "/monitors", {"name": "job", "heartbeat": beat}))
        world.kill()
        yield world


def boundaries(world: World, where: str, happens: Callable[[World], object]) -> list[str]:
    """The boundaries at which a life can be killed."""
    with world.copy(world.folder.parent / "watched") as other:
        other.start(watch=True)
        happens(other)
        other.wait_until(lambda: sent(2)(other))
        other.kill()
        notes = (other.folder / "notes.txt").read_text(encoding="utf-8").splitlines()
    return [note for note in notes if re.search(where, note)]


def fail(world: World) -> bool:
    """The job reports a failure, once the system listens; whether it was answered."""
    wait_until(lambda: not world.is_alive or world.request("GET", "/"), otherwise=world.output)
    response = world.request("POST", f"/heartbeats/{TOKEN}/fail")
    return response is not None and response.json() == {"ok": True}


def ping(world: World) -> None:
    """The job pings, and is not heard of again."""
    wait_until(lambda: (found := world.request("GET", f"/heartbeats/{TOKEN}")) is not None and found.ok)


def goes_on(world: World) -> None:
    """The system starts again, and settles; the contract was kept."""
    world.start(later_by=LATER_SECONDS)
    world.wait_until(lambda: sent(2)(world))
    verdict = judge(world.database, world.receipts(), world.lives)
    assert verdict.broken == []
    assert verdict.alerts == 1


def test_a_ping_is_answered_only_once_it_is_stored(world: World) -> None:
    where = "Heartbeats.take.*Connection|answer POST /heartbeats"
    found = boundaries(world, where, fail)
    assert {note.split()[0] for note in found} == {"before", "after"}
    # The server's thread may also send a response while nobody watches it.
    assert any("take" in note for note in found)

    def kill(number: int, boundary: str) -> None:
        with world.copy(world.folder.parent / f"kill-{number}") as other:
            other.start(watch=True, kill_at=boundary)
            is_answered = fail(other)
            wait_until(lambda: not other.is_alive)
            other.kill()
            stored = len(other.rows(EVENTS))
            assert stored == 1 if is_answered or "after" in boundary or "answer" in boundary else stored <= 1, boundary
            # A send that the kill broke off is repeated once its lease of 30 s is over.
            other.start(later_by=LATER_SECONDS)
            if not is_answered:
                fail(other)  # as curl does with --retry
            other.wait_until(lambda: sent(2)(other))
            other.kill()
            goes_on(other)

    at_once(kill, found)


def test_a_miss_is_noticed_and_notified_once(world: World) -> None:
    found = boundaries(world, "Heartbeats.review.*Connection", ping)
    assert {note.split()[0] for note in found} == {"before", "after"}

    def kill(number: int, boundary: str) -> None:
        with world.copy(world.folder.parent / f"kill-{number}") as other:
            other.start(watch=True, kill_at=boundary)
            ping(other)
            wait_until(lambda: not other.is_alive)
            other.kill()
            assert [row["is_success"] for row in other.rows(EVENTS)] == ([1, 0] if "after" in boundary else [1])
            goes_on(other)

    at_once(kill, found)
