"""The backlog's files, folders that go and come, and processes that overlap or are killed."""

import os
import random
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from functions.check_monitors.reporting.backlog import Backlog
from functions.check_monitors.reporting.posting import Reported, report
from shared import ROOT
from shared.settings import Settings
from tests.support.backlogs import event, files_in, waiting, waiting_in
from tests.support.running.beside import beside, killed_when
from tests.support.stand_ins import Backend

pytestmark = pytest.mark.slow

# --- what is there ----------------------------------------------------------------------------------------------------


def test_a_healthy_run_leaves_one_lock_and_no_database(default_settings: Settings, tmp_path: Path) -> None:
    assert report([event("a")], default_settings) == Reported(posted=1)
    assert files_in(tmp_path / "data") == {"turn"}
    assert files_in(tmp_path / "temp") == set()


def test_a_healthy_run_does_not_load_sqlite(settings: Settings) -> None:
    script = """
import os, sys
from functions.check_monitors.reporting import backend
from functions.check_monitors.reporting.posting import Reported, report
from functions.check_monitors.self_watch.backend_outage import watch_backend
from shared.settings import Settings
from tests.support.backlogs import event
settings = Settings.from_env()
with_database = set(sys.modules)
backend.post = lambda batch, settings: 201
assert report([event("a")], settings) == Reported(posted=1)
watch_backend(settings, is_reached=True)
assert "sqlite3" not in sys.modules
"""
    environ = {"BACKEND_URL": settings.backend_url, "API_KEY": "key", "SPOOL_DIR": str(settings.spool_dirs[0])}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environ, check=True)


def test_only_its_user_can_enter_the_folder(settings: Settings) -> None:
    Backlog(settings).add([event("a")])
    [own] = settings.spool_dirs[0].iterdir()
    assert stat.S_IMODE(own.stat().st_mode) == 0o700


def test_the_file_goes_with_the_last_that_is_in_it(settings: Settings) -> None:
    backlog = Backlog(settings)
    backlog.add([event("a")])
    backlog.save_outage("one")
    with backlog.turn():
        backlog.remove(backlog.oldest(9))
        assert "backlog.db" in files_in(settings.spool_dirs[0])
    backlog.save_outage(None)
    assert files_in(settings.spool_dirs[0]) == {"turn"}


def test_a_file_that_a_kill_left_empty_is_used_or_deleted(settings: Settings) -> None:
    Backlog(settings).add([event("a")])
    [own] = settings.spool_dirs[0].iterdir()
    (own / "backlog.db").write_bytes(b"")
    assert waiting(settings) == []
    assert files_in(own) == {"turn"}
    (own / "backlog.db").write_bytes(b"")
    Backlog(settings).add([event("b")])
    assert waiting(settings) == ["b"]


def test_an_event_that_cannot_be_read_does_not_hold_up_others(settings: Settings, steps: list[str]) -> None:
    Backlog(settings).add([event("a", 1), event("b", 2)])
    [own] = settings.spool_dirs[0].iterdir()
    with sqlite3.connect(own / "backlog.db") as connection:
        rows = [(str(number), "2024-01-01T00:00:00.000Z", '{"of": "a later version"}') for number in range(1500)]
        connection.executemany("INSERT INTO events (event_id, timestamp, event) VALUES (?, ?, ?)", rows)
    connection.close()
    assert report([event("c", 3)], settings) == Reported(posted=3)
    assert sum("events_dropped" in line for line in steps) == 2


# --- folders that go and come -----------------------------------------------------------------------------------------


def test_events_in_memory_move_to_a_folder_that_is_back(backend: Backend, settings: Settings) -> None:
    folder = settings.spool_dirs[0]
    folder.write_text("a file where the folder should be")
    backend.status = 503
    assert report([event("a", 0)], settings) == Reported(spooled=1)
    assert report([event("b", 1)], settings) == Reported(spooled=2)
    folder.unlink()
    assert report([event("c", 2)], settings) == Reported(spooled=3)
    assert waiting_in(folder) == ["a", "b", "c"], "they outlive the process now"
    backend.status = 201
    assert report([event("d", 3)], settings) == Reported(posted=4)
    assert backend.taken == ["a", "b", "c", "d"]


