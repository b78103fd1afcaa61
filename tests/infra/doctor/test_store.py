"""Findings about the store and its disk."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from infra.doctor import store
from shared import ROOT
from shared.models import as_text, now
from shared.settings import Settings
from shared.store import open_store
from shared.store.engines import lifecycle
from shared.store.engines.sqlite.database import SqliteDatabase
from shared.store.migrate import migrate
from tests.infra.doctor.examined import FAILURE, OK, WARNING, execute, find, one
from tests.support.postgres import Server
from tests.support.running import rows_of

pytestmark = pytest.mark.slow


def test_a_missing_store_is_found_and_none_is_made(environ: dict[str, str], tmp_path: Path) -> None:
    environ["DATABASE_URL"] = f"sqlite:///{tmp_path / 'folder' / 'none.db'}"
    found = one(find(environ), "store", "there is no database at ")
    assert found.verdict is FAILURE
    assert found.fix == f"mkdir -p {tmp_path / 'folder'} && .venv/bin/python -m infra init-db"
    assert not (tmp_path / "folder").exists()


def test_a_database_with_ipv6_only_is_found(environ: dict[str, str]) -> None:
    environ["DATABASE_URL"] = "postgresql://me:secret-of-mine@[::1]:1/b"
    found = one(find(environ), "store", "the host of DATABASE_URL, ::1, has an IPv6 address only")
    assert found.verdict is WARNING
    environ["DATABASE_URL"] = "postgresql://me:secret-of-mine@127.0.0.1:1/b"
    assert not any("IPv6" in each.found for each in find(environ))


def test_a_store_in_the_wrong_place_is_found(environ: dict[str, str]) -> None:
    found = one(find(environ | {"K_SERVICE": "health"}), "store", "does not outlive a function in a cloud")
    assert (found.verdict, found.fix) == (FAILURE, "DATABASE_URL=postgresql://…")


def test_a_store_of_an_older_program_is_found_and_unchanged(environ: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "older.db"
    older = SqliteDatabase(path)
    migrate(older, as_text(now()), sorted((ROOT / "shared/store/migrations").glob("*.sql"))[:1])
    older.close()
    environ["DATABASE_URL"] = f"sqlite:///{path}"
    for _ in range(2):
        found = one(find(environ), "store", "the database has version 1")
        assert (found.verdict, found.fix) == (WARNING, ".venv/bin/python -m infra init-db")


def test_a_store_of_a_newer_program_is_found(environ: dict[str, str], database: Path) -> None:
    execute(database, "INSERT INTO schema_migrations (version) VALUES (99)")
    found = one(find(environ), "store", "the database has version 99, from a newer program")
    assert found.verdict is FAILURE


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def test_a_store_of_another_program_is_found(
    environ: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest, engine: str
) -> None:
    path = tmp_path / "rails.db"
    url = f"sqlite:///{path}" if engine == "sqlite" else request.getfixturevalue("postgres").new_store()
    environ["DATABASE_URL"] = url
    path.touch()
    rows_of(url, "CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY)")
    rows_of(url, "INSERT INTO schema_migrations VALUES ('20240101000000')")
    found = one(find(environ), "store", "this schema belongs to another program")
    assert (found.verdict, found.fix) == (FAILURE, "CREATE DATABASE bonghwa, and DATABASE_URL to it")


def test_a_damaged_store_is_found(environ: dict[str, str], database: Path) -> None:
    database.write_bytes(b"this is no database\n" * 500)
    found = one(find(environ), "store", "is damaged")
    assert (found.verdict, found.fix) == (FAILURE, "shared/store/README.md, Backup and restore")


def test_a_store_that_somebody_has_locked_is_found(
    environ: dict[str, str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "CHECK_SECONDS", 0.1)
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = one(find(environ), "store", "another process has locked it")
    assert (found.verdict, found.fix) == (FAILURE, f"fuser {database} shows which process holds it")


def test_a_disk_that_fills_up_is_found(
    environ: dict[str, str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one(find(environ), "disk", "the database has 0.").verdict is OK
    monkeypatch.setattr(store, "ENOUGH_BYTES", 2**62)
    found = one(find(environ), "disk", "GB free")
    assert found.verdict is WARNING
    assert f"df -h {database.parent}" in (found.fix or "")


def test_a_server_that_is_away_is_found(environ: dict[str, str]) -> None:
    environ["DATABASE_URL"] = "postgresql://kim:pass-of-kim@127.0.0.1:1/bonghwa"
    found = one(find(environ), "store", "nothing listens there")
    assert (found.verdict, found.expected) == (FAILURE, "postgresql://127.0.0.1:1/bonghwa, writable")


@pytest.mark.system
def test_a_search_path_without_a_schema_is_found(environ: dict[str, str], postgres: Server) -> None:
    environ["DATABASE_URL"] = f"{postgres.url}?options=-csearch_path%3Dnowhere"
    findings = find(environ)
    assert one(findings, "store", "the search_path names no schema that is there").verdict is FAILURE
    assert not [each for each in findings if "version 0" in each.found]


@pytest.mark.system
def test_a_postgresql_server_is_checked_too(
    environ: dict[str, str], postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ["DATABASE_URL"] = postgres.new_store()
    assert one(find(environ), "store", "the database has version 0").verdict is WARNING
    open_store(Settings.from_env(environ)).database.close()
    findings = find(environ)
    assert one(findings, "store", "can be written, version ").verdict is OK
    assert one(findings, "disk", "MB on its server").verdict is OK
    assert one(findings, "clock", "the database's server has the same time").verdict is OK
    assert one(findings, "checks", "no agent has reported").verdict is WARNING
    monkeypatch.setattr(store, "OLDEST_SERVER", 990_000)
    monkeypatch.setattr(store, "now", lambda: now() - timedelta(hours=1))
    findings = find(environ)
    assert one(findings, "store", "the server is PostgreSQL ").verdict is WARNING
    assert one(findings, "clock", "the database's server is 1 h ahead of this machine").verdict is WARNING
