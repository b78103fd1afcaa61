"""The store in trouble: the running system says what it is, keeps every event, and goes on when it ends."""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import cast

import pytest
import requests

from shared.models import as_text, now
from shared.store import StoreUnavailable
from shared.store.admin.backup import back_up
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.support.running import LocalSystem
from tests.support.stand_ins import BotApi, Target

pytestmark = pytest.mark.together("watched")

NEWER = "use a newer program"


# --- a running system -------------------------------------------------------------------------------------------------


class Watched:
    """A running system, with what it watches and whom it tells; its database is on a disk of its own."""

    def __init__(self, system: LocalSystem, target: Target, bot_api: BotApi) -> None:
        self.system, self.target, self.bot_api = system, target, bot_api
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._checks_before, self._told_before = len(self._checks()), len(self.system.told())
        self._messages_before = len(self.bot_api.messages)

    def begin_anew(self) -> None:
        """Wait until all is well and everybody knows it."""
        self.target.is_down = False
        self.wait_for_checks(1, "True")
        self.system.wait_until(lambda: self.stored() >= set(self.checks()))
        self.system.wait_until(
            lambda: self.system.get("/").json().items() >= {("open_alerts", 0), ("owed_notifications", 0)}
        )
        self.begin()

    def _checks(self) -> list[tuple[str, str]]:
        text = (self.system.folder / "logs" / "agent.log").read_text()
        lines = [line for line in text.splitlines() if " checked " in line]
        return [(re.findall(r" event_id=(\w+)", line)[0], re.findall(r" is_success=(\w+)", line)[0]) for line in lines]

    def checks(self, outcome: str = "") -> list[str]:
        """The event ids of what the agent has seen."""
        return [event_id for event_id, seen in self._checks()[self._checks_before :] if seen.startswith(outcome)]

    def wait_for_checks(self, count: int, outcome: str) -> None:
        """Until the agent has seen ``count`` more of this outcome."""
        enough = len(self.checks(outcome)) + count
        self.system.wait_until(lambda: len(self.checks(outcome)) >= enough, 20)

    def told(self) -> list[list[str]]:
        """The first words of what each channel was told."""
        everything = self.system.told()[self._told_before :], self.bot_api.messages[self._messages_before :]
        return [[text.split()[0] for text in texts] for texts in everything]

    def stored(self) -> set[str]:
        """The event ids of what is stored."""
        return {row["event_id"] for row in self.system.rows("SELECT event_id FROM events")}


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small disk where one can be mounted, else a folder."""
    folder = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(folder)]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True).returncode == 0
    yield folder
    if is_mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def watched(project: Path, disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder, data, temp = tmp_path_factory.mktemp("running"), disk / "data", disk / "temp"
    data.mkdir()
    temp.mkdir()
    with Target() as target, BotApi() as bot_api:
        # The spool is where it is by default: beside the database, and in the same trouble.
        files = {"DATABASE_URL": f"sqlite:///{data / 'bonghwa.db'}", "TMPDIR": str(temp)}
        system = LocalSystem(project, folder, TARGET_URL=target.url, **files, **bot_api.environ)
        system.database = data / "bonghwa.db"
        if os.geteuid() == 0 and shutil.which("setpriv"):
            # So that a file's permissions hold for it, too.
            system.command = ["setpriv", "--bounding-set=-dac_override", *system.command]
        with system:
            system.wait_until(lambda: target.hits)
            yield Watched(system, target, bot_api)


Trouble = Callable[[LocalSystem], AbstractContextManager[object]]


@contextlib.contextmanager
def locked(system: LocalSystem) -> Iterator[None]:
    """By another process, which writes."""
    with contextlib.closing(sqlite3.connect(system.database, timeout=5, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextlib.contextmanager
def disk_full(system: LocalSystem) -> Iterator[None]:
    """Nothing more can be written to it."""
    disk = system.database.parent.parent
    if not disk.is_mount():
        pytest.skip("a small disk cannot be mounted here")
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)):
                    pass
    try:
        yield
    finally:
        filler.unlink()


@contextlib.contextmanager
def folder_missing(system: LocalSystem) -> Iterator[None]:
    """Moved away, with all that is in it, and back."""
    folder = system.database.parent
    away = folder.rename(folder.with_name("away"))
    try:
        yield
    finally:
        away.rename(folder)


@contextlib.contextmanager
def read_only(system: LocalSystem) -> Iterator[None]:
    """Put back by somebody else, whose file it now is."""
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("there is no setpriv, and nothing is read-only for root")
    with replaced(system) as copy:
        copy.chmod(0o444)
        copy.replace(system.database)
    try:
        yield
    finally:
        system.database.chmod(0o644)


@contextlib.contextmanager
def corrupted(system: LocalSystem) -> Iterator[None]:
    """Overwritten with something else, until its backup is put in its place."""
    with replaced(system) as copy:
        garbage = copy.with_name("garbage")
        garbage.write_bytes(b"This is no database. " * 1000)
        garbage.replace(system.database)
    try:
        yield
    finally:
        copy.replace(system.database)


@contextlib.contextmanager
def from_a_newer_version(system: LocalSystem) -> Iterator[None]:
    """A newer program has been at it."""
    with contextlib.closing(sqlite3.connect(system.database, timeout=5, isolation_level=None)) as newer:
        newer.executescript(
            "BEGIN IMMEDIATE; CREATE TABLE later (id); INSERT INTO schema_migrations VALUES (999, 'later', ''); COMMIT"
        )
        try:
            yield
        finally:
            newer.executescript(
                "BEGIN IMMEDIATE; DROP TABLE later; DELETE FROM schema_migrations WHERE version = 999; COMMIT"
            )


@contextlib.contextmanager
def replaced(system: LocalSystem) -> Iterator[Path]:
    """A copy of the database, and nobody writes to the database until it is replaced."""
    with locked(system):
        copy = system.database.with_name("copy.db")
        back_up(system.database, copy)
        yield copy


@pytest.mark.system
@pytest.mark.parametrize(
    ("trouble", "word", "waiting_helps", "ends_first"),
    [
        (locked, "busy: another process has locked it", True, "trouble"),
        (disk_full, "no room left on its disk", True, "outage"),
        (folder_missing, "its folder must be there", True, "outage"),
        (read_only, "read-only", True, "trouble"),
        (corrupted, "damaged: restore a backup", False, "outage"),
        (from_a_newer_version, NEWER, False, "trouble"),
    ],
    ids=["locked", "disk full", "folder missing", "read-only", "corrupted", "from a newer version"],
)
def test_an_outage_during_trouble_of_the_store_is_told_once_and_nothing_is_lost(
    watched: Watched, trouble: Trouble, word: str, waiting_helps: bool, ends_first: str
) -> None:
    system, target = watched.system, watched.target
    watched.begin_anew()
    watched.wait_for_checks(1, "True")

    with trouble(system):
        target.is_down = True
        # An answer that is not ok is not true.
        [refused] = system.wait_until(lambda: [answer for answer in [report(system)] if answer.status_code == 503], 20)
        began = time.monotonic()
        health = system.get("/")
        took = time.monotonic() - began
        watched.wait_for_checks(2, "False")
        if ends_first == "outage":
            target.is_down = False
            watched.wait_for_checks(2, "True")

        assert refused.headers["Content-Type"] == "application/problem+json"
        assert word in refused.json()["detail"]
        assert ("Retry-After" in refused.headers) is waiting_helps
        assert (health.status_code, health.json()["status"]) == (503, "unavailable")
        assert word in health.json()["database"]
        assert ("Retry-After" in health.headers) is waiting_helps
        assert took < 3
        assert watched.told() == [[], []]

    if ends_first == "trouble":
        system.wait_until(lambda: watched.told() == [["OUTAGE"], ["OUTAGE"]], 20)
        watched.wait_for_checks(2, "False")
        target.is_down = False
    told = ["OUTAGE", "RECOVERY"]
    system.wait_until(lambda: watched.told() == [told, told], 20)
    seen = watched.checks()
    system.wait_until(lambda: watched.stored() >= set(seen))

    assert watched.told() == [told, told]
    assert system.alerts(status="OPEN") == []
    newest = system.alerts()[0]
    events = {row["event_id"]: row["timestamp"] for row in system.rows("SELECT event_id, timestamp FROM events")}
    assert newest["failed_at"] == events[watched.checks("False")[0]]
    assert system.get("/").json()["database"] == "ok"
    assert word in (system.folder / "logs" / "server.log").read_text().replace('\\"', '"')
    assert "Traceback" not in system.output()


@pytest.mark.system
@pytest.mark.parametrize("kept", [[], ["-wal", "-shm"]], ids=["all of it", "but not what is beside it"])
def test_a_store_that_is_deleted_under_the_running_system_is_made_anew_and_an_outage_is_told(
    watched: Watched, kept: list[str]
) -> None:
    system, target = watched.system, watched.target
    watched.begin_anew()

    with locked(system):
        for end in {"", "-wal", "-shm"} - set(kept):
            system.database.with_name(f"bonghwa.db{end}").unlink()
        watched.begin()
    target.is_down = True
    system.wait_until(lambda: watched.told() == [["OUTAGE"], ["OUTAGE"]])
    target.is_down = False
    told = ["OUTAGE", "RECOVERY"]
    system.wait_until(lambda: watched.told() == [told, told])
    seen = watched.checks()
    system.wait_until(lambda: watched.stored() >= set(seen))

    assert [alert["id"] for alert in system.alerts()] == [1], "it is a new store"
    assert system.get("/").json()["database"] == "ok"
    assert system.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert "database_replaced" in (system.folder / "logs" / "server.log").read_text()
    assert "Traceback" not in system.output()


@pytest.mark.system
def test_a_lock_leaves_the_server_free_for_others(watched: Watched) -> None:
    system = watched.system
    system.wait_until(lambda: system.get("/").ok)

    def timed(ask: Callable[[], object]) -> float:
        began = time.monotonic()
        ask()
        return time.monotonic() - began

    with ThreadPoolExecutor(60) as threads:
        with locked(system):
            # More than there are threads to serve them.
            reports = [threads.submit(report, system) for _ in range(60)]
            time.sleep(1.5)
            reads = [timed(lambda: system.get("/alerts")) for _ in range(20)]
        answers = Counter(each.result().status_code for each in reports)

    assert max(reads) < 1
    assert set(answers) == {201, 503}, "a few waited, the others were told to come again"
    assert answers[503] > 40


def report(system: LocalSystem) -> requests.Response:
    """Post the event of another monitor."""
    return system.post(
        "/events", {"target_url": "http://other.example", "timestamp": as_text(now()), "is_success": True}
    )


# --- the database alone -----------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.db"


@pytest.fixture
def database(path: Path) -> Iterator[SqliteDatabase]:
    path.parent.mkdir()
    database = opened(path)
    yield database
    database.close()


def opened(path: Path) -> SqliteDatabase:
    return SqliteDatabase(path, prepare=lambda database: migrate(database, as_text(now())))


def add(database: SqliteDatabase, *names: str) -> None:
    for name in names:
        with database.transaction() as transaction:
            transaction.rows("INSERT INTO monitors (name, target_url) VALUES (:name, '')", name=name)


def names(database: SqliteDatabase) -> list[str]:
    with database.snapshot() as snapshot:
        return [row["name"] for row in snapshot.rows("SELECT name FROM monitors ORDER BY id")]


def _adding(path: Path, wanted: "multiprocessing.connection.Connection") -> None:
    database = opened(path)
    while name := wanted.recv():
        add(database, name)
        wanted.send(names(database))


@pytest.fixture
def other_process(path: Path, database: SqliteDatabase) -> Iterator[Callable[[str], list[str]]]:
    """Adds to the same database from another process, and says what it finds there then."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_adding, args=(path, theirs))
    process.start()

    def ask(name: str) -> list[str]:
        ours.send(name)
        assert ours.poll(10), "the other process does not answer"
        return cast("list[str]", ours.recv())

    yield ask
    ours.send("")
    process.join(10)
    assert process.exitcode == 0


