"""The whole life of a deployment while things fail by chance: each run ends it, or the next one does."""

from collections.abc import Mapping

import pytest

from tests.infra.clouds.aws.life import GIVEN
from tests.infra.clouds.aws.world import World

pytestmark = [pytest.mark.system, pytest.mark.together("aws")]

SEEDS_OF_USUAL_RUNS, SEEDS_OF_NIGHTLY_RUNS = range(1), range(1, 51)
LONG = " ".join(f"https://kim:pass-of-it@a{number:04}.example/" for number in range(300))
# The states that the deployment takes, one after the other. None: nothing of it.
GOALS: tuple[Mapping[str, str] | None, ...] = (
    GIVEN,
    {**GIVEN, "API_KEY": "another-key-of-the-cloud-alone", "TARGET_URL": LONG, "CHECK_INTERVAL_SECONDS": "60"},
    {**GIVEN, "HEARTBEAT_URL": ""},
    None,
    None,
    GIVEN,  # within a minute of the teardown
    None,
)


def live(world: World) -> list[str]:
    """Every goal: a run among failures, and one without if the first was not done. The failures."""
    refusals = world.cloud.refusals
    for goal in GOALS:
        refusals.one_in = 8
        said = world.run(goal)
        refusals.one_in = 0
        if said is not None:
            assert said.startswith("bonghwa: "), said
            assert world.run(goal) is None, refusals.done
        world.expect(goal)
        assert not world.lacking
    return refusals.done


@pytest.mark.parametrize("world", SEEDS_OF_USUAL_RUNS, indirect=True)
def test_a_deployment_survives_what_fails_by_chance(world: World) -> None:
    assert live(world)


@pytest.mark.nightly
@pytest.mark.parametrize("world", SEEDS_OF_NIGHTLY_RUNS, indirect=True)
def test_fifty_lives_of_a_deployment_end_well(world: World) -> None:
    live(world)