def test_events_stay_in_memory_while_another_run_posts_them(settings: Settings) -> None:
    folder = settings.spool_dirs[0]
    folder.write_text("a file where the folder should be")
    Backlog(settings).add([event("a")])
    posting = Backlog(settings)
    with posting.turn():
        posted = posting.oldest(9)
        folder.unlink()
        Backlog(settings).add([event("b", 1)])
        posting.remove(posted)
    assert waiting(settings) == ["b"]


def test_a_folder_that_was_away_comes_back_with_its_events(
    backend: Backend, default_settings: Settings, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    backend.status = 503
    assert report([event("a", 0), event("d", 3)], default_settings) == Reported(spooled=2)
    away = data.rename(tmp_path / "away")
    assert report([event("b", 1), event("e", 4)], default_settings) == Reported(spooled=2)
    assert not data.exists(), "a folder of that name would be in its way"
    away.rename(data)
    assert report([event("f", 5)], default_settings) == Reported(spooled=5)
    backend.status = 201
    assert report([event("g", 6)], default_settings) == Reported(posted=6)
    assert backend.taken == list("abdefg"), "by their own time"
    assert files_in(tmp_path) == {"turn"}


def test_what_waits_among_the_temporary_files_is_posted(default_settings: Settings, tmp_path: Path) -> None:
    # As by another process, whose first folder was away.
    away = (tmp_path / "data").rename(tmp_path / "away")
    Backlog(default_settings).add([event("a")])
    away.rename(tmp_path / "data")
    assert waiting_in(tmp_path / "temp") == ["a"]
    assert report([event("b", 1)], default_settings) == Reported(posted=2)


def _add_all(settings: Settings, temporary: Path, names: list[str]) -> None:
    tempfile.tempdir = str(temporary)
    for name in names:
        Backlog(settings).add([event(name)])
    # Events in memory would end with this process.
    backlog = Backlog(settings)
    with backlog.turn():
        backlog.add([])


def test_a_folder_moved_while_events_are_added_costs_none(default_settings: Settings, tmp_path: Path) -> None:
    data, names = tmp_path / "data", [str(number) for number in range(300)]
    process = beside.Process(target=_add_all, args=(default_settings, tmp_path / "temp", names))
    process.start()
    while process.is_alive():
        away = data.rename(tmp_path / "away")
        process.join(random.uniform(0, 0.02))
        assert not data.exists()
        away.rename(data)
        process.join(random.uniform(0, 0.02))
    assert process.exitcode == 0
    assert waiting_in(tmp_path / "temp"), "the folder was away when something was added"
    assert sorted(set(waiting_in(data) + waiting_in(tmp_path / "temp"))) == sorted(names)


# --- processes --------------------------------------------------------------------------------------------------------


def _add_some(settings: Settings, temporary: Path, process: int) -> None:
    tempfile.tempdir = str(temporary)
    for number in range(50):
        Backlog(settings).add([event(f"{process}-{number}", number)])


def test_four_processes_that_add_at_once_lose_nothing(default_settings: Settings, tmp_path: Path) -> None:
    given = (default_settings, tmp_path / "temp")
    processes = [beside.Process(target=_add_some, args=(*given, number)) for number in range(4)]
    for process in processes:
        process.start()
    posted: list[str] = []
    while any(process.is_alive() for process in processes):
        backlog = Backlog(default_settings)
        with backlog.turn():
            found = backlog.oldest(3)
            posted += [each.event_id for each in found]
            backlog.remove(found)
    names = sorted(f"{process}-{number}" for process in range(4) for number in range(50))
    assert sorted([*posted, *waiting_in(tmp_path / "data")]) == names
    assert files_in(tmp_path / "temp") == set()


def _add_and_say(settings: Settings, said: Path) -> None:
    with said.open("a", buffering=1) as file:
        for number in range(9999):
            Backlog(settings).add([event(f"{os.getpid()}-{number}")])
            file.write(f"{os.getpid()}-{number}\n")


def test_a_kill_while_events_are_added_loses_none_of_them(settings: Settings, tmp_path: Path) -> None:
    Backlog(settings).add([event("first")])
    [own] = settings.spool_dirs[0].iterdir()
    for _ in range(10):
        # In the middle of a transaction, as often as it can be met.
        assert killed_when((own / "backlog.db-journal").exists, _add_and_say, settings, tmp_path / "said")
    found = waiting(settings)
    assert {"first", *(tmp_path / "said").read_text().split()} <= set(found)
    assert len(found) == len(set(found))
    assert "backlog.damaged" not in files_in(own)
