"""``python -m infra backup``: a whole copy of a store that is in use, and the way back that the manual shows."""

import contextlib
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event as Flag

import pytest

from shared import ROOT
from shared.models import Event, as_text, now
from shared.store import Store
from shared.store.admin import backup as admin_backup
from shared.store.admin.backup import BackupFailed, back_up
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.infra.command_line import infra
from tests.support.builders import routes
from tests.support.postgres import Server
from tests.support.running import LocalSystem, copy_project, environment, rows
from tests.support.stand_ins import Target

pytestmark = pytest.mark.slow


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bonghwa.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A store with one outage."""
    database = SqliteDatabase(path)
    migrate(database, as_text(now()))
    store = Store(database)
    flap(store, "shop")
    yield store
    database.close()


def flap(store: Store, monitor: str) -> None:
    """An outage and its end: two events, an alert and two notifications, in one transaction."""
    events = [Event(target_url=monitor, timestamp=now() + timedelta(seconds=ok), is_success=ok) for ok in (False, True)]
    store.events.add(events, received_at=now(), channels=routes("console"))


def backup(
    folder: Path, to: Path, *options: str, reply: str = "", project: Path = ROOT, **variables: str | None
) -> "subprocess.CompletedProcess[str]":
    environ = environment(folder, **variables)
    return infra("backup", str(to), *options, environ=environ, project=project, reply=reply)


def beside(file: Path) -> list[str]:
    return sorted(each.name for each in file.parent.iterdir() if each.name != "bonghwa.db" and file.stem in each.name)


@pytest.mark.system
def test_a_backup_under_load_is_whole_and_one_state(project: Path, tmp_path: Path, path: Path, store: Store) -> None:
    for number in range(500):
        flap(store, f"before {number}")
    is_over = Flag()

    def write() -> int:
        count = 0
        while not is_over.is_set():
            flap(store, f"during {count}")
            count += 1
        return count

    with ThreadPoolExecutor(1) as threads:
        writer = threads.submit(write)
        try:
            first, copies = rows(path, "SELECT count(*) AS n FROM events")[0]["n"], []
            for number in range(2):
                copies.append(tmp_path / f"copy {number}.db")
                answer = backup(tmp_path, copies[-1], project=project)
                assert answer.returncode == 0, answer.stderr
                assert re.fullmatch(rf"{copies[-1]} is a copy of {path}, \d+\.\d MB, checked\n", answer.stdout)
            last = rows(path, "SELECT count(*) AS n FROM events")[0]["n"]
        finally:
            is_over.set()
        assert writer.result() > 3, "it was written meanwhile"

    events = []
    for copy in copies:
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert beside(copy) == [copy.name]
        # Nothing can be written beside it there: it must be complete by itself.
        found = sqlite3.connect(f"file:{copy}?mode=ro&immutable=1", uri=True)
        assert found.execute("PRAGMA journal_mode").fetchall() == [("delete",)]
        assert found.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert found.execute("PRAGMA foreign_key_check").fetchall() == []
        counts = {
            table: found.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("events", "monitors", "alerts", "notifications")
        }
        assert counts["events"] == counts["notifications"] == 2 * counts["alerts"] == 2 * counts["monitors"], counts
        events.append(counts["events"])
    assert first <= events[0] < events[-1] <= last


@pytest.mark.system
@pytest.mark.parametrize("reply", ["", "n\n"])
def test_what_is_there_is_only_replaced_when_that_is_agreed_to(
    project: Path, tmp_path: Path, store: Store, reply: str
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("dear to somebody")
    # The log of the previous file, which SQLite would play into the new one.
    copy.with_name("copy.db-wal").write_text("a log")

    kept = backup(tmp_path, copy, reply=reply, project=project)

    assert kept.returncode != 0
    assert "nothing was copied" in kept.stderr
    assert copy.read_text() == "dear to somebody"

    answer = backup(tmp_path, copy, *(["--yes"] if not reply else []), reply="y\n", project=project)

    assert answer.returncode == 0, answer.stderr
    assert rows(copy, "SELECT count(*) AS n FROM alerts") == [{"n": 1}]
    assert beside(copy) == ["copy.db"]


@pytest.mark.system
def test_an_impossible_backup_ends_with_one_line_that_says_why(project: Path, tmp_path: Path) -> None:
    answer = backup(tmp_path, tmp_path / "copy.db", project=project)
    assert answer.returncode == 1
    assert re.fullmatch(r"bonghwa: .*cannot be copied to .*: unable to open database file\n", answer.stderr)
    assert not (tmp_path / "bonghwa.db").exists()


@pytest.mark.system
def test_a_backup_is_left_to_the_server(tmp_path: Path, postgres: Server) -> None:
    answer = backup(tmp_path, tmp_path / "copy.db", DATABASE_URL=postgres.new_store())
    told = f"bonghwa: postgresql://127.0.0.1:{postgres.port}/postgres is backed up by its server, or with pg_dump\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", told)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("trouble", "word"),
    [
        ("absent", "unable to open database file"),
        ("not a database", "file is not a database"),
        ("damaged", "malformed|damaged"),
        ("of another program", "not one of this program"),
        ("no folder", "No such file or directory"),
        ("the database itself", "is the database itself"),
        ("what is beside it", "is the database itself"),
    ],
)
def test_an_impossible_backup_says_why_and_changes_nothing(
    tmp_path: Path, path: Path, store: Store, trouble: str, word: str
) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("the backup of yesterday")
    for number in range(50):
        flap(store, f"{number}")
    store.database.close()
    match trouble:
        case "absent":
            path.unlink()
        case "not a database":
            path.write_bytes(b"nothing of the kind" * 99)
        case "damaged":
            path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 40_000)
        case "of another program":
            path.unlink()
            sqlite3.connect(path).executescript("CREATE TABLE songs (name TEXT)")
    before = path.read_bytes() if path.exists() else None
    files = {"no folder": tmp_path / "missing" / "copy.db", "the database itself": path}
    files["what is beside it"] = tmp_path / "bonghwa.db-wal"
    file = files.get(trouble, copy)

    with pytest.raises(BackupFailed, match=word):
        back_up(path, file)

    assert copy.read_text() == "the backup of yesterday"
    assert beside(copy) == ["copy.db"]
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_backup_of_a_locked_store_gives_up(
    tmp_path: Path, path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.database.close()
    monkeypatch.setattr(admin_backup, "BUSY_SECONDS", 0.2)
    with ThreadPoolExecutor(1) as threads, contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BackupFailed, match="database is locked"):
            threads.submit(back_up, path, tmp_path / "copy.db").result(timeout=10)
    assert beside(tmp_path / "copy.db") == []


def test_on_a_full_disk_a_backup_is_whole_or_not_there(tmp_path: Path, path: Path, store: Store) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("the backup of yesterday")
    script = """
