"""The backlog on disks that are full, read-only or damaged, and among files of other users."""

import os
from pathlib import Path

import pytest

from functions.check_monitors.reporting.backlog import Backlog
from functions.check_monitors.reporting.posting import Reported, report
from shared.settings import Settings
from tests.support.backlogs import (
    can_confine,
    confined,
    databases_in,
    event,
    files_in,
    filled,
    no_file_longer_than,
    small_disk,
    waiting_in,
)
from tests.support.stand_ins import Backend

pytestmark = pytest.mark.slow


def test_a_file_that_cannot_grow_costs_no_event(backend: Backend, settings: Settings) -> None:
    backend.status = 503
    report([event(f"{number:03}", number / 60) for number in range(500)], settings)
    [database] = databases_in(settings.spool_dirs[0])
    assert database.folder is not None
    file = database.folder / "backlog.db"
    before = file.read_bytes()
    more = [event(str(number), number / 60) for number in range(500, 600)]
    with no_file_longer_than(len(before) + 1000):
        assert report(more, settings) == Reported(spooled=600)
        assert file.read_bytes() == before, "all of them, or none"
        assert report([event("600", 10)], settings) == Reported(spooled=601)
    backend.status = 201
    assert report([event("601", 11)], settings) == Reported(posted=602)
    assert [int(name) for name in backend.taken] == list(range(602))


def test_a_full_disk_keeps_events_in_memory(backend: Backend, settings: Settings, steps: list[str]) -> None:
    disk = settings.spool_dirs[0]
    disk.mkdir()
    with small_disk(disk) as is_mounted:
        if not is_mounted:
            pytest.skip("a small disk cannot be mounted here")
        backend.status = 503
        assert report([event("a", 0)], settings) == Reported(spooled=1)
        with filled(disk):
            large = [event(f"b{number:03}", 1).model_copy(update={"error_message": "x" * 4000}) for number in range(50)]
            assert report(large, settings) == Reported(spooled=51)
            assert waiting_in(disk) == ["a"]
            Backlog(settings).save_outage("one")
        assert any("full" in line for line in steps)
        assert report([event("c", 2)], settings) == Reported(spooled=52)
        assert len(waiting_in(disk)) == 52
        backend.status = 201
        assert report([], settings) == Reported(posted=52)
        assert backend.taken[0] == "a"
        assert backend.taken[-1] == "c"


CONFINED = """
import sys
from pathlib import Path
from functions.check_monitors.reporting import backend
from functions.check_monitors.reporting.backlog import Backlog
from functions.check_monitors.reporting.posting import report
from shared.settings import Settings
from tests.support.backlogs import event, waiting
settings = Settings.from_env({"BACKEND_URL": sys.argv[1], "API_KEY": "key", "SPOOL_DIR": sys.argv[2]})
backend.post = lambda batch, settings: 503
assert report([event("b", 1)], settings).spooled == int(sys.argv[3])
print(*waiting(settings), "end")
"""


@pytest.mark.skipif(not can_confine(), reason="there is no setpriv, and nothing is read-only for root")
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_folder_that_cannot_be_written_costs_no_event(settings: Settings, mode: int) -> None:
    folder = settings.spool_dirs[0]
    Backlog(settings).add([event("a")])
    [own] = folder.iterdir()
    own.chmod(mode)
    (own / "backlog.db").chmod(0o400)
    try:
        words = confined(CONFINED, settings.backend_url, folder, 2 if mode else 1)
    finally:
        own.chmod(0o700)
    assert "b" in words, "in memory"
    assert waiting_in(folder) == ["a"]


@pytest.mark.parametrize("garbage", [b"This is no database. " * 1000, b"\0" * 4096])
def test_a_damaged_file_is_set_aside(backend: Backend, settings: Settings, steps: list[str], garbage: bytes) -> None:
    backend.status = 503
    report([event("lost")], settings)
    [own] = settings.spool_dirs[0].iterdir()
    (own / "backlog.db").write_bytes(garbage)
    assert report([event("a")], settings).spooled == 1
    assert any(line.startswith("spool_unusable") for line in steps)
    assert (own / "backlog.damaged").read_bytes() == garbage
    backend.status = 201
    assert report([event("b", 1)], settings) == Reported(posted=2)
    assert files_in(own) == {"turn", "backlog.damaged"}


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_file_that_is_cut_short_stops_no_run(
    backend: Backend, settings: Settings, part: float, steps: list[str]
) -> None:
    backend.status = 503
    report([event(str(number)) for number in range(500)], settings)
    [own] = settings.spool_dirs[0].iterdir()
    whole = (own / "backlog.db").read_bytes()
    (own / "backlog.db").write_bytes(whole[: int(len(whole) * part)])
    assert report([event("a")], settings).spooled >= 1
    assert report([event("b")], settings).spooled >= 2
    backend.status = 201
    report([event("c")], settings)
    assert backend.taken[-3:] == ["a", "b", "c"]
    assert any(line.startswith("spool_unusable") for line in steps)


# --- other users ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
@pytest.mark.parametrize("plant", ["a folder", "a link"])
def test_what_a_stranger_put_among_temporary_files_is_not_used(
    backend: Backend, default_settings: Settings, tmp_path: Path, plant: str
) -> None:
    temp = tmp_path / "temp"
    Backlog(default_settings).add([event("forged")])
    [own] = (tmp_path / "data").iterdir()
    theirs = temp / own.name
    if plant == "a folder":
        own.rename(theirs)
        os.chown(theirs, 65_534, 65_534)
    else:
        own.rename(tmp_path / "theirs")
        theirs.symlink_to(tmp_path / "theirs")
        os.lchown(theirs, 65_534, 65_534)
    temp.chmod(0o1777)
    assert report([event("a")], default_settings) == Reported(posted=1)
    (tmp_path / "data").rename(tmp_path / "away")
    backend.status = 503
    report([event("b")], default_settings)
    assert backend.taken == ["a"]
    temp.chmod(0o755)
    assert waiting_in(temp) == ["forged"], "nothing was added to it"
