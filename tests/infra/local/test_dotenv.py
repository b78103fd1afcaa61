""".env: which files are read, and which stop the start with one line that names the file."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.environment import FileInvalid, make_dotenv, overridden, read_dotenv, values_in
from shared import ROOT
from tests.support.forking import forks
from tests.support.running import API_KEY, START, LocalSystem, copy_project, environment
from tests.support.stand_ins import Target

system = pytest.mark.system


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".env.example").write_text((ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


# --- what is in it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("API_AUTH: all\n", "line 1 (API_AUTH) "),
        ("A=1\n\n\nAPI_AUTH: all\nB=2\n", "line 4 (API_AUTH) "),
        ('A=1\nAPI_KEY="hunter2\nB=2\n', "line 2 (API_KEY) "),
        ("API_KEY='hunter2\n", "line 1 (API_KEY) "),
        ('API_AUTH="all" writes\n', "line 1 (API_AUTH) "),
        ("API_AUTH all\n", "line 1 (API_AUTH) "),
        ("API_AUTH\n", "line 1 (API_AUTH) "),
        ("export API_AUTH\n", "line 1 (API_AUTH) "),
        ("A=1\n=all\n", "line 2 "),
        ("{'API_AUTH': 'all'}\n", "line 1 "),
        ("\u200bAPI_AUTH=all\n", "line 1 "),
        ("A=1\r\nHUNTER2\r\n", "line 2 "),
    ],
)
def test_a_line_that_is_no_setting_is_named(folder: Path, text: str, line: str) -> None:
    (folder / ".env").write_bytes(text.encode())
    with pytest.raises(FileInvalid) as refused:
        read_dotenv({}, folder)
    assert line in str(refused.value)
    assert str(folder / ".env") in str(refused.value)
    assert "hunter2" not in str(refused.value).lower()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A=1\n\nB=2\nA=\n", ["A in line 1 of .env does not count, because line 4 is empty"]),
        ("A=1\nB='2\n3'\n\nA=4\n", ["A in line 1 of .env does not count, because line 5 has another value"]),
        ("A=1\nA=\nA=2\n", ["A in line 1 of .env does not count, because line 3 has another value"]),
        # As after `cat bonghwa.env >> .env`, also twice.
        ("A=\nB=\nA=1\n", []),
        ("A=\nA=1\nA=1\n", []),
        ("", []),
    ],
)
def test_a_setting_that_a_later_line_takes_back_is_named(folder: Path, text: str, told: list[str]) -> None:
    (folder / ".env").write_text(text)
    assert list(overridden(folder / ".env")) == told


def test_the_examples_channels_count_once_they_are_no_comment(folder: Path) -> None:
    text = (folder / ".env.example").read_text()
    example = text[text.index("#   CHANNELS=") : text.index("\n\n# --- logs")]
    (folder / ".env").write_text(text.replace(example, example.replace("#", "")))
    assert values_in(folder / ".env")["CHANNELS"].startswith('{"ops": ')
    assert list(overridden(folder / ".env")) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("API_AUTH=all", "all"),
        ("\ufeffAPI_AUTH=all\r\n", "all"),
        ("# a comment\n\n  export API_AUTH = 'all' # why\n", "all"),
        ('API_AUTH="all"\n', "all"),
        ("API_AUTH=\n", ""),
        ("a.name-of-others=1\nAPI_AUTH=all\n", "all"),
        ("CHANNELS='{\n}'\nAPI_AUTH=all\n", "all"),
        ("API_AUTH=none\nAPI_AUTH=all", "all"),
        # As Compose reads what is in single quotes. Nothing is filled in anywhere.
        ("API_AUTH='a$b${HOME}$$'\n", "a$b${HOME}$$"),
        ("API_AUTH=a$b${HOME}$$\n", "a$b${HOME}$$"),
        ('API_AUTH="a$b${HOME}$$"\n', "a$b${HOME}$$"),
    ],
)
def test_what_can_be_read_is_read(folder: Path, text: str, value: str) -> None:
    (folder / ".env").write_bytes(text.encode())
    assert values_in(folder / ".env")["API_AUTH"] == value


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        ("TARGET_URL=http://t/\n".encode("utf-16"), "UTF-16"),
        ("TARGET_URL=http://t/\n".encode("utf-16-le"), "UTF-16"),
        ("A=1\nLOCATION=Zürich\n".encode("latin-1"), "UTF-8, which line 2 is not"),
        ("LOCATION=서울\n".encode("cp949"), "UTF-8, which line 1 is not"),
        (b"A=\0\n", "UTF-16"),
    ],
)
def test_another_encoding_is_named(folder: Path, data: bytes, trouble: str) -> None:
    (folder / ".env").write_bytes(data)
    with pytest.raises(FileInvalid, match=trouble):
        read_dotenv({}, folder)


# --- what it is -------------------------------------------------------------------------------------------------------


def test_a_file_that_is_none_is_named(folder: Path) -> None:
    file = folder / ".env"
    ways: list[tuple[Callable[[], object], str]] = [
        (lambda: file.symlink_to("nowhere"), "a link to a file that is not there"),
        (lambda: file.symlink_to(".env"), "a link to a file that is not there"),
        (lambda: os.mkfifo(file), "it is not a file"),
        (lambda: file.symlink_to(folder), "it is not a file"),
        (lambda: file.symlink_to("/dev/zero"), "it is not a file"),
    ]
    for make, trouble in ways:
        make()
        with pytest.raises(FileInvalid, match=trouble):
            read_dotenv({}, folder)
        file.unlink()


def test_an_empty_device_is_a_file_without_settings(folder: Path) -> None:
    (folder / ".env").symlink_to(os.devnull)
    assert make_dotenv(folder) is False
    assert values_in(folder / ".env") == {}


def test_a_missing_example_makes_an_empty_file(tmp_path: Path) -> None:
    assert make_dotenv(tmp_path) is True
    assert make_dotenv(tmp_path) is False
    assert values_in(tmp_path / ".env") == {}


@pytest.mark.slow
def test_a_full_disk_leaves_no_half_a_file(folder: Path) -> None:
    script = """
