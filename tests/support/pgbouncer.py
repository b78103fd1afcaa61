"""A real pgbouncer in transaction mode between a store and its server, where it is installed."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from tests.support.postgres import Server
from tests.support.running import free_port, rows_of, wait_until

START_SECONDS = 30.0
# Only root's path has it where Debian puts it.
_PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
# Few connections, used in turn, so that two transactions in a row rarely share a session. Nothing is set to be ignored,
# so the pooler refuses whatever it cannot give.
_SETTINGS = """
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
admin_users = postgres
pool_mode = transaction
default_pool_size = 2
server_round_robin = 1
server_reset_query =
"""


class Pgbouncer:
    """Listens on a free port of 127.0.0.1 as a context manager. Skips the test if it is not installed."""

    def __init__(self, server: Server) -> None:
        if _PROGRAM is None:
            pytest.skip("pgbouncer is not installed")
        self.server = server
        self.port = free_port()
        # Outside pytest's folders, because only their owner may enter them and they are searched for secrets.
        self.folder = Path(tempfile.mkdtemp(prefix="bonghwa-pgbouncer-"))
        self._databases = ""
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._asking: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Start it and wait until it responds."""
        (self.folder / "users.txt").write_text(f'"postgres" "{self.server.password}"\n')
        self._configure()
        # It refuses to run as root.
        nobody = pwd.getpwnam("nobody")
        other: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(_PROGRAM), str(self.folder / "pgbouncer.ini")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **(other if os.geteuid() == 0 else {}),
            )
        try:
            wait_until(self._answers, START_SECONDS, otherwise=self.log)
        except BaseException:
            self.__exit__()
            raise

    def stop(self) -> None:
        """Kill it, which ends every connection to it."""
        assert self._process is not None
        if self._asking is not None:
            self._asking.close()
            self._asking = None
        self._process.kill()
        self._process.wait(10)

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """Its log."""
        return (self.folder / "log").read_text(errors="replace")

    def url(self, database: str) -> str:
        """The DATABASE_URL of one of its databases."""
        return f"postgresql://postgres:{self.server.password}@127.0.0.1:{self.port}/{database}"

    def new_store(self) -> str:
        """The URL of a new, empty store behind it."""
        # A pooler does not pass this option on to the server.
        direct, _, schema = self.server.new_store().partition("?options=-csearch_path%3D")
        return self._led(schema, direct, f" connect_query='SET search_path TO {schema}'")

    def lead_to(self, direct: str) -> str:
        """The URL of a store behind it, which ``direct`` leads to past it; another one each time."""
        return self._led(f"led_{next(self._numbers)}", direct.partition("?")[0])

    def _led(self, name: str, direct: str, more: str = "") -> str:
        self._databases += f"{name} = host=127.0.0.1 port={self.server.port} dbname={direct.rpartition('/')[2]}{more}\n"
        self._configure()
        self._order("RELOAD")
        return self.url(name)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Suspend it meanwhile. Its connections stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        yield
        self._process.send_signal(signal.SIGCONT)

    def forget(self, url: str) -> None:
        """End the connections of a store. Otherwise they pile up until the server has none left."""
        self._order(f"KILL {url.rpartition('/')[2]}")

    def _order(self, words: str) -> None:
        if self._asking is None:
            self._asking = psycopg.connect(self.url("pgbouncer"), autocommit=True, prepare_threshold=None)
        self._asking.execute(words.encode())

    def _configure(self) -> None:
        settings = _SETTINGS.format(port=self.port, folder=self.folder)
        (self.folder / "pgbouncer.ini").write_text(f"[databases]\n{self._databases}{settings}")

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            return bool(rows_of(self.url("pgbouncer"), "SHOW VERSION"))
        except psycopg.OperationalError:
            return False
