"""Messages go out as soon as something owes them, and logs that grow long are rotated."""

import threading
import time
from pathlib import Path

import pytest

from infra.local import schedules
from infra.table import rows
from tests.support.running import LocalSystem
from tests.support.stand_ins import Target


@pytest.fixture
def small_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that a test reaches."""
    monkeypatch.setattr(schedules, "LOG_BYTES", 10)


@pytest.mark.usefixtures("small_logs")
def test_a_log_over_the_limit_is_renamed_and_five_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    (tmp_path / "agent.log").write_text("short")
    (tmp_path / "postgresql.log").write_text("another program's")
    for number in range(8):
        log.write_text(f"this is number {number}")
        schedules.rotate(tmp_path)
        assert not log.exists()

    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {
        "agent.log": "short",
        "postgresql.log": "another program's",
        **{f"server.log.{age}": f"this is number {8 - age}" for age in range(1, 6)},
    }


def test_what_a_review_owes_is_sent_as_soon_as_it_ends() -> None:
    """A message that is due comes at most 2 s late: one second for the review, and hardly anything for the message."""
    by_name = {row.name: row for row in rows()}
    owes, sends = by_name[schedules.OWES], by_name[schedules.SENDS]
    assert (owes.every, sends.every) == (1, 1)
    reviewed, began = threading.Event(), time.monotonic()
    assert schedules.pause(owes, began, 0.001, reviewed) > began
    assert began <= schedules.pause(sends, began, 3600, reviewed) < began + 60, "it does not wait for its own tick"
    before = time.monotonic()
    assert schedules.pause(sends, began, 0.001, reviewed) > before, "without a review it does"


@pytest.mark.system
def test_a_long_log_is_renamed_and_a_new_one_begins(forked_project: Path, tmp_path: Path, target: Target) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "server.log").write_bytes(b"x" * schedules.LOG_BYTES + b"\n")
    with LocalSystem(forked_project, tmp_path, TARGET_URL=target.url) as running:
        running.wait_until(lambda: (logs / "server.log.1").exists() and (logs / "server.log").exists())
        with (logs / "server.log").open("ab") as log:
            log.write(b"y" * schedules.LOG_BYTES + b"\n")

        schedules.rotate(logs)

        running.wait_until(lambda: (logs / "server.log").exists())
        running.wait_for_further_events(2, is_success=True)

    oldest, older, newest = ((logs / name).read_text() for name in ("server.log.2", "server.log.1", "server.log"))
    assert oldest.startswith("x")
    # The system may have written a line before the file was renamed.
    assert "y\n" in older
    assert all(row["event_id"] in oldest + older + newest for row in running.rows("SELECT event_id FROM events"))