import resource, signal, sys
from pathlib import Path
from infra.local.environment import FileInvalid, make_dotenv
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    make_dotenv(Path(sys.argv[1]))
except FileInvalid as trouble:
    print(trouble)
"""
    done = subprocess.run([sys.executable, "-c", script, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ".env cannot be written: " in done.stdout
    assert not (folder / ".env").exists()


# --- starts -----------------------------------------------------------------------------------------------------------


@system
@pytest.mark.parametrize("spoil", ["API_AUTH: all\n", 'API_AUTH="all\n', "a link", "a fifo"])
def test_a_start_stops_with_one_line(new_project: Path, tmp_path: Path, spoil: str) -> None:
    file = new_project / ".env"
    if spoil == "a link":
        file.symlink_to("nowhere")
    elif spoil == "a fifo":
        os.mkfifo(file)
    else:
        file.write_text(spoil, encoding="utf-8")
    for command in (START, [*START[:2], "infra", "init-db"], [*START[:2], "infra", "plan"]):
        done = forks.run(command, new_project, environment(tmp_path), seconds=60)
        assert done.returncode == 1
        assert done.stdout == ""
        [line] = done.stderr.splitlines()
        assert line.startswith(f"bonghwa: {file} cannot be read: ")


@system
@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="root may write everywhere")
def test_a_read_only_checkout_runs(tmp_path: Path, target: Target) -> None:
    here = copy_project(tmp_path / "project")
    here.chmod(0o555)
    running = LocalSystem(here, tmp_path, TARGET_URL=target.url)
    if os.geteuid() == 0:
        running.command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *START]
    try:
        with running:
            running.wait_for_further_events(1, is_success=True)
            assert not (here / ".env").exists()
    finally:
        here.chmod(0o755)


@system
@pytest.mark.skipif(os.geteuid() == 0 and not Path("/usr/bin/setpriv").exists(), reason="root may read everything")
def test_a_file_that_may_not_be_read_stops_the_start(tmp_path: Path) -> None:
    here = copy_project(tmp_path / "project")
    (here / ".env").write_text("A=1\n")
    (here / ".env").chmod(0)
    confine = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*confine, *START], cwd=here, env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == f"bonghwa: {here / '.env'} cannot be read: Permission denied\n"


@system
@pytest.mark.skipif(os.geteuid() != 0 or not Path("/usr/bin/setpriv").exists(), reason="another user is needed")
@pytest.mark.parametrize("key", [API_KEY, ""])
def test_another_users_file_stops_no_start_with_a_key(tmp_path: Path, target: Target, key: str) -> None:
    """As root's in a checkout whose service runs as a user of its own, with settings from its unit."""
    here = copy_project(tmp_path / "project")
    (here / ".env").write_text("A=1\n")
    (here / ".env").chmod(0o600)
    os.chown(here / ".env", 12345, 12345)
    running = LocalSystem(here, tmp_path, TARGET_URL=target.url, API_KEY=key)
    running.command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *START]
    said = f"{here / '.env'} cannot be read: Permission denied"
    if not key:
        done = forks.run(running.command, here, running.environ, seconds=60)
        assert (done.returncode, done.stderr) == (1, f"bonghwa: {said}\n")
        return
    with running:
        running.wait_for_further_events(1, is_success=True)
        assert f"bonghwa: warning: {said}, and it belongs to another user" in running.output()


