"""Whole lives of a deployment, in which commands fail at random: the next run finishes, and a teardown leaves nothing.

In this process, with the recording gcloud. Google knows late of what is new, too.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.clouds.cli import CommandFailed, Stage, run
from infra.clouds.gcp import image, stages, words
from infra.clouds.gcp.inventory import inspect
from infra.clouds.gcp.services import APART, TOGETHER, services
from infra.table import rows
from tests.infra.clouds.deployer import USUAL_SETTINGS
from tests.infra.clouds.gcp.life import CHANGED, leave_old_things
from tests.support.recording_gcloud import Cloud
from tests.system.runtimes.google import PLACE

USUAL_SEEDS = range(4)
NIGHTLY_SEEDS = range(4, 54)
# A run fails now and then; that many in a row would be a run that does not get on.
MOST_RUNS = 60
NOW = datetime(2026, 1, 8, 10, 30, tzinfo=UTC)


class Life:
    """A project, the time there, and what somebody does with it again and again until it is done."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.now = NOW
        self.failed = 0

    def _run(self, planned: Callable[[], list[Stage]]) -> None:
        for _ in range(MOST_RUNS):
            self.now += timedelta(seconds=20)
            try:
                run(planned(), words.NOT_YET, pause_seconds=0)
            except CommandFailed:
                self.failed += 1
            else:
                return
        raise AssertionError(f"it is not done after {MOST_RUNS} runs")

    def deploy(self, shape: str = TOGETHER, **changed: str) -> None:
        """Deploy until it is done; then everything is as it is to be."""
        given = {name: value for name, value in {**USUAL_SETTINGS, **changed}.items() if value}
        self._run(lambda: stages.deployment(PLACE, inspect(PLACE), given, shape, self.now))
        state, made = self.cloud.state, services(shape)
        assert set(state["services"]) == {service.name for service in made}
        assert set(state["accounts"]) == {*(service.name for service in made), "bonghwa-build", "bonghwa-invoker"}
        assert {name: values[-1] for name, values in state["secrets"].items()}["bonghwa-api-key"] == given["API_KEY"]
        assert len(state["jobs"]) == sum(row.every is not None for row in rows())
        assert len(state["queues"]) == (given.get("CHECK_INTERVAL_SECONDS") != "60")
        assert not any(state.get(kind) for kind in ("functions", "workflows", "gateways", "configs", "gateway_apis"))
        assert state["callers"]["bonghwa"] == ["allUsers"]
        for values in state["secrets"].values():
            assert sum(value is not None for value in values) <= 2

    def end(self) -> None:
        """Tear down until it is done; then nothing of ours is left."""
        self._run(lambda: stages.removal(PLACE, inspect(PLACE)))
        left = {kind: things for kind, things in self.cloud.state.items() if kind != "apis" and things}
        assert left == {}
        assert not [stage for stage in stages.removal(PLACE, inspect(PLACE)) if stage.commands]


@pytest.fixture
def life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, float], Life]:
    """A new project whose commands fail with this chance."""

    # The source stays the same, and to read it again for each run would take longer than the run.
    tag = image.tag(NOW)
    monkeypatch.setattr(image, "tag", lambda _now: tag)

    def begin(seed: int, chance: float) -> Life:
        cloud = Cloud(tmp_path / "bin", late=seed % 4)
        cloud.random, cloud.chance = random.Random(seed), chance
        cloud.in_process(monkeypatch)
        return Life(cloud)

    return begin


@pytest.mark.parametrize(
    "seed", [*USUAL_SEEDS, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in NIGHTLY_SEEDS)]
)
def test_random_failures_leave_nothing_undone(life: Callable[[int, float], Life], seed: int) -> None:
    """Deploy, update, change its shape, come from an old version, end, end again, and begin at once again."""
    lived = life(seed, 0.04)
    if seed % 2:
        leave_old_things(lived.cloud)
        lived.cloud.state["accounts"]["bonghwa-invoker"] = []
    lived.deploy()
    lived.deploy(**CHANGED)
    lived.deploy(API_KEY="another-key-of-the-cloud-alone")
    lived.deploy(APART if seed % 3 == 0 else TOGETHER)
    lived.end()
    lived.end()
    lived.deploy()
    lived.end()
    assert lived.failed


def commands(verb: str, life: Callable[[int, float], Life]) -> Iterator[tuple[int, int]]:
    """The numbers of the commands with which each stage begins, and the number of all commands after it."""
    lived = life(0, 0)
    if verb == "end":
        lived.deploy()
        planned = stages.removal(PLACE, inspect(PLACE))
    else:
        planned = stages.deployment(PLACE, inspect(PLACE), USUAL_SETTINGS, TOGETHER, NOW)
    ends = itertools.accumulate((len(stage.commands) for stage in planned), initial=0)
    return ((first, after) for first, after in itertools.pairwise(ends) if first < after)


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("verb", ["deploy", "end"])
@pytest.mark.parametrize("which", ["stage", pytest.param("command", marks=pytest.mark.nightly)])
def test_a_failure_anywhere_is_finished_by_the_next_run(
    life: Callable[[int, float], Life], verb: str, which: str, is_after: bool
) -> None:
    """Each stage of a deployment and of a teardown fails once, before its first command does anything or after it."""
    ranges = list(commands(verb, life))
    assert len(ranges) >= 6
    for number in [first for first, _ in ranges] if which == "stage" else range(ranges[-1][1]):
        lived = life(0, 0)
        if verb == "end":
            lived.deploy()
        lived.cloud.random, lived.cloud.chance = Once(number, is_after=is_after), 0.5
        getattr(lived, verb)()
        assert lived.failed == 1, number
        lived.cloud.chance = 0
        if verb == "deploy":
            lived.end()


class Once(random.Random):
    """Chooses that one call fails: its number, and whether it does what it is for before it fails."""

    def __init__(self, number: int, *, is_after: bool) -> None:
        super().__init__(0)
        self._left, self._is_after, self._is_asked_again = number, is_after, False

    def random(self) -> float:
        """Asked once for each call that changes something, and once more for how it fails."""
        if self._is_asked_again:
            self._is_asked_again = False
            return 0.9 if self._is_after else 0.1
        self._left -= 1
        self._is_asked_again = self._left == -1
        return 0.0 if self._is_asked_again else 1.0
