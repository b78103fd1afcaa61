"""A start while the store is in trouble: visitors see how it stood, callers get 503, and it goes on by itself."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.local.starts import refusal_to_start
from tests.support.running import LocalSystem, environment
from tests.support.stand_ins import BotApi, Target

pytestmark = pytest.mark.system

AS_IT_STOOD = "This is how it stood"


@pytest.fixture
def system(project: Path, tmp_path: Path) -> Iterator[LocalSystem]:
    """A system that ran, showed its status page to a visitor, and ended."""
    file = tmp_path / "bonghwa.yaml"
    with Target() as target, BotApi() as bot_api:
        shop = f"{{name: Shop, url: '{target.url}', interval: 1s, group: Web}}"
        file.write_text(f"monitors: [{shop}]\nstatus_page: {{groups: [Web]}}\n")
        settings = {"CONFIG_FILE": str(file), "TELEGRAM_POLLING": "true", **bot_api.environ}
        running = LocalSystem(project, tmp_path, **settings)
        with running:
            running.wait_until(lambda: running.rows("SELECT 1 FROM monitors WHERE state = 'UP' AND group_name = 'Web'"))
            assert "Shop" in page(running)
        yield running
        if running._process is not None:
            running.kill()


def page(system: LocalSystem) -> str:
    return system.get("/status", headers={"Accept": "text/html"}).text


def assert_visitors_see_how_it_stood(system: LocalSystem, why: str) -> None:
    [warning] = [line for line in system.output().splitlines() if line.startswith("bonghwa: ")]
    assert warning.startswith(f"bonghwa: warning: DATABASE_URL is 'sqlite:///{system.database}': expected a database")
    assert why in warning
    shown = system.get("/status", headers={"Accept": "text/html"})
    assert shown.status_code == 200
    assert AS_IT_STOOD in shown.text
    assert "Shop" in shown.text
    health = system.get("/")
    assert (health.status_code, health.json()["status"]) == (503, "unavailable")
    assert "Traceback" not in system.output()


def test_a_damaged_store_at_the_start(system: LocalSystem) -> None:
    before = system.database.read_bytes()
    system.database.write_bytes(b"This is no database. " * 1000)
    with system:
        assert_visitors_see_how_it_stood(system, "is damaged: restore a backup")
        restored = system.database.with_name("restored.db")
        restored.write_bytes(before)
        restored.replace(system.database)
        system.wait_until(lambda: AS_IT_STOOD not in page(system))
        system.wait_until(lambda: system.get("/").json()["database"] == "ok")


def test_a_locked_store_at_the_start(system: LocalSystem) -> None:
    with contextlib.closing(sqlite3.connect(system.database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with system:
            assert_visitors_see_how_it_stood(system, "busy: another process has locked it")
            other.close()
            system.wait_until(lambda: system.get("/").json()["database"] == "ok")


def test_a_server_that_does_not_respond_at_the_start(project: Path, tmp_path: Path, bot_api: BotApi) -> None:
    url = "postgresql://kim:hunter2@127.0.0.1:1/bonghwa"
    # Otherwise it would find the page that another system of this project kept.
    settings = {"DATABASE_URL": url, "SPOOL_DIR": str(tmp_path), "TELEGRAM_POLLING": "true", **bot_api.environ}
    with LocalSystem(project, tmp_path, **settings) as system:
        said = "bonghwa: warning: DATABASE_URL is 'postgresql://127.0.0.1:1/bonghwa': expected a database"
        assert said in system.output()
        health = system.get("/")
        assert (health.status_code, "nothing listens there" in health.json()["database"]) == (503, True)
        assert system.get("/status", headers={"Accept": "text/html"}).status_code == 503
        assert "hunter2" not in system.output()
        assert "Traceback" not in system.output()


def test_a_store_of_a_newer_program_stops_the_start(system: LocalSystem) -> None:
    with contextlib.closing(sqlite3.connect(system.database)) as newer, newer:
        newer.execute("INSERT INTO schema_migrations VALUES (999, 'later', '')")
    assert "use a newer program" in refusal_to_start(system.project, environment(system.folder))
