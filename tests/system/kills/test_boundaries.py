"""Kill the system at every boundary between two side effects: the contract holds.

``make torture`` kills at every boundary, and lets the world go on in all ways. Otherwise each story has a kill on both
sides of what it is about, and at a few other boundaries. ``tests/torture`` has what this needs.
"""

from pathlib import Path

import pytest

from tests.system.kills.meeting import IS_WHOLE, assert_met
from tests.torture.boundaries import WAYS, Run
from tests.torture.forge import Forge
from tests.torture.stories import STORIES, Story

pytestmark = [pytest.mark.system, pytest.mark.together("forge")]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_a_kill_at_any_boundary_keeps_the_contract(story: Story, forge: Forge, tmp_path: Path) -> None:
    """Nothing is lost, and only what the contract allows is repeated."""
    run = Run(forge, tmp_path, story, ways=len(WAYS) if IS_WHOLE else 1, is_thinned=not IS_WHOLE).go()

    assert run.broken == []
    assert_met(run, ("before", "after"), story.expected)
