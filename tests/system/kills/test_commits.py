"""Kill the system at every COMMIT to PostgreSQL: the contract holds."""

from pathlib import Path

import pytest

from tests.support.postgres import Server
from tests.system.kills.meeting import IS_WHOLE, assert_met
from tests.torture.boundaries import Run
from tests.torture.forge import Forge
from tests.torture.stories import STORIES_ON_POSTGRESQL, Story

# These two repeat the commits of the others over many rows: with "make torture".
DEAR = {"a storm", "upkeep"}
STORIES = [story for story in STORIES_ON_POSTGRESQL if IS_WHOLE or story.name not in DEAR]

pytestmark = [pytest.mark.system, pytest.mark.together("forge on postgresql")]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_kill_at_any_postgresql_commit_keeps_the_contract(
    story: Story, forge: Forge, postgres: Server, tmp_path: Path
) -> None:
    """The kill comes before the commit, after it, or while it is on its way to the server."""
    settings: dict[str, str | None] = {"DATABASE_URL": postgres.new_store()}
    run = Run(forge, tmp_path, story, settings=settings, ways=1, is_thinned=not IS_WHOLE).go()

    assert run.broken == []
    assert_met(run, ("before", "after"), story.expected)
    assert_met(run, ("late",), [pattern for pattern in story.expected if "Connection" in pattern])
