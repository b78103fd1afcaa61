"""Kill the system at every boundary between two side effects, and at random moments: the contract holds.

``make torture`` kills it at thousands of random moments. ``tests/torture`` has what this needs.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.support.postgres import Server
from tests.torture.boundaries import LATER_SECONDS, Run
from tests.torture.forge import Forge, victim_project
from tests.torture.judgement.verdict import judge
from tests.torture.series import Series
from tests.torture.stories import STORIES, STORIES_ON_POSTGRESQL, Story, is_down
from tests.torture.world import World

pytestmark = [pytest.mark.system, pytest.mark.together("forge")]


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """A process that forks systems."""
    with Forge(victim_project(tmp_path_factory.mktemp("victim") / "project")) as ready:
        yield ready


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_kill_at_any_boundary_keeps_the_contract(story: Story, forge: Forge, tmp_path: Path) -> None:
    """Nothing is lost, and only what the contract allows is repeated."""
    run = Run(forge, tmp_path, story).go()

    assert run.broken == []
    assert_met(run, ("before", "after"), story.expected)


@pytest.mark.parametrize("story", STORIES_ON_POSTGRESQL, ids=str)
def test_a_kill_at_any_postgresql_commit_keeps_the_contract(
    story: Story, forge: Forge, postgres: Server, tmp_path: Path
) -> None:
    """The kill comes before the commit, after it, or while it is on its way to the server."""
    run = Run(forge, tmp_path, story, settings={"DATABASE_URL": postgres.new_store()}, ways=1).go()

    assert run.broken == []
    assert_met(run, ("before", "after"), story.expected)
    assert_met(run, ("late",), [pattern for pattern in story.expected if "Connection" in pattern])


def assert_met(run: Run, sides: Iterable[str], patterns: Iterable[str]) -> None:
    met = [boundary for boundary in run.boundaries if boundary not in run.unmet]
    for side in sides:
        for pattern in patterns:
            assert any(re.match(f"{side} .*{pattern}", boundary) for boundary in met), (side, pattern, run.boundaries)
    assert len(run.unmet) <= len(run.boundaries) / 4, run.unmet


@pytest.mark.parametrize(
    ("database_environ", "seed"),
    [("sqlite", 1), ("sqlite", 2), ("sqlite", 15), ("postgresql", 3)],
    indirect=["database_environ"],
)
def test_random_kills_keep_the_contract(
    database_environ: dict[str, str | None], seed: int, forge: Forge, tmp_path: Path
) -> None:
    series = Series(forge, tmp_path, seed, kills=12, settings=database_environ)
    verdict = series.run()

    assert verdict.broken == []
    assert (verdict.pruned > 0) is series.prunes
    # The machine decides how much there is to judge. The last life alone opens about three alerts.
    assert verdict.alerts > 5
    assert verdict.owed >= 2 * verdict.alerts


def test_a_killed_workers_message_is_repeated_under_its_number(forge: Forge, tmp_path: Path) -> None:
    """The worker is killed while it sends, and another one replaces it."""
    events = "SELECT 1 FROM events"
    with World(forge, tmp_path) as world:
        is_down(world)
        world.start()
        assert world.channel.has_accepted.wait(60)
        world.kill_worker()
        seen = len(world.rows(events))
        world.wait_until(lambda: len(world.rows(events)) > seen + 3)
        world.kill()
        world.start(later_by=LATER_SECONDS)
        world.wait_until(world.is_quiet)
        world.kill()

        assert judge(world.database, world.receipts(), world.lives).broken == []
        assert len(world.rows("SELECT 1 FROM alerts")) == 1
        assert {receipt.notification_ids for receipt in world.channel.receipts} == {(2,)}
