"""The addresses of the databases that deployments make: a Unix socket on Google Cloud, checked TLS on AWS."""

import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from infra.clouds.aws.database import authorities, stages
from infra.clouds.gcp import database as cloud_sql
from infra.clouds.gcp.project import Existing
from shared.settings import Settings
from shared.settings.secrets import is_secret, without_password
from shared.store import StoreUnavailable
from shared.store.engines.postgres.database import PostgresDatabase
from tests.shared.store.engines.postgres.use import prepare
from tests.support.postgres import Server
from tests.support.servers.certificates import A_DAY, TODAY, Authority
from tests.support.servers.raw_servers import RawServers
from tests.support.store.monitor_names import add, names
from tests.system.runtimes.google import PLACE

pytestmark = [pytest.mark.system, pytest.mark.together("cloud addresses")]
ON_GOOGLE = cloud_sql.inspect(PLACE, Existing()).url.get_secret_value()
PASSWORD = SecretStr("Ab_-cdefghijklmnopqrstuvwxyz0123456789ABCDE")
ON_AMAZON = stages.url(stages.Existing("CREATE_COMPLETE", "localhost", PASSWORD))
SOCKETS = "/cloudsql/"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """It listens on a socket in a folder that is named as on Cloud Run."""
    with Server() as server:
        server.stop()
        folder = server.folder / "cloudsql" / ON_GOOGLE.rpartition(SOCKETS)[2]
        folder.mkdir(parents=True)
        for each in (folder.parent, folder):
            os.chown(each, server.folder.stat().st_uid, -1)
        server.options["unix_socket_directories"] = str(folder)
        server.start()
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute(f"CREATE USER bonghwa PASSWORD '{PASSWORD.get_secret_value()}'".encode())
            admin.execute("CREATE DATABASE bonghwa OWNER bonghwa")
        yield server


@pytest.fixture(scope="module")
def tls_port(server: Server, authority: Authority) -> Iterator[int]:
    """The server behind TLS, as localhost: the wheel's server cannot speak it."""
    context = authority.context(TODAY - A_DAY, TODAY + A_DAY)

    def handler(connection: Any) -> None:
        assert connection.recv(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f", "what asks for TLS"
        connection.sendall(b"S")
        client = context.wrap_socket(connection, server_side=True)
        with socket.create_connection(("127.0.0.1", server.port)) as behind:
            while True:
                ready = [client] if client.pending() else select.select([client, behind], [], [])[0]
                for each in ready:
                    if not (data := each.recv(65536)):
                        return
                    (behind if each is client else client).sendall(data)

    servers = RawServers()
    yield servers(handler)
    servers.close()


def on_google(server: Server, password: str) -> str:
    """The address there, with this server's folder and port."""
    made = ON_GOOGLE.partition("bonghwa:")[2].partition("@")[0]
    url = ON_GOOGLE.replace(made, password).replace(SOCKETS, f"{server.folder}{SOCKETS}")
    return f"{url}&port={server.port}"


def on_amazon(port: int, file: Path) -> str:
    """The address there, with this port and other authorities."""
    address, _, _ = ON_AMAZON.replace(":5432", f":{port}").partition("/var/task/")
    return f"{address}{file}"


def use(url: str, name: str) -> list[str]:
    database = PostgresDatabase(SecretStr(url), prepare=prepare)
    try:
        add(database, name)
        return names(database)
    finally:
        database.close()


def test_the_store_works_over_cloud_runs_socket(server: Server) -> None:
    assert "by socket" in use(on_google(server, PASSWORD.get_secret_value()), "by socket")


def test_a_wrong_password_is_refused_and_shown_nowhere(server: Server) -> None:
    with pytest.raises(StoreUnavailable, match="rejects the user or the password") as raised:
        use(on_google(server, "another-password"), "never")
    assert "another-password" not in str(raised.value)


def test_the_longest_socket_has_a_path_that_linux_allows() -> None:
    name = ON_GOOGLE.rpartition(":")[2]
    assert len(f"/cloudsql/{'p' * 30}:northamerica-northeast1:{name}/.s.PGSQL.5432") < 108


def test_the_store_trusts_only_the_authorities_of_its_file(tls_port: int, authority: Authority, tmp_path: Path) -> None:
    """With a server of RDS's own it would be the file that is in the zip."""
    both = tmp_path / "both.pem"
    both.write_text(f"{authorities.FILE.read_text()}{Path(authority.file).read_text()}")
    assert "by TLS" in use(on_amazon(tls_port, both), "by TLS")
    with pytest.raises(StoreUnavailable, match="has a certificate that is not trusted"):
        use(on_amazon(tls_port, authorities.FILE), "never")
    with pytest.raises(StoreUnavailable, match="the file of sslrootcert in DATABASE_URL is not there"):
        use(on_amazon(tls_port, tmp_path / "missing.pem"), "never")


def test_a_certificate_for_another_host_is_not_trusted(tls_port: int, authority: Authority) -> None:
    url = on_amazon(tls_port, Path(authority.file)).replace("@localhost:", "@127.0.0.1:")
    with pytest.raises(StoreUnavailable, match="certificate"):
        use(url, "never")


@pytest.mark.parametrize("url", [ON_GOOGLE, ON_AMAZON], ids=["google", "amazon"])
def test_settings_take_the_address_and_never_show_its_password(url: str) -> None:
    settings = Settings.from_env({"DATABASE_URL": url})
    password = url.partition("bonghwa:")[2].partition("@")[0]
    assert len(password) == 43
    assert is_secret("DATABASE_URL", url)
    for shown in (settings.database, repr(settings), without_password(url)):
        assert password not in shown
    assert settings.database.startswith("postgresql://")
    assert settings.database.endswith("/bonghwa")