@pytest.mark.parametrize("deleted", [[""], ["", "-wal"], ["", "-shm"], ["", "-wal", "-shm"]], ids="+".join)
def test_processes_go_on_in_one_new_store_where_the_file_is_deleted(
    path: Path, database: SqliteDatabase, other_process: Callable[[str], list[str]], deleted: list[str]
) -> None:
    add(database, "old")
    assert other_process("old, too") == ["old", "old, too"]

    for end in deleted:
        path.with_name(path.name + end).unlink()

    add(database, "one")
    assert other_process("two") == ["one", "two"]
    add(database, "three")
    assert other_process("four") == ["one", "two", "three", "four"]
    # And so it is for one who comes later, when nobody has it open any more.
    database.close()
    assert names(opened(path)) == ["one", "two", "three", "four"]
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_processes_go_on_in_what_replaces_the_file_and_nothing_of_the_old_one_gets_into_it(
    path: Path, database: SqliteDatabase, other_process: Callable[[str], list[str]], tmp_path: Path
) -> None:
    add(database, "kept")
    back_up(path, tmp_path / "copy.db")
    add(database, *(f"lost {number}" for number in range(50)))
    other_process("lost, too")

    # Its log is left where it is.
    shutil.move(tmp_path / "copy.db", path)

    assert names(database) == ["kept"]
    assert other_process("new") == ["kept", "new"]
    assert names(database) == ["kept", "new"]
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_file_that_is_moved_away_takes_everything_along(path: Path, database: SqliteDatabase) -> None:
    add(database, "one", "two")
    moved = path.rename(path.with_name("moved.db"))

    assert names(database) == []
    assert names(opened(moved)) == ["one", "two"]


