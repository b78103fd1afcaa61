"""The real system and its functions as processes of a test: started, asked over HTTP, and ended for sure.

They run in a copy of the project, so that a test's ``.env``, database and logs never land in the repository, and with
an environment in which everything is said, so that the one of whoever runs the tests does not matter.
"""

import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import psycopg
import requests
from psycopg.rows import dict_row

from shared import ROOT
from tests.support import leaks

START = [sys.executable, "-m", "infra.local"]
START_SECONDS = 30.0
STOP_SECONDS = 5.0
# A run of deliveries takes its time.
POST_SECONDS = 60.0
API_KEY = "a-key-that-is-for-tests-only"
# Who a test is on AWS. Nothing of whoever runs the tests is read, and nobody is asked for more.
AWS = {
    "AWS_ACCESS_KEY_ID": "AKIATESTSONLY4242",
    "AWS_SECRET_ACCESS_KEY": "an-aws-secret-that-is-for-tests-only",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}

_COPIED = ("main.py", "functions", "shared", "infra", ".env.example")
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")

Found = TypeVar("Found")


def shown_by_curl(block: str, folder: Path) -> list[str]:
    """What a block of commands, typed in ``folder``, gives to curl, which is not called."""
    script = f"curl() {{ printf '%s\\n' \"$@\"; }}\n{block}"
    environ = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-ec", script], cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def copy_project(folder: Path) -> Path:
    """A copy of what runs, in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    return folder


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, /, **variables: str | None) -> dict[str, str]:
    """Everything that the system reads from its environment, its files in ``folder``; None leaves a variable out."""
    said = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    said |= {
        "TARGET_URL": "http://127.0.0.1:1/",
        "CHECK_INTERVAL_SECONDS": "0.3",
        "CHECK_TIMEOUT_SECONDS": "5",
        "LOCATION": "",
        "ALLOW_PRIVATE_TARGETS": "",
        "CONNECTIVITY_CHECK": "",
        "HEARTBEAT_URL": "",
        "FLASK_HOST": "",
        "FLASK_PORT": str(free_port()),
        "BACKEND_URL": "",
        "API_KEY": API_KEY,
        "API_AUTH": "ingest",
        "DATABASE_URL": f"sqlite:///{folder / 'bonghwa.db'}",
        "SPOOL_DIR": "",
        "MESSAGE_LANGUAGE": "en",
        "NOTIFICATION_TTL": "86400",
        "TELEGRAM_BOT_TOKEN": "",
        "TELEGRAM_CHAT_ID": "",
        "TELEGRAM_API_URL": "",
        "SNS_TOPIC_ARN": "",
        "CHANNELS": "",
        "LOG_DIR": str(folder / "logs"),
        "LOG_LEVEL": "INFO",
    }
    wanted = {**said, **variables}
    return {name: value for name, value in wanted.items() if value is not None}


def wait_until(
    predicate: Callable[[], Found], seconds: float = 10.0, otherwise: Callable[[], object] = lambda: ""
) -> Found:
    """The predicate's first true value; AssertionError, with what ``otherwise`` says, if there is none in time."""
    give_up_at = time.monotonic() + seconds
    pause = 0.02
    while not (found := predicate()):
        if time.monotonic() > give_up_at:
            raise AssertionError(f"still not so after {seconds:g} s\n{otherwise()}")
        time.sleep(pause)
        # To ask costs those time that are waited for; so the longer it takes, the less often.
        pause = min(pause * 1.1, 0.1)
    return found


def living(group: int) -> list[int]:
    """The processes of a group that have not ended; those that ended and that nobody asked about do not count."""
    if not Path("/proc/self/stat").exists():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, 0)
            return [group]
        return []
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, of_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(of_group) == group and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


