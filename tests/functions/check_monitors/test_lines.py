"""The agent's log of a run that lasts: healthy checks' lines are written together, and a failure's soon."""

import itertools
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.check_monitors.lines import WAIT_SECONDS, WAIT_SECONDS_OF_FAILURE, Lines
from tests.support.builders import event

pytestmark = [pytest.mark.usefixtures("fresh_logs"), pytest.mark.slow]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("LOG_DIR", str(tmp_path))
    return tmp_path / "agent.log"


def written(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def test_lines_of_healthy_checks_wait_for_a_moment(log: Path) -> None:
    lines, began = Lines(), time.time()
    for _ in range(3):
        lines.take(event(ok=True))
        lines.write_due()
    assert written(log) == []
    time.sleep(WAIT_SECONDS)
    lines.write_due()
    found = written(log)
    assert len(found) == 3
    for line in found:
        at = datetime.fromisoformat(line.partition(" ")[0])
        assert at.astimezone(UTC).timestamp() - began < WAIT_SECONDS, "the time of the check, not of the writing"
    lines.write_due()
    assert written(log) == found


def test_many_lines_are_written_in_portions_and_all_in_the_end(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    made = [event(ok=True) for _ in range(200)]
    for each in made:
        lines.take(each)
    later = time.time() + WAIT_SECONDS
    monkeypatch.setattr(time, "time", lambda: later)
    counts = []
    for _ in range(30):
        lines.write_due()
        counts.append(len(written(log)))
    # An eighth of what waits at first, so that it never grows for ever; and later a few.
    assert counts[0] == 25
    assert all(after - before <= 25 for before, after in itertools.pairwise(counts))
    assert [each.event_id in line for each, line in zip(made, written(log), strict=True)] == [True] * 200


def test_a_failure_is_written_once_it_is_reported_after_what_was_before_it(log: Path) -> None:
    lines = Lines()
    lines.take(event(ok=True))
    lines.take(event(ok=False))
    assert written(log) == [], "the report goes first"
    time.sleep(WAIT_SECONDS_OF_FAILURE)
    lines.write_due()
    assert ["is_success=True" in line for line in written(log)] == [True, False]


def test_a_clock_that_was_set_back_holds_nothing_up(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines()
    lines.take(event(ok=True))
    earlier = time.time() - 3600
    monkeypatch.setattr(time, "time", lambda: earlier)
    lines.write_due()
    assert len(written(log)) == 1