def test_a_folder_that_is_away_for_a_while_has_everything_when_it_is_back(path: Path, database: SqliteDatabase) -> None:
    add(database, "one")
    away = path.parent.rename(path.parent.with_name("away"))
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="its folder must be there") as raised:
            add(database, "never")
        assert raised.value.is_transient
    away.rename(path.parent)

    add(database, "two")
    assert names(database) == ["one", "two"]


def test_a_full_disk_is_said_reading_goes_on_and_so_does_writing_when_there_is_room(database: SqliteDatabase) -> None:
    add(database, "one")
    database.check()
    with database.snapshot() as snapshot:
        pages = snapshot.rows("PRAGMA page_count")[0]["page_count"]
        snapshot.rows(f"PRAGMA max_page_count = {pages}")

    with pytest.raises(StoreUnavailable, match="no room left") as raised:
        add(database, *(f"{number:0999}" for number in range(20)))
    assert raised.value.is_transient
    assert "one" in names(database)

    with database.snapshot() as snapshot:
        snapshot.rows("PRAGMA max_page_count = 1000000")
    add(database, "two")
    assert names(database)[-1] == "two"


def _on_a_failing_disk(path: Path, said: "multiprocessing.connection.Connection") -> None:
    database = opened(path)
    add(database, "one")
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, most))
    uses: list[Callable[[], object]] = [lambda: add(database, "never"), database.check]
    for use in uses:
        try:
            use()
        except StoreUnavailable as trouble:
            said.send((str(trouble), trouble.is_transient))
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    database.check()
    add(database, "two")
    said.send(names(database))