class Running:
    """A process that answers HTTP on a port of 127.0.0.1, with everything that it starts, as one process group."""

    def __init__(self, command: list[str], project: Path, folder: Path, environ: Mapping[str, str]) -> None:
        self.command, self.project, self.folder, self.environ = command, project, folder, dict(environ)
        self.port = int(environ["FLASK_PORT"])
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = folder / "bonghwa.db"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Connection"] = "close"
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=64))
        self._process: subprocess.Popen[bytes] | None = None
        self._is_over = False
        self._secrets = leaks.secrets_of(environ)
        self._said: dict[str, bytes] = {}
        self._session.hooks["response"].append(self._keep_for_the_search)
        self._output = folder / f"output-{self.port}-{id(self):x}.txt"

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and return at once."""
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.project,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Until it answers, whatever that is."""

        def is_ready() -> bool:
            assert self.process.poll() is None, f"it ended with {self.process.poll()}\n{self.output()}"
            try:
                return self.get("/").status_code > 0
            except requests.ConnectionError:
                return False

        self.wait_until(is_ready, START_SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end, and end by force what has not ended after STOP_SECONDS."""
        self._said |= leaks.command_lines(self.living())
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Does nothing where it has ended and was waited for.
            self.process.send_signal(number)
            self.process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL, to the whole group. AssertionError where it has written one of its secrets anywhere."""
        if self._is_over:
            return  # its number may be somebody else's by now
        self._said |= leaks.command_lines(self.living())
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.group, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)
        self.wait_until(lambda: not self.living(), STOP_SECONDS)
        self._is_over = True
        leaks.look(self.folder, self._secrets, self._said)

    def _keep_for_the_search(self, response: requests.Response, **_: Any) -> None:
        if leaks.found_in(f"{response.headers}".encode() + response.content, self._secrets):
            self._said[f"the answer to {response.request.method} {response.url}"] = response.content

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The first process of the group."""
        assert self._process is not None, "it was not started"
        return self._process

    @property
    def group(self) -> int:
        """The group's number."""
        return self.process.pid

    def living(self) -> list[int]:
        """The processes of its group that have not ended."""
        return living(self.group)

    def output(self) -> str:
        """What it has printed so far, standard output and error in one."""
        return self._output.read_text(encoding="utf-8", errors="replace") if self._output.exists() else ""

    def told(self, *kinds: str) -> list[str]:
        """The console channel's lines that begin with one of ``kinds``, in order."""
        return [line for line in self.output().splitlines() if line.startswith(kinds or ("OUTAGE", "RECOVERY"))]

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET; without a key."""
        return self._session.get(f"{self.url}{path}", timeout=START_SECONDS, **options)

    def post(self, path: str, body: Any = None, *, key: str | None = API_KEY, **options: Any) -> requests.Response:
        """POST ``body`` as JSON, with the key."""
        headers = {"X-API-Key": key} if key is not None else {}
        return self._session.post(f"{self.url}{path}", json=body, headers=headers, timeout=POST_SECONDS, **options)

    def patch(self, path: str, body: Any) -> requests.Response:
        """PATCH ``body`` as JSON; without a key."""
        return self._session.patch(f"{self.url}{path}", json=body, timeout=START_SECONDS)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """What its database answers, asked beside it."""
        url = self.environ.get("DATABASE_URL", "")
        return rows_of(url if url.startswith("postgresql://") else f"sqlite:///{self.database}", sql, *values)

    def wait_until(self, predicate: Callable[[], Found], seconds: float = 10.0) -> Found:
        """See wait_until; what it printed is shown if that fails."""
        return wait_until(predicate, seconds, otherwise=self.output)


class LocalSystem(Running):
    """The whole system, as ``make run`` starts it. Keywords are environment variables; FLASK_PORT is its port."""

    def __init__(self, project: Path, folder: Path, /, **variables: str | None) -> None:
        super().__init__(START, project, folder, environment(folder, **variables))

    def wait_until_ready(self) -> None:
        """Until health is answered and the banner is out."""
        super().wait_until_ready()
        self.wait_until(lambda: "Bonghwa" in self.output())

    def alerts(self, **query: str) -> list[dict[str, Any]]:
        """Every alert, newest first, by HTTP."""
        found: list[dict[str, Any]] = self.get("/alerts", params=query).json()["alerts"]
        return found

    def notification_logs(self) -> list[dict[str, Any]]:
        """Every attempt, newest first, by HTTP."""
        found: list[dict[str, Any]] = self.get("/notification_logs").json()["notification_logs"]
        return found

    def sent(self) -> list[dict[str, Any]]:
        """The attempts that succeeded; on a busy machine the first may be given up for its time, and made again."""
        return [log for log in self.notification_logs() if log["status"] == "SENT"]

    def events(self, *, is_success: bool) -> list[dict[str, Any]]:
        """Every event of one outcome, oldest first, from the database."""
        return self.rows("SELECT * FROM events WHERE is_success = ? ORDER BY id", int(is_success))

    def wait_for_further_events(self, count: int, *, is_success: bool) -> None:
        """Until ``count`` more events of this outcome are stored than are now."""
        enough = len(self.events(is_success=is_success)) + count
        self.wait_until(lambda: len(self.events(is_success=is_success)) >= enough)


class FunctionAlone(Running):
    """One function under functions-framework, as a cloud runs it. Keywords as for LocalSystem."""

    def __init__(self, project: Path, folder: Path, name: str, /, **variables: str | None) -> None:
        environ = environment(folder, **{"LOG_DIR": None, **variables})
        # Beside the interpreter, since a virtual environment need not be activated.
        program = str(Path(sys.executable).with_name("functions-framework"))
        where = ["--host=127.0.0.1", f"--port={environ['FLASK_PORT']}"]
        super().__init__([program, "--source=main.py", f"--target={name}", *where], project, folder, environ)
        self.name = name


@contextlib.contextmanager
def started_together(*several: Running) -> Iterator[None]:
    """Start all at once, wait until each is ready, and end them all."""
    with contextlib.ExitStack() as stack:
        for each in several:
            each.start()
            stack.callback(each.kill)
        for each in several:
            each.wait_until_ready()
        yield


def rows_of(url: str, sql: str, *values: object) -> list[dict[str, Any]]:
    """What the database of a DATABASE_URL answers; ``?`` stands for a value."""
    if url.startswith("sqlite:///"):
        return rows(Path(url.removeprefix("sqlite:///")), sql, *values)
    with psycopg.connect(url, autocommit=True, row_factory=dict_row, connect_timeout=5) as connection:
        cursor = connection.execute(sql.replace("%", "%%").replace("?", "%s").encode(), values)
        return cursor.fetchall() if cursor.description else []


def rows(database: Path, sql: str, *values: object) -> list[dict[str, Any]]:
    """What a database file answers; nothing where its tables are not made yet."""
    connection = sqlite3.connect(database, timeout=5)
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql, values)]
    finally:
        connection.close()