import resource, sys
from pathlib import Path
from shared.store.admin.backup import BackupFailed, back_up
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
try:
    back_up(Path(sys.argv[1]), Path(sys.argv[2]))
except BackupFailed as trouble:
    print(trouble)
"""
    command = [sys.executable, "-c", script, str(path), str(copy)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "cannot be copied" in answer.stdout
    assert copy.read_text() == "the backup of yesterday"
    assert beside(copy) == ["copy.db"]


@pytest.mark.system
def test_the_manuals_way_back_restores_a_backup(tmp_path: Path, target: Target) -> None:
    project = copy_project(tmp_path / "project")
    (project / ".venv").symlink_to(sys.prefix)
    manual = (ROOT / "shared/store/README.md").read_text(encoding="utf-8")
    section = manual.partition("\n## Backup and restore\n")[2].partition("\n## ")[0]
    make, restore = re.findall(r"(?ms)^```bash\n(.*?)```", section)
    settings = {"TARGET_URL": target.url, "DATABASE_URL": None}

    with LocalSystem(project, tmp_path, **settings) as system:
        system.database = project / "notifications.db"
        system.wait_for_further_events(2, is_success=True)
        subprocess.run(["bash", "-ec", make], cwd=project, env=system.environ, check=True, capture_output=True)
        backed_up = rows(project / "copy.db", "SELECT count(*) AS n FROM events")[0]["n"]
        target.is_down = True
        system.wait_until(lambda: system.alerts(status="OPEN"))
        system.kill()
    assert (project / "notifications.db-wal").stat().st_size, "a crash leaves it behind"
    target.is_down = False

    subprocess.run(["bash", "-ec", restore], cwd=project, check=True)

    with LocalSystem(project, tmp_path, **settings) as system:
        system.database = project / "notifications.db"
        system.wait_for_further_events(2, is_success=True)
        assert system.alerts() == [], "what came after the backup is not there"
        assert backed_up >= 2
        assert system.events(is_success=False) == []
        assert len(system.events(is_success=True)) >= backed_up + 2
        assert system.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_a_backup_can_be_moved_over_the_store_that_is_in_use(path: Path, store: Store, tmp_path: Path) -> None:
    back_up(path, tmp_path / "copy.db")
    for number in range(20):
        flap(store, f"{number}")

    (tmp_path / "copy.db").replace(path)

    assert len(store.alerts.page(limit=99)) == 1
    flap(store, "after")
    assert len(store.alerts.page(limit=99)) == 2
