"""The connection to PostgreSQL: lost, refused, replaced, and one for each process."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from shared import ROOT
from shared.settings import Settings
from shared.store import StoreUnavailable
from shared.store.engines.postgres import database as engine
from shared.store.engines.postgres.database import PostgresDatabase
from tests.shared.store.engines.postgres.use import SESSIONS, hang_up, prepare
from tests.support.postgres import Server
from tests.support.running import rows_of
from tests.support.store.monitor_names import add, names

pytestmark = pytest.mark.system


def test_a_connection_that_the_server_ended_is_replaced(url: str, database: PostgresDatabase) -> None:
    for name in ("one", "two"):
        hang_up(url)
        add(database, name)
    hang_up(url)
    assert names(database) == ["one", "two"]
    hang_up(url)
    database.check()


@pytest.mark.parametrize("sent", ["a statement", "the commit", "several with the commit"])
def test_a_transaction_without_its_connection_leaves_nothing(url: str, database: PostgresDatabase, sent: str) -> None:
    def interrupted() -> None:
        with database.transaction() as transaction:
            transaction.rows("INSERT INTO monitors (name, target_url) VALUES ('lost', '')")
            hang_up(url)
            if sent != "the commit":
                send = transaction.rows if sent == "a statement" else transaction.run
                send("INSERT INTO monitors (name, target_url) VALUES ('lost too', '')")

    with pytest.raises(StoreUnavailable, match="ended the connection") as raised:
        interrupted()
    assert raised.value.is_transient
    assert names(database) == []


def test_an_absent_server_is_reported_and_used_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "UNREACHABLE_SECONDS", 0.2)
    with Server() as server:
        database = PostgresDatabase(SecretStr(server.url), prepare=prepare)
        add(database, "before")
        server.stop()
        for use in (lambda: add(database, "lost"), lambda: names(database), database.check, database.open):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="the database server does not run: nothing listens") as raised:
                use()
            assert raised.value.is_transient
            assert time.monotonic() - began < 2
            assert server.password not in f"{raised.value!r}{raised.value.__cause__!r}{raised.value.__context__!r}"
        server.start()
        time.sleep(0.2)
        database.check()
        add(database, "after")
        assert names(database) == ["before", "after"]
        database.close()


@pytest.mark.parametrize(
    ("wrong", "right", "why"),
    [
        (":{password}@", ":wrong-password@", "rejects the user or the password"),
        ("/postgres?", "/nowhere?", "does not know the user or the database"),
        (":{password}@", "@", "rejects the user or the password: DATABASE_URL has no password"),
        ("127.0.0.1", "nowhere.invalid", "has a host name that is not known"),
        ("?", "?nonsense=1&", "URL is malformed"),
    ],
)
def test_a_server_that_rejects_us_says_why_without_names(
    postgres: Server, url: str, wrong: str, right: str, why: str
) -> None:
    database = PostgresDatabase(SecretStr(url.replace(wrong.format(password=postgres.password), right)))
    with pytest.raises(StoreUnavailable, match=why) as raised:
        database.open()
    told = f"{raised.value} {raised.value.__cause__}"
    assert not [word for word in ("wrong-password", postgres.password, "127.0.0.1", "nowhere") if word in told]


def test_a_user_who_may_not_connect_is_told(postgres: Server) -> None:
    with psycopg.connect(postgres.url, autocommit=True) as administrator:
        administrator.execute("CREATE DATABASE closed")
        administrator.execute("REVOKE CONNECT ON DATABASE closed FROM PUBLIC")
        for option in ("LOGIN", "NOLOGIN"):
            administrator.execute(f"CREATE ROLE stranger {option} PASSWORD 'of-a-stranger'".encode())
            database = PostgresDatabase(
                SecretStr(f"postgresql://stranger:of-a-stranger@127.0.0.1:{postgres.port}/closed")
            )
            with pytest.raises(StoreUnavailable, match="the database server does not let its user in"):
                database.open()
            administrator.execute("DROP ROLE stranger")
        administrator.execute("DROP DATABASE closed")


@pytest.mark.parametrize("hosts", ["127.0.0.1:{port}", "127.0.0.1:1,127.0.0.1:{port}"])
def test_a_standby_alone_is_read_only(postgres: Server, url: str, hosts: str) -> None:
    url = url.replace(f"127.0.0.1:{postgres.port}", hosts.format(port=postgres.port))
    url += "%20-cdefault_transaction_read_only%3Don&target_session_attrs=read-write"
    database = PostgresDatabase(SecretStr(url))
    with pytest.raises(StoreUnavailable, match="is read-only: a replica") as raised:
        database.open()
    assert raised.value.is_transient


def test_a_server_that_only_reads_is_unhealthy(url: str, database: PostgresDatabase) -> None:
    database.check()
    read_only = f"{url}%20-cdefault_transaction_read_only%3Don"
    replica = PostgresDatabase(SecretStr(read_only), prepare=prepare)
    assert names(replica) == []
    for use in (replica.check, lambda: add(replica, "x")):
        with pytest.raises(StoreUnavailable, match="is read-only") as raised:
            use()
        assert raised.value.is_transient
    replica.close()


@pytest.mark.parametrize("met", ["by a write", "by the health check"])
def test_a_server_that_is_writable_again_is_written_to(postgres: Server, url: str, met: str) -> None:
    """A session keeps the default with which it began, as one on a standby stays there."""
    database = PostgresDatabase(SecretStr(url), prepare=prepare)
    add(database, "before")
    database.close()
    with psycopg.connect(postgres.url, autocommit=True) as administrator:
        administrator.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
        try:
            assert names(database) == ["before"]
            with pytest.raises(StoreUnavailable, match="is read-only"):
                add(database, "lost") if met == "by a write" else database.check()
        finally:
            administrator.execute("ALTER DATABASE postgres RESET default_transaction_read_only")
    add(database, "after")
    database.check()
    assert names(database) == ["before", "after"]
    database.close()


def test_a_process_has_one_connection(url: str, new: Callable[[], PostgresDatabase]) -> None:
    database = new()
    threads = [threading.Thread(target=names, args=[database]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(rows_of(url, f"SELECT pid {SESSIONS}")) == 1


def test_only_the_users_of_an_engine_load_it(tmp_path: Path) -> None:
    script = """
import sys
from shared.settings import Settings
from shared.store import open_store
open_store(Settings.from_env({"DATABASE_URL": "sqlite:///" + sys.argv[1]})).summary()
sys.exit(bool({"psycopg", "shared.store.engines.postgres.database"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path / "x.db")], cwd=ROOT).returncode == 0


def test_the_setting_opens_the_store(url: str) -> None:
    from shared.store import open_store

    store = open_store(Settings.from_env({"DATABASE_URL": url}))
    assert store.summary() == {"last_check": None, "open_alerts": 0, "owed_notifications": 0}
    store.database.close()
