"""The files of version 0.1 are moved into the backlog's database, once, and nothing in them is lost."""

import json
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from functions.check_monitors.reporting.backlog import Backlog, folder_name
from functions.check_monitors.reporting.posting import Reported, report
from functions.check_monitors.self_watch.backend_outage import watch_backend
from shared.models import Event
from shared.settings import Settings
from tests.support.backlogs import event, files_in, filled, small_disk, waiting, waiting_in
from tests.support.builders import NOON
from tests.support.running.beside import killed_when
from tests.support.stand_ins import Backend


class Earlier:
    """The files of version 0.1 in ``folder``."""

    def __init__(self, folder: Path, backend_url: str) -> None:
        name = folder_name(backend_url).removeprefix("spool-")
        self.events, self.outage = folder / f"spool-{name}.jsonl", folder / f"backend-{name}.json"
        self.locks = [folder / f"{stem}-{name}.lock" for stem in ("spool", "backend")] + [folder / f"spool-{name}.turn"]

    def keep(self, events: Sequence[Event]) -> None:
        """Write what that version wrote."""
        self.events.parent.mkdir(exist_ok=True)
        self.events.write_bytes(b"".join(b"\n" + event.model_dump_json().encode() for event in events))
        for lock in self.locks:
            lock.touch()

    def keep_outage(self, told: Sequence[str]) -> None:
        """Write what that version wrote about a backend that is out of reach since NOON."""
        self.outage.parent.mkdir(exist_ok=True)
        at = "2025-01-08T12:00:00.000Z"
        self.outage.write_text(
            json.dumps({"since": at, "tried_at": at, "ended_at": None, "told": told, "refused": ["telegram"]})
        )


@pytest.fixture
def earlier(settings: Settings) -> Earlier:
    return Earlier(settings.spool_dirs[0], settings.backend_url)


def test_the_events_are_posted_and_the_files_are_gone(backend: Backend, settings: Settings, earlier: Earlier) -> None:
    earlier.keep([event("b", 1), event("a", 0)])
    assert report([event("c", 2)], settings) == Reported(posted=3)
    assert backend.taken == ["a", "b", "c"]
    assert files_in(settings.spool_dirs[0]) == {"turn"}


def test_while_the_backend_is_away_they_wait_with_the_others(
    backend: Backend, settings: Settings, earlier: Earlier
) -> None:
    earlier.keep([event("a", 0)])
    backend.status = 503
    assert report([event("b", 1)], settings) == Reported(spooled=2)
    assert waiting_in(settings.spool_dirs[0]) == ["a", "b"]
    assert files_in(settings.spool_dirs[0]) == {"turn", "backlog.db"}


def test_each_folders_files_are_found(default_settings: Settings, tmp_path: Path) -> None:
    for number, folder in enumerate(("data", "temp")):
        Earlier(tmp_path / folder, default_settings.backend_url).keep([event(folder, number)])
    assert waiting(default_settings) == ["data", "temp"]
    assert files_in(tmp_path) == {"turn", "backlog.db"}


def test_a_folder_that_comes_back_later_is_searched_then(default_settings: Settings, tmp_path: Path) -> None:
    data = tmp_path / "data"
    Earlier(data, default_settings.backend_url).keep([event("a")])
    away = data.rename(tmp_path / "away")
    assert waiting(default_settings) == []
    away.rename(data)
    assert waiting(default_settings) == ["a"]


def test_locks_alone_are_gone_too(settings: Settings, earlier: Earlier) -> None:
    earlier.keep([])
    earlier.events.unlink()
    assert waiting(settings) == []
    assert files_in(settings.spool_dirs[0]) == {"turn"}


@pytest.mark.parametrize("cut", [1, 40, 200])
def test_a_line_that_a_crash_cut_short_is_passed_over(settings: Settings, earlier: Earlier, cut: int) -> None:
    earlier.keep([event("a"), event("b")])
    torn = earlier.events.read_bytes()[:-cut]
    earlier.events.write_bytes(torn + b"\n" + event("c").model_dump_json().encode() + b'\n{"of": "a later version"}\n')
    assert waiting(settings) == ["a", "c"]


def test_other_backends_files_are_left_alone(settings: Settings) -> None:
    other = Earlier(settings.spool_dirs[0], "http://another.example")
    other.keep([event("a")])
    assert waiting(settings) == []
    assert other.events.exists()


def test_who_was_told_of_the_outage_is_told_of_its_end_alone(
    settings: Settings, earlier: Earlier, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier.keep_outage(["console"])
    report([], settings)
    watch_backend(settings, is_reached=False, clock=lambda: NOON + timedelta(minutes=9))
    watch_backend(settings, is_reached=True, clock=lambda: NOON + timedelta(minutes=10))
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("BACKEND_", "RECOVERY"))]
    assert [line.split(" · ")[2] for line in lines] == ["since 2025-01-08 12:00:00 UTC"]
    assert files_in(settings.spool_dirs[0]) == {"turn", "notify"}


@pytest.mark.parametrize("text", ["", '{"since": "20', "[]", '{"told": 1}'])
def test_an_outage_that_cannot_be_read_is_passed_over(settings: Settings, earlier: Earlier, text: str) -> None:
    earlier.keep_outage([])
    earlier.outage.write_text(text)
    report([], settings)
    watch_backend(settings, is_reached=True)
    assert files_in(settings.spool_dirs[0]) <= {"turn", "notify"}


def test_files_stay_if_the_disk_has_no_room_for_them(settings: Settings, earlier: Earlier, steps: list[str]) -> None:
    folder = settings.spool_dirs[0]
    folder.mkdir()
    with small_disk(folder) as is_mounted:
        if not is_mounted:
            pytest.skip("a small disk cannot be mounted here")
        earlier.keep([event("a")])
        Backlog(settings).add([event("b", 1)])
        with filled(folder):
            assert waiting(settings) == ["b"]
            assert earlier.events.exists()
            assert any(line.startswith("spool_unusable") for line in steps)
        assert waiting(settings) == ["a", "b"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_a_strangers_files_are_not_taken_over(default_settings: Settings, tmp_path: Path) -> None:
    theirs = Earlier(tmp_path / "temp", default_settings.backend_url)
    theirs.keep([event("forged")])
    os.chown(theirs.events, 65_534, 65_534)
    (tmp_path / "temp").chmod(0o1777)
    assert waiting(default_settings) == []
    assert theirs.events.exists()


def test_what_a_kill_left_in_both_is_no_copy(backend: Backend, settings: Settings, earlier: Earlier) -> None:
    backend.status = 503
    for _ in range(2):
        # The second time, as if a kill had come between the commit and the deletion.
        earlier.keep([event("a", 0), event("b", 1)])
        assert report([], settings) == Reported(spooled=2)
    assert waiting(settings) == ["a", "b"]


def _take_turn(settings: Settings) -> None:
    with Backlog(settings).turn():
        pass


@pytest.mark.slow
def test_a_kill_while_files_are_taken_over_loses_nothing(settings: Settings, earlier: Earlier) -> None:
    names = [f"{number:04}" for number in range(3000)]
    earlier.keep([event(name, number) for number, name in enumerate(names)])
    own = earlier.events.with_suffix("")
    files = (own, own / "backlog.db", own / "backlog.db-journal")
    assert sum(killed_when(file.exists, _take_turn, settings) for file in files) > 0
    # Its commit is over, or just before that.
    killed_when(lambda: not (own / "backlog.db-journal").exists(), _take_turn, settings)
    killed_when(lambda: not earlier.events.exists(), _take_turn, settings)
    assert waiting(settings) == names
    assert not earlier.events.exists()
