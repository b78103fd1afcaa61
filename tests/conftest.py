"""Fixtures that many tests start from."""

import logging
import os
import time
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr

from shared import logs
from shared.models import as_text
from shared.notifiers.services.sns import connection
from shared.store.engines.database import Database
from shared.store.engines.postgres.database import PostgresDatabase
from shared.store.engines.sqlite.database import SqliteDatabase
from tests.support import leaks
from tests.support.builders import NOON
from tests.support.forking.forks import starts_by_forks
from tests.support.pgbouncer import Pgbouncer
from tests.support.postgres import Server
from tests.support.running import API_KEY, AWS, copy_project, environment
from tests.support.stand_ins import BotApi, Target
from tests.support.store.migrated import MigratedStores
from tests.support.store.new_file import new_file

pytest_plugins = ["tests.support.workers.plugin"]
SECRETS = leaks.secrets_of({"API_KEY": API_KEY, "TELEGRAM_BOT_TOKEN": BotApi.token})
# How long an example takes says how busy the machine is, and not whether the test holds. A fixture is
# made once for all examples of a test, and is meant so.
hypothesis_settings.register_profile(
    "bonghwa", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("bonghwa")
# Messages show times in the zone of the machine.
os.environ["TZ"] = "UTC"
time.tzset()
# The transactions of SQLite whose commits do.
_WAIT_FOR_THE_DISK = {"READ": SqliteDatabase.READ, "WRITE": SqliteDatabase.WRITE}


@pytest.fixture(scope="session", autouse=True)
def nothing_that_was_written_holds_a_secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """At the end of the run (with xdist, of each worker's): every file of every test is searched."""
    yield
    leaks.search(tmp_path_factory.getbasetemp(), SECRETS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Search the output of the system inside a test's own process too."""
    report = yield
    # The last of a test's three reports carries what was printed in all of them.
    printed = "".join(text for _, text in report.sections) if report.when == "teardown" else ""
    leaked = leaks.found_in(printed.encode(), SECRETS)
    if leaked and report.passed:
        report.outcome, report.longrepr = "failed", f"secrets can be read in what was printed: {leaked}"
    return report


@pytest.fixture(scope="session", autouse=True)
def no_commit_waits_for_the_disk() -> Iterator[None]:
    """A crash of the machine does not matter here, and to wait for a disk takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _WAIT_FOR_THE_DISK:
            mode = getattr(SqliteDatabase, name)
            patch.setattr(SqliteDatabase, name, mode._replace(level="PRAGMA synchronous = OFF"))
        yield


@pytest.fixture
def commits_wait_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they do in every system that runs."""
    for name, mode in _WAIT_FOR_THE_DISK.items():
        monkeypatch.setattr(SqliteDatabase, name, mode)


@pytest.fixture(scope="session")
def forked_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project, for everything that leaves no mark in it but ``.env``; what starts in it is a fork."""
    copy = copy_project(tmp_path_factory.mktemp("project"))
    with starts_by_forks(copy, environment(copy)):
        yield copy


@pytest.fixture(scope="session")
def project(forked_project: Path) -> Path:
    """The same, except where every start is a true one."""
    return forked_project


@pytest.fixture
def target() -> Iterator[Target]:
    """A healthy web service."""
    with Target() as healthy:
        yield healthy


@pytest.fixture
def bot_api() -> Iterator[BotApi]:
    """Telegram on a good day."""
    with BotApi() as listening:
        yield listening


@pytest.fixture
def fresh_logs() -> Iterator[Callable[[], None]]:
    """Makes the loggers read this test's standard output and settings; to be called again after a change of either."""
    logs._logger.cache_clear()
    yield logs._logger.cache_clear
    logs._logger.cache_clear()


@pytest.fixture(scope="session")
def aws_server() -> Iterator[str]:
    """moto's AWS, by its URL; started by the first test that asks for it."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    # Without this, it prints every request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    SECRETS["AWS_SECRET_ACCESS_KEY"] = {AWS["AWS_SECRET_ACCESS_KEY"]}
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture
def aws(aws_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The variables that lead to moto's AWS, set in this process too."""
    environ = {**AWS, "AWS_ENDPOINT_URL": aws_server}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    connection.idle_connections.clear()
    yield environ
    connection.idle_connections.clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server, started by the first test that asks for it."""
    with Server() as server:
        SECRETS["DATABASE_URL"] = {server.password}
        yield server


@pytest.fixture(scope="session")
def migrated_stores(postgres: Server) -> Iterator[MigratedStores]:
    """Empty stores on that server, which tests use one after the other."""
    stores = MigratedStores(postgres)
    yield stores
    stores.close()


@pytest.fixture(scope="session")
def pgbouncer(postgres: Server) -> Iterator[Pgbouncer]:
    """A pooler in transaction mode in front of that server; skips where it is not installed."""
    with Pgbouncer(postgres) as pooler:
        yield pooler


def new_store(request: pytest.FixtureRequest, engine: str | None = None) -> str | None:
    """The URL of an empty store on the server that ``engine``, or the parameter, names; None for SQLite."""
    engine = engine or getattr(request, "param", "sqlite")
    if engine == "pgbouncer":
        pooler = request.getfixturevalue("pgbouncer")
        url: str = pooler.new_store()
        request.addfinalizer(lambda: pooler.forget(url))
        return url
    return request.getfixturevalue("postgres").new_store() if engine == "postgresql" else None


def migrated_store(request: pytest.FixtureRequest, file: Path, made_at: datetime, engine: str) -> str | None:
    """Like new_store, with all tables; for SQLite in ``file``."""
    if engine in ("postgresql", "pgbouncer"):
        pooler = request.getfixturevalue("pgbouncer") if engine == "pgbouncer" else None
        stores = request.getfixturevalue("migrated_stores")
        direct: str = stores.take(as_text(made_at))
        request.addfinalizer(lambda: stores.give_back(direct))
        if pooler is None:
            return direct
        url: str = pooler.lead_to(direct)
        request.addfinalizer(lambda: pooler.forget(url))
        return url
    if engine == "sqlite":
        new_file(file, as_text(made_at))
    return new_store(request, engine)


def databases_of_one_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Gives databases that are all of one store, which is empty at first. Closed at the end."""
    made: list[Database] = []
    file = tmp_path / "notifications.db"
    # A test that asks for a store would only make the tables anew.
    is_migrated = "store" in request.fixturenames
    engine = getattr(request, "param", "sqlite")
    url = migrated_store(request, file, NOON, engine) if is_migrated else new_store(request, engine)

    def new() -> Database:
        made.append(PostgresDatabase(SecretStr(url)) if url else SqliteDatabase(file))
        return made[-1]

    yield new
    for each in made:
        each.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """See databases_of_one_store: on each engine."""
    yield from databases_of_one_store(request, tmp_path)


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    """An empty database of each engine."""
    return new_database()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """On each engine: the setting that leads to a store of this test, which nobody has made yet."""
    return {"DATABASE_URL": new_store(request) or f"sqlite:///{tmp_path / 'bonghwa.db'}"}
