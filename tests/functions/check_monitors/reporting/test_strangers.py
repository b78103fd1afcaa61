"""Files that another user of the machine plants or locks, and a stranger's responses, stop and reveal nothing."""

import fcntl
import os
import time
from pathlib import Path

import pytest

from functions.check_monitors.reporting import backlog, backlog_database
from functions.check_monitors.reporting.backlog import Backlog, folder_name
from functions.check_monitors.reporting.posting import Reported, report
from shared.settings import Settings
from tests.support import leaks
from tests.support.backlogs import event, only_root, plant, waiting
from tests.support.stand_ins import Backend, Echo

# --- planted files ----------------------------------------------------------------------------------------------------


@only_root
@pytest.mark.parametrize("kind", ["link", "fifo", "file"])
@pytest.mark.parametrize("suffix", [".jsonl", ".lock", ".turn", ".new"])
def test_planted_files_stop_nothing_and_stay_unchanged(
    backend: Backend, default_settings: Settings, tmp_path: Path, suffix: str, kind: str
) -> None:
    temp, prey = tmp_path / "temp", tmp_path / "prey"
    prey.write_bytes(b"of value")
    temp.chmod(0o1777)
    name = folder_name(default_settings.backend_url)
    for planted in (f"{name}{suffix}", f"{name.replace('spool', 'backend')}.json"):
        plant(temp / planted, prey, kind)

    # The first folder is away, so that events wait among the temporary files.
    away = (tmp_path / "data").rename(tmp_path / "away")
    backend.status = 503
    assert report([event("a")], default_settings) == Reported(spooled=1)
    away.rename(tmp_path / "data")
    backend.status = 201
    assert report([event("b", 1)], default_settings) == Reported(posted=2)
    assert backend.taken == ["a", "b"]
    assert prey.read_bytes() == b"of value"
    assert os.path.lexists(temp / f"{name}{suffix}")


@pytest.mark.parametrize("kind", ["link", "fifo"])
def test_the_lock_is_no_link_and_no_fifo(settings: Settings, tmp_path: Path, kind: str) -> None:
    own = settings.spool_dirs[0] / folder_name(settings.backend_url)
    own.mkdir(parents=True, mode=0o700)
    (tmp_path / "prey").touch()
    if kind == "link":
        (own / "turn").symlink_to(tmp_path / "prey")
    else:
        os.mkfifo(own / "turn")
    began = time.monotonic()
    assert report([event("a")], settings).posted == 1
    assert time.monotonic() - began < 5


def test_a_folder_that_others_could_enter_is_closed(settings: Settings) -> None:
    own = settings.spool_dirs[0] / folder_name(settings.backend_url)
    own.mkdir(parents=True)
    own.chmod(0o755)
    Backlog(settings).add([event("a")])
    assert own.stat().st_mode & 0o777 == 0o700
    assert (own / "backlog.db").stat().st_mode & 0o777 == 0o600
    assert waiting(settings) == ["a"]


@pytest.mark.slow
def test_a_lock_that_is_held_ends_with_a_word(
    settings: Settings, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its holder here never lets it go.
    monkeypatch.setattr(backlog, "TURN_SECONDS", 0.1)
    monkeypatch.setattr(backlog_database, "BUSY_SECONDS", 0.1)
    Backlog(settings).add([event("a")])
    own = settings.spool_dirs[0] / folder_name(settings.backend_url)
    for name in ("turn", ""):
        (own / "turn").touch(0o600)
        descriptor = os.open(own / name, os.O_RDONLY)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            report([event(f"b{name}")], settings)
        finally:
            os.close(descriptor)
    assert any("report_put_off" in line and "another run is posting" in line for line in steps)
    assert any("spool_unusable" in line and "another run has locked" in line for line in steps)
    # The next run posts the events that could not be posted, or not be removed.
    assert report([event("c")], settings).spooled == 0


# --- whatever answers BACKEND_URL -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503, 599])
def test_an_echo_of_our_key_is_not_logged(tmp_path: Path, steps: list[str], status: int) -> None:
    key = "a-key-that-nobody-may-see"
    with Echo(status) as echo:
        settings = Settings.from_env({"BACKEND_URL": echo.url, "API_KEY": key, "SPOOL_DIR": str(tmp_path)})
        report([event("a")], settings)
    assert all(key in text for text in echo.echoed)
    logged = "\n".join(steps)
    assert f"'status': {status}" in logged
    assert leaks.found_in(logged.encode(), {"API_KEY": {key}}) == []
