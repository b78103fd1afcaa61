"""Kill the system at random moments: the contract holds. ``make torture`` does it thousands of times."""

from pathlib import Path

import pytest

from tests.torture.boundaries import LATER_SECONDS
from tests.torture.forge import Forge
from tests.torture.judgement.verdict import judge
from tests.torture.series import Series
from tests.torture.stories import is_down
from tests.torture.world import World

pytestmark = [pytest.mark.system, pytest.mark.together("forge at random")]


@pytest.mark.parametrize(
    ("database_environ", "seed"),
    # Storms; windows and pruning; PostgreSQL. See series.
    [("sqlite", 2), ("sqlite", 15), ("postgresql", 3)],
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
