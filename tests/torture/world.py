"""Everything around a system that is killed: its channels, what it watches, its disk, and its lives in turn."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import psycopg
import requests
from psycopg.rows import dict_row

from functions.check_monitors.reporting.backlog import folder_name
from shared import ROOT
from shared.models import as_text, utc
from tests.support.backlogs import waiting_in
from tests.support.postgres import copied_store
from tests.support.running import API_KEY, copy_project, environment, living, wait_until
from tests.support.stand_ins import (
    Behaviour,
    BotApi,
    Call,
    Exchange,
    Message,
    StandIn,
    accepts,
    accepts_and_drips,
    accepts_and_hangs,
    accepts_and_resets,
)
from tests.torture.wire import Wire

# The message is accepted, and the sender does not learn of it.
CUTS = (accepts_and_resets, accepts_and_hangs, accepts_and_drips)
# That it cannot reach the backend the agent tells by itself: nothing in the store owes that.
AGENTS_OWN_WORDS = ("BACKEND_UNREACHABLE ", "RECOVERY backend ")
OWED = "SELECT id FROM notifications WHERE status IN ('PENDING', 'SENDING')"


@dataclass(frozen=True)
class Receipt:
    """A message that a channel accepted: in which life of the system, when by its clock, and whether it was told so."""

    channel: str
    text: str
    life: int
    at: datetime | None = None
    is_answered: bool = True

    @property
    def notification_id(self) -> int:
        """The number at the text's end; 0 where there is none."""
        number = self.text.rpartition("#")[2]
        return int(number) if number.isdecimal() else 0


@dataclass
class Life:
    """One life of the system: how much later than ours its clock is, and its beginning and end by that clock."""

    number: int
    later_by: float
    began_at: datetime
    ended_at: datetime | None = None


class Channel(BotApi):
    """Telegram, as ``behaviour_of`` decides for each message; keeps what it accepted in ``receipts``."""

    def __init__(self, lives: list[Life]) -> None:
        super().__init__()
        self.lives = lives
        self.receipts: list[Receipt] = []
        self.behaviour = self._behave
        self.behaviour_of: Callable[[Message], Behaviour] = lambda _message: accepts
        self.is_asked, self.has_accepted = threading.Event(), threading.Event()
        self.under_way = 0
        self._cut: set[int] = set()
        self._noting = threading.Lock()

    def _behave(self, call: Call) -> None:
        behaviour = self.behaviour_of(call.message)
        with self._noting:
            self.under_way += 1
            if behaviour in CUTS:
                self._cut.add(id(call.message))
        self.is_asked.set()
        try:
            behaviour(call)
        finally:
            with self._noting:
                self.under_way -= 1
                self._cut.discard(id(call.message))

    def accept(self, message: Message) -> str:
        """Each life has a token of its own, so that what the dead have sent is not taken for the living's."""
        life = self.lives[int(message.token.rpartition("-")[2])]
        with self._noting:
            at = datetime.now(UTC) + timedelta(seconds=life.later_by)
            if not message.text.startswith(AGENTS_OWN_WORDS):
                is_answered = id(message) not in self._cut
                self.receipts.append(Receipt("telegram", message.text, life.number, at, is_answered))
            answer = super().accept(message)
        self.has_accepted.set()
        return answer


class Watched(StandIn):
    """Every monitored service, as the agent's HTTP proxy: so their URLs are the same in every world."""

    def __init__(self) -> None:
        super().__init__()
        self.down: set[str] = set()

    def answer(self, exchange: Exchange) -> None:
        exchange.answer(503 if exchange.path in self.down else 200, "")


