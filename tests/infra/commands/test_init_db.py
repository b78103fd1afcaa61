"""``python -m infra init-db`` makes a store, leaves it as it is, or empties it."""

import subprocess
from pathlib import Path

import pytest

from shared.store.migrate import known_version
from tests.infra.command_line import infra
from tests.support.postgres import Server
from tests.support.running import LocalSystem, environment, rows_of
from tests.support.stand_ins import Target

pytestmark = pytest.mark.system


def test_init_db_makes_a_database_or_leaves_it_unchanged(project: Path, tmp_path: Path, target: Target) -> None:
    environ = environment(tmp_path)
    database = tmp_path / "bonghwa.db"

    assert infra("init-db", environ=environ, project=project).stdout == f"{database} is ready\n"
    with LocalSystem(project, tmp_path, TARGET_URL=target.url) as running:
        running.wait_for_further_events(1, is_success=True)
    events = running.rows("SELECT * FROM events")

    assert infra("init-db", environ=environ, project=project).stdout == f"{database} is ready\n"
    assert running.rows("SELECT * FROM events") == events


def reset(running: LocalSystem, *options: str, reply: str | None = None) -> "subprocess.CompletedProcess[str]":
    return infra("init-db", "--reset", *options, environ=running.environ, project=running.project, reply=reply)


def test_a_reset_asks_and_then_empties_a_running_database(project: Path, tmp_path: Path, target: Target) -> None:
    with LocalSystem(project, tmp_path, TARGET_URL=target.url) as running:
        target.is_down = True
        running.wait_until(lambda: running.told("OUTAGE"))
        first = running.rows("SELECT * FROM events WHERE id = 1")
        target.is_down = False
        running.wait_until(lambda: running.told("RECOVERY"))

        for reply in ("n\n", "\n", ""):
            kept = reset(running, reply=reply)
            assert "Delete every event, alert and log in" in kept.stdout
            assert kept.stderr == "nothing was deleted\n"
            assert kept.returncode == 1
        assert running.rows("SELECT * FROM events WHERE id = 1") == first
        assert len(running.alerts()) == 1

        emptied = reset(running, reply="y\n")
        assert emptied.returncode == 0
        assert emptied.stdout.endswith(f"{running.database} is empty and ready\n")
        assert running.alerts() == running.notification_logs() == []
        # The system goes on in the empty database: it checks, and tells the next outage.
        running.wait_for_further_events(2, is_success=True)
        assert running.rows("SELECT * FROM events WHERE id = 1") != first
        target.is_down = True
        running.wait_until(lambda: running.told("OUTAGE")[1:])
        assert [alert["id"] for alert in running.alerts()] == [1]

        assert reset(running, "--yes").stdout == f"{running.database} is empty and ready\n"


def test_a_postgresql_store_is_made_and_emptied_too(tmp_path: Path, postgres: Server) -> None:
    url, where = postgres.new_store(), f"postgresql://127.0.0.1:{postgres.port}/postgres"
    environ = environment(tmp_path, DATABASE_URL=url)
    assert infra("init-db", environ=environ).stdout == f"{where} is ready\n"
    rows_of(url, "INSERT INTO monitors (name, target_url) VALUES ('old', '')")
    answer = infra("init-db", "--reset", "--yes", environ=environ)
    assert (answer.stdout, answer.stderr) == (f"{where} is empty and ready\n", "")
    assert rows_of(url, "SELECT name FROM monitors") == []


def test_a_reset_drops_nothing_of_another_program(tmp_path: Path, postgres: Server) -> None:
    url = postgres.new_store()
    rows_of(url, "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, dirty BOOLEAN)")
    rows_of(url, "INSERT INTO schema_migrations VALUES (?, false)", known_version())
    for options in ((), ("--reset", "--yes")):
        answer = infra("init-db", *options, environ=environment(tmp_path, DATABASE_URL=url))
        assert (answer.stdout, answer.returncode, answer.stderr.count("\n")) == ("", 1, 1)
        assert "this schema belongs to another program" in answer.stderr
    assert len(rows_of(url, "SELECT * FROM schema_migrations")) == 1