def test_a_disk_that_fails_is_said_and_what_was_stored_is_there_when_it_works_again(path: Path) -> None:
    path.parent.mkdir()
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    # Of its own, since nothing that it writes can be longer than a byte.
    process = context.Process(target=_on_a_failing_disk, args=(path, theirs))
    process.start()
    for _ in range(2):
        assert ours.poll(10)
        reason, is_transient = ours.recv()
        assert "cannot be read or written (disk I/O error)" in reason
        assert is_transient
    assert ours.poll(10)
    assert ours.recv() == ["one", "two"]
    process.join(10)


def test_a_damaged_file_is_said_and_its_backup_is_used_as_soon_as_it_is_there(
    path: Path, database: SqliteDatabase
) -> None:
    add(database, *(f"{number:0999}" for number in range(50)))
    back_up(path, path.with_name("copy.db"))
    database.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(StoreUnavailable, match=r"damaged: restore a backup.*malformed") as raised:
        names(database)
    assert not raised.value.is_transient

    path.write_bytes(b"nothing of the kind" * 99)
    with pytest.raises(StoreUnavailable, match=r"damaged: restore a backup.*not a database") as raised:
        names(database)
    assert not raised.value.is_transient

    shutil.copyfile(path.with_name("copy.db"), path)
    assert len(names(database)) == 50


def test_a_running_program_notices_a_newer_ones_migration(path: Path, database: SqliteDatabase) -> None:
    add(database, "one")
    with contextlib.closing(sqlite3.connect(path)) as newer, newer:
        newer.execute("ALTER TABLE monitors ADD COLUMN later TEXT")
        newer.execute("INSERT INTO schema_migrations VALUES (999, 'later', '')")

    for use in (lambda: add(database, "never"), lambda: names(database), database.check):
        with pytest.raises(StoreUnavailable, match=r"version 999.*use a newer program") as raised:
            use()
        assert not raised.value.is_transient
    assert sqlite3.connect(path).execute("SELECT name FROM monitors").fetchall() == [("one",)]


def test_those_who_wait_for_a_lock_wait_together_and_let_others_read(
    path: Path, database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.store.engines.lifecycle.BUSY_SECONDS", 0.5)
    monkeypatch.setattr("shared.store.engines.sqlite.lock_wait.FORGET_SECONDS", 0.3)
    add(database, "one")

    def seconds_until_refused() -> float:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="busy") as raised:
            add(database, "never")
        assert raised.value.is_transient
        return time.monotonic() - began

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(8) as threads:
            waiting = [threads.submit(seconds_until_refused) for _ in range(8)]
            began = time.monotonic()
            while not all(each.done() for each in waiting):
                assert names(database) == ["one"]
            reads = time.monotonic() - began
        assert 0.3 < max(each.result() for each in waiting) < 3
        assert reads < 3
        assert seconds_until_refused() < 0.2, "others have waited for it already"
        time.sleep(0.4)
        assert seconds_until_refused() > 0.4, "but that was long ago"
        other.execute("ROLLBACK")
    add(database, "two")
    assert names(database) == ["one", "two"]