# --- large values, and a safe path ------------------------------------------------------------------------------------


@system
@pytest.mark.parametrize(
    ("kilobytes", "separate"),
    # Processes of their own get what the one process gets, and hand it on once more.
    [(136, ""), pytest.param(1400, "", marks=pytest.mark.nightly), (1400, "1")],
)
def test_a_large_setting_works(tmp_path: Path, target: Target, separate: str, kilobytes: int) -> None:
    here = copy_project(tmp_path / "project")
    urls = [f"{target.url}/{number}/{'x' * 1000}" for number in range(136)]
    others = "".join(f"OTHER_{number}={'y' * 100_000}\n" for number in range((kilobytes - 136) // 100))
    (here / ".env").write_text(f"TARGET_URL={','.join(urls)}\n{others}", encoding="utf-8")
    settings = {"TARGET_URL": None, "CHECK_INTERVAL_SECONDS": "5", "SEPARATE": separate}
    with LocalSystem(here, tmp_path, **settings) as running:
        found = "SELECT count(DISTINCT target_url) AS count FROM events"
        running.wait_until(lambda: running.rows(found)[0]["count"] == len(urls), 60)


@system
# Every process gets its environment from make, so that one shows what all have.
@pytest.mark.parametrize("separate", ["", pytest.param("1", marks=pytest.mark.nightly)])
def test_make_run_starts_with_a_safe_path(tmp_path: Path, target: Target, separate: str) -> None:
    here = copy_project(tmp_path / "project")
    (here / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (here / "requirements.txt").touch()
    (here / ".venv" / "bin").mkdir(parents=True)
    python = here / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    for number, made in enumerate(("made", "installed"), 1):
        (here / ".venv" / made).touch()
        os.utime(here / ".venv" / made, (time.time() + number, time.time() + number))
    running = LocalSystem(here, tmp_path, TARGET_URL=target.url, PYTHONSAFEPATH="1", SEPARATE=separate)
    running.command = ["make", "run"]
    with running:
        running.wait_for_further_events(1, is_success=True)


# --- modes ------------------------------------------------------------------------------------------------------------


@system
# The usual umask forbids nothing that the first allows, and allows nothing that the last forbids.
@pytest.mark.parametrize("umask", [0o000, pytest.param(0o022, marks=pytest.mark.nightly), 0o377])
def test_only_their_user_can_use_the_files(project: Path, tmp_path: Path, target: Target, umask: int) -> None:
    for earlier in ("bonghwa.db", "logs/agent.log"):
        (tmp_path / earlier).parent.mkdir(exist_ok=True)
        (tmp_path / earlier).touch(0o666)
    settings = {"TARGET_URL": target.url, "BACKEND_URL": "http://127.0.0.1:1"}
    running = LocalSystem(project, tmp_path, **settings)
    running.command = ["sh", "-c", f'umask {umask:o}; exec "$@"', "sh", *START]
    with running:
        running.wait_until(lambda: list(tmp_path.glob("spool-*/backlog.db")))
        paths = [*tmp_path.glob("bonghwa.db*"), *tmp_path.glob("logs/*"), *tmp_path.glob("spool-*/*")]
        modes = {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in paths}
        assert {"bonghwa.db", "bonghwa.db-wal", "bonghwa.db-shm", "server.log", "agent.log"} <= modes.keys()
        assert {name: mode for name, mode in modes.items() if int(mode, 8) & 0o077} == {}
