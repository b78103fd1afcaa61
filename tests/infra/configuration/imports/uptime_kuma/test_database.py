"""``kuma.db``: both versions, with and without a WAL beside it, damaged, and of somebody else."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from infra.configuration.imports.result import SourceUnreadable
from infra.configuration.imports.sources import read
from tests.infra.configuration.imports.kuma import Kuma, columns
from tests.infra.configuration.imports.reading import monitor, notes
from tests.infra.configuration.imports.set_ups import NOW


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.iterdir()}


@pytest.mark.parametrize(("version", "count"), [(1, 77), (2, 114)])
def test_the_tests_have_the_columns_of_the_real_schema(tmp_path: Path, version: int, count: int) -> None:
    found = columns(Kuma(tmp_path / "kuma.db", version).close(), "monitor")
    assert len(found) == count
    assert ("bearer_token" in found) is (version == 2)


def test_a_database_of_each_version_is_read(kuma_of_each_version: Kuma) -> None:
    kuma_of_each_version.monitor("Home")
    imported = read(kuma_of_each_version.close(), NOW)
    assert monitor(imported, "Home")["url"] == "https://example.org/"


def test_nothing_is_written_beside_a_database(kuma: Kuma) -> None:
    kuma.monitor("Home")
    folder = kuma.close().parent
    before = state(folder)
    read(folder / "kuma.db", NOW)
    assert state(folder) == before


def test_a_database_in_wal_mode_is_read_without_one(tmp_path: Path) -> None:
    kuma = Kuma(tmp_path / "kuma.db", is_wal=True)
    kuma.monitor("Home")
    file = kuma.close()
    before = state(tmp_path)
    assert set(before) == {"kuma.db"}
    assert read(file, NOW).counts["monitors"] == 1
    assert state(tmp_path) == before


def test_what_is_only_in_the_wal_is_read_too(tmp_path: Path) -> None:
    kuma = Kuma(tmp_path / "kuma.db", is_wal=True)
    kuma.monitor("Home")
    kuma.monitor("Newest")
    file = kuma.left_running()
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as alone, pytest.raises(sqlite3.Error):
        alone.execute("SELECT * FROM monitor").fetchall()
    before = state(tmp_path)
    assert "kuma.db-wal" in before
    assert [each["name"] for each in read(file, NOW).monitors] == ["Home", "Newest"]
    assert state(tmp_path) == before
    kuma.close()


def test_a_folder_with_a_database_is_one_too(kuma: Kuma) -> None:
    kuma.monitor("Home")
    folder = kuma.close().parent
    assert read(folder, NOW).counts == read(folder.parent, NOW).counts == {"monitors": 1, "channels": 0, "windows": 0}


def test_columns_that_are_not_there_count_as_not_set(tmp_path: Path) -> None:
    """An older version, or one that somebody changed."""
    file = tmp_path / "kuma.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(
            """CREATE TABLE monitor (id INTEGER PRIMARY KEY, name TEXT, type TEXT, url TEXT, interval INTEGER);
            CREATE TABLE heartbeat (id INTEGER); CREATE TABLE notification (id INTEGER PRIMARY KEY);
            INSERT INTO monitor VALUES (1, 'Home', 'http', 'https://example.org', 30);"""
        )
    found = monitor(read(file, NOW), "Home")
    assert (found["interval"], found["failure_threshold"], found["channels"]) == ("30s", 1, [])


def test_values_of_the_wrong_type_are_notes(kuma: Kuma) -> None:
    kuma.monitor("Odd", interval="often", headers="{", accepted_statuscodes_json="[", maxretries="x", port="y")
    kuma.monitor("Bytes", url=b"https://example.org/\xff")
    imported = read(kuma.close(), NOW)
    found = monitor(imported, "Odd")
    assert (found["interval"], found["failure_threshold"]) == ("1m", 1)
    assert {note.split(":")[0] for note in notes(imported, "monitors 'Odd'")} >= {"interval", "headers", "maxretries"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"SQLite format 3\0" + b"\x10\0\x01\x01" + b"\xff" * 4000, "cannot be read"),
        (b"\x8e\x11 encrypted" * 100, "no SQLite database"),
        (b"", "no SQLite database"),
    ],
    ids=["damaged", "encrypted", "empty"],
)
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "kuma.db"
    file.write_bytes(content)
    with pytest.raises(SourceUnreadable, match=reason):
        read(file, NOW)


def test_a_truncated_database_is_refused(kuma: Kuma) -> None:
    for number in range(200):
        kuma.monitor(f"Monitor {number}", description="long " * 100)
    file = kuma.close()
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        read(file, NOW)


def test_another_programs_database_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE notes (id INTEGER)")
    with pytest.raises(SourceUnreadable, match="not Uptime Kuma's: it has no table heartbeat"):
        read(file, NOW)


def test_a_folder_whose_data_is_in_mariadb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db-config.json").write_text('{"type": "embedded-mariadb"}')
    with pytest.raises(SourceUnreadable, match=r"keeps its data in MariaDB \(db-config.json says so\)"):
        read(tmp_path, NOW)


def test_a_database_that_mariadb_replaced_may_be_old(kuma: Kuma) -> None:
    """People who moved to MariaDB still have the file. If they name it, they get it, and are told."""
    kuma.monitor("Home")
    file = kuma.close()
    (file.parent / "db-config.json").write_text('{"type": "mariadb", "hostname": "db", "password": "s3cret"}')
    imported = read(file, NOW)
    assert imported.counts["monitors"] == 1
    assert "may be an older state" in notes(imported, "settings")[0]
    assert "s3cret" not in str(imported.notes)


def test_a_name_with_signs_of_a_uri_can_be_opened(tmp_path: Path) -> None:
    folder = tmp_path / "what? 100% #1"
    folder.mkdir()
    kuma = Kuma(folder / "kuma.db")
    kuma.monitor("Home")
    assert read(kuma.close(), NOW).counts["monitors"] == 1


def test_what_another_program_has_begun_is_not_read(kuma: Kuma) -> None:
    """A journal beside the file holds what was there before a transaction that never ended."""
    kuma.monitor("Before")
    file = kuma.close()
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA cache_size = 1")
        database.execute("PRAGMA cache_spill = 1")
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE monitor SET name = 'Half'")
        database.executemany(
            "INSERT INTO monitor (name, type, url, description) VALUES ('M', 'http', 'https://h', ?)",
            [("x" * 2_000,)] * 100,
        )
        before = state(file.parent)
        assert "kuma.db-journal" in before
        assert [each["name"] for each in read(file, NOW).monitors] == ["Before"]
        assert state(file.parent) == before
        database.rollback()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Do something after each file of a database that is being copied."""

    def set_up(step: Callable[[], object]) -> None:
        copy = shutil.copyfile

        def copyfile(source: Path, target: Path) -> None:
            copy(source, target)
            step()

        monkeypatch.setattr(shutil, "copyfile", copyfile)

    return set_up


def test_what_a_running_uptime_kuma_appends_does_no_harm(
    tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]
) -> None:
    """It writes every second. A large database takes longer to be copied, so none of them could be imported."""
    kuma = Kuma(tmp_path / "kuma.db", is_wal=True)
    kuma.monitor("Home")
    meanwhile(lambda: kuma.add("heartbeat", monitor_id=1, status=1, time="2026-11-30 10:52:32.124"))
    assert [each["name"] for each in read(kuma.left_running(), NOW).monitors] == ["Home"]
    kuma.close()


def test_a_copy_of_two_moments_is_refused(tmp_path: Path, meanwhile: Callable[[Callable[[], object]], None]) -> None:
    """Pages that move from the WAL into the database while both are copied may be in neither copy."""
    kuma = Kuma(tmp_path / "kuma.db", is_wal=True)
    kuma.monitor("Home")

    def move() -> None:
        kuma.monitor("Another")
        kuma.checkpoint()

    meanwhile(move)
    with pytest.raises(SourceUnreadable, match="changes while it is read: stop Uptime Kuma first, or import a copy"):
        read(kuma.left_running(), NOW)
    kuma.close()