class Forge:
    """A process that has imported the system of ``project`` and forks lives of it; see ``victim``."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self._lock = threading.Lock()
        self._errors = (project / "forge.txt").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-X", "utf8", "-m", "tests.torture.victim"],
            cwd=project,
            env=environment(project),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
        )
        assert self._answer() == "ready"

    def fork(self, order: dict[str, Any]) -> int:
        """A new process, the first of its group."""
        assert self._process.stdin
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return int(self._answer())

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, (self.project / "forge.txt").read_text()
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
        self._errors.close()


def victim_project(folder: Path) -> Path:
    """A copy of the project that a Forge can run."""
    copy_project(folder)
    shutil.copytree(ROOT / "tests" / "torture", folder / "tests" / "torture")
    shutil.copy2(ROOT / "tests" / "__init__.py", folder / "tests")
    # Everything is in the environment; else the first life would make one, and only the first.
    (folder / ".env").touch()
    return folder


@dataclass
class World:
    """A folder for the system's disk, a channel, what it watches, and at most one living system in it.

    ``before``: what channels accepted that this world does not have itself. ``kept``: the ids of the events that some
    kill left in the backlog.
    """

    forge: Forge
    folder: Path
    monitors: tuple[str, ...] = ("http://shop.example/",)
    settings: dict[str, str | None] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    before: list[Receipt] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.channel, self.watched = Channel(self.lives), Watched()
        # Bound and never listening: between two lives nobody else gets the port.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port.bind(("127.0.0.1", 0))
        self.port = int(self._port.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        url = self.settings.get("DATABASE_URL") or ""
        self.wire = Wire(url) if url.startswith("postgresql://") else None
        self.database = url if self.wire else f"sqlite:///{self.folder / 'bonghwa.db'}"
        self._asking: psycopg.Connection[dict[str, Any]] | None = None
        self._life_line = self.folder / "life"
        os.mkfifo(self._life_line)
        self._group: int | None = None
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.update({"Connection": "close", "X-API-Key": API_KEY})

    def __enter__(self) -> Self:
        self._open = contextlib.ExitStack()
        self._open.enter_context(self.channel)
        self._open.enter_context(self.watched)
        if self.wire:
            self._open.enter_context(self.wire)
            # Kept, since asking is what this does most.
            connection = psycopg.connect(self.database, autocommit=True, row_factory=dict_row)
            self._asking = self._open.enter_context(contextlib.closing(connection))
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._open.close()
        self._session.close()
        self._port.close()

    # --- lives --------------------------------------------------------------------------------------------------------

    def start(self, *, later_by: float = 0.0, watch: bool = False, kill_at: str | None = None) -> None:
        """Begin a life, ``later_by`` seconds after the last one's clock; it may be told where to end. Does not wait."""
        assert self._group is None
        later_by += self.lives[-1].later_by if self.lives else 0.0
        life = Life(len(self.lives), later_by, datetime.now(UTC) + timedelta(seconds=later_by))
        self.lives.append(life)
        token = {"TELEGRAM_BOT_TOKEN": f"123456:life-{life.number}"}
        proxy = {"http_proxy": self.watched.url, "no_proxy": "127.0.0.1"}
        own = {"FLASK_PORT": str(self.port), "TARGET_URL": " ".join(self.monitors), "CHECK_INTERVAL_SECONDS": "0.1"}
        store = {"DATABASE_URL": self.wire.url if self.wire else self.database}
        environ = environment(
            self.folder, **{**self.channel.environ, **token, **proxy, **own, **self.settings, **store}
        )
        self._alive = os.open(self._life_line, os.O_RDONLY | os.O_NONBLOCK)
        self._group = self.forge.fork(
            {
                "life_line": str(self._life_line),
                "environ": environ,
                "output": str(self._output(life.number)),
                "later_by": later_by,
                "notes": str(self.folder / "notes.txt") if watch else None,
                "kill_at": kill_at,
                "orders_at": self.wire and self.wire.orders_at,
            }
        )

    def time_there(self) -> str:
        """What the system's clock says."""
        return as_text(utc(datetime.now(UTC) + timedelta(seconds=self.lives[-1].later_by if self.lives else 0.0)))

    @property
    def is_alive(self) -> bool:
        """Whether any process of this life has not ended."""
        try:
            # Every process of a life holds the other end, and nobody writes.
            return self._group is not None and os.read(self._alive, 1) != b""
        except BlockingIOError:
            return True

    def kill(self) -> None:
        """SIGKILL to the whole system, as a power-off does; returns when it is gone."""
        if self._group is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, signal.SIGKILL)
        wait_until(lambda: not self.is_alive, 10)
        self._group = None
        os.close(self._alive)
        self.lives[-1].ended_at = datetime.now(UTC) + timedelta(seconds=self.lives[-1].later_by)
        self.kept.update(self.spooled())
        # What the dead had sent is still on its way into the channel.
        time.sleep(0.01)
        wait_until(self._has_channel_finished, 10)
        wait_until(lambda: self.wire is None or self.wire.is_quiet, 10)

    def _has_channel_finished(self) -> bool:
        self.channel.release()
        return not self.channel.under_way

    def kill_worker(self) -> None:
        """SIGKILL to the process that serves; the one above it starts another."""
        assert self._group is not None
        for process in living(self._group):
            if process != self._group:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def output(self) -> str:
        """What the present or last life printed."""
        path = self._output(len(self.lives) - 1)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _output(self, life: int) -> Path:
        return self.folder / f"output-{life}.txt"

    # --- what is asked of it ------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, body: Any = None) -> requests.Response | None:
        """The answer, or None where there was none."""
        try:
            return self._session.request(method, f"{self.url}{path}", json=body, timeout=(1, 30))
        except requests.RequestException:
            return None

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What the database answers, read only, so that what a kill left there stays; nothing where it cannot yet."""
        if self._asking:
            with contextlib.suppress(psycopg.errors.UndefinedTable):
                return self._asking.execute(sql.encode()).fetchall()
            return []
        try:
            connection = sqlite3.connect(f"file:{self.folder / 'bonghwa.db'}?mode=ro", uri=True, timeout=5)
        except sqlite3.OperationalError:
            return []
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql)]
        except sqlite3.OperationalError:
            return []
        finally:
            connection.close()

    def wait_until(self, predicate: Callable[[], object], seconds: float = 15.0) -> None:
        """Until it is so, while somebody calls the scheduled delivery besides the schedule."""
        due = time.monotonic() + 0.4

        def is_so() -> bool:
            nonlocal due
            if predicate():
                return True
            if time.monotonic() > due:
                self.request("POST", "/deliver_notifications")
                due = time.monotonic() + 0.4
            return False

        wait_until(is_so, seconds, otherwise=self.output)

    def is_quiet(self) -> bool:
        """Whether nothing is owed, as far as the store can be read."""
        return bool(self.rows("SELECT 1 FROM monitors")) and not self.rows(OWED)

    def spooled(self) -> set[str]:
        """The ids of the events that wait in the backlog; read from a copy, so that what a kill left there stays."""
        with tempfile.TemporaryDirectory() as copy:
            for path in self.folder.glob("spool-*"):
                shutil.copytree(path, Path(copy) / path.name)
            return set(waiting_in(Path(copy)))

    # --- what came of it ----------------------------------------------------------------------------------------------

    def receipts(self) -> dict[str, list[Receipt]]:
        """What each channel accepted, in order. The console's is what it printed."""
        printed = [receipt for life in self.lives for receipt in self._printed(life.number)]
        sent = list(self.channel.receipts)
        return {
            "console": [each for each in self.before if each.channel == "console"] + printed,
            "telegram": [each for each in self.before if each.channel == "telegram"] + sent,
        }

    def _printed(self, life: int) -> Iterator[Receipt]:
        path = self._output(life)
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        for line in text.split("\n")[:-1]:  # what follows the last line's end was cut short
            # A log's line begins with its time.
            if re.fullmatch(r"[^\d ].* · #\d+", line):
                yield Receipt("console", line, life)

    def copy(self, folder: Path) -> "World":
        """Another world that goes on from where this one's dead system left its disk."""
        assert self._group is None
        settings = {**self.settings, **({"DATABASE_URL": copied_store(self.database)} if self.wire else {})}
        other = World(self.forge, folder, self.monitors, settings, [*self.lives])
        other.before = [receipt for each in self.receipts().values() for receipt in each]
        for path in self.folder.iterdir():
            if path.is_file() and not path.match("*.txt"):
                shutil.copy2(path, folder)
        # The backlog is named after the backend, which is at another port there.
        backlog = self.folder / folder_name(self.settings.get("BACKEND_URL") or self.url)
        if backlog.exists():
            shutil.copytree(backlog, folder / folder_name(other.url))
        other.kept |= self.kept
        other.watched.down |= self.watched.down
        return other
