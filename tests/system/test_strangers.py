"""Other users of the machine: no file that they plant stops the running system."""

from pathlib import Path

import pytest

from functions.check_monitors.reporting.backlog import folder_name
from tests.support.backlogs import only_root, plant
from tests.support.running import LocalSystem
from tests.support.stand_ins import Target
from tests.system.store_trouble.troubles import folder_missing

pytestmark = pytest.mark.system


@pytest.fixture
def system(project: Path, tmp_path: Path, target: Target) -> LocalSystem:
    """Not started. Its store has a folder of its own, and its temporary files are among everybody's."""
    data, temp = tmp_path / "data", tmp_path / "temp"
    data.mkdir()
    temp.mkdir()
    temp.chmod(0o1777)
    variables = {"DATABASE_URL": f"sqlite:///{data / 'bonghwa.db'}", "TMPDIR": str(temp)}
    system = LocalSystem(project, tmp_path, TARGET_URL=target.url, CHECK_TIMEOUT_SECONDS="0.5", **variables)
    system.database = data / "bonghwa.db"
    return system


def wait_until_ok(system: LocalSystem) -> None:
    system.wait_until(lambda: system.get("/").json()["status"] == "ok")


# --- planted files ----------------------------------------------------------------------------------------------------


def checks(system: LocalSystem) -> int:
    return (system.folder / "logs" / "agent.log").read_text().count(" checked ")


def seen_of(path: Path) -> tuple[int, ...]:
    """What would differ if somebody had used the file."""
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_uid, found.st_size, found.st_mtime_ns


@only_root
@pytest.mark.parametrize("kind", ["link", "fifo"])
@pytest.mark.parametrize("ends", [("",), (".jsonl", ".turn")], ids=["today's name", "names of version 0.1"])
def test_a_strangers_files_stop_no_check_and_no_outage(
    system: LocalSystem, tmp_path: Path, target: Target, ends: tuple[str, ...], kind: str
) -> None:
    prey = tmp_path / "prey"
    prey.mkdir()
    (prey / "file").write_bytes(b"of value")
    planted = [tmp_path / "temp" / f"{folder_name(system.url)}{end}" for end in ends]
    for path in planted:
        # A link at today's name would make the system use a folder of the stranger's choice.
        plant(path, prey / "file" if path.suffix else prey, kind)
    before = [seen_of(path) for path in (*planted, prey, prey / "file")]

    with system:
        system.wait_for_further_events(1, is_success=True)
        # The events wait among the temporary files, or in memory.
        with folder_missing(system):
            target.is_down = True
            enough = checks(system) + 3
            system.wait_until(lambda: checks(system) >= enough)
        system.wait_until(lambda: system.told("OUTAGE"))
        wait_until_ok(system)
    assert [seen_of(path) for path in (*planted, prey, prey / "file")] == before
