"""Everything around a system that is killed: its channels, what it watches, its disk, and its lives, one at a time."""

import contextlib
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import requests

from functions.check_monitors.reporting.backlog import folder_name
from shared.models import as_text, utc
from tests.support.backlogs import waiting_in
from tests.support.postgres import copied_store
from tests.support.running import API_KEY, environment, living, wait_until
from tests.support.stand_ins import Exchange, StandIn
from tests.torture.channel import MORE_CHATS, Channel, Life, Receipt, has_open_connections, printed_receipts
from tests.torture.forge import Forge
from tests.torture.judgement.upkeep import keep_what_is_pruned
from tests.torture.reading import StoreReader
from tests.torture.wire import Wire

OWED = "SELECT id FROM notifications WHERE status IN ('PENDING', 'SENDING', 'HELD')"


class Watched(StandIn):
    """Every monitored service, as the agent's HTTP proxy, so that their URLs are the same in every world."""

    def __init__(self) -> None:
        super().__init__()
        self.down: set[str] = set()

    def answer(self, exchange: Exchange) -> None:
        exchange.answer(503 if exchange.path in self.down else 200, "")


@dataclass
class World:
    """A folder for the system's disk, a channel, what it watches, and at most one living system in it.

    ``before``: the receipts of the world that this one was copied from. ``kept``: the ids of the events that some kill
    left in the backlog. ``has_more_chats``: whether it has the channels of MORE_CHATS too.
    ``keeps_what_is_pruned``: whether ``keep_what_is_pruned`` was called.
    """

    forge: Forge
    folder: Path
    monitors: tuple[str, ...] = ("http://shop.example/",)
    settings: dict[str, str | None] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    before: list[Receipt] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    has_more_chats: bool = False
    keeps_what_is_pruned: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.channel, self.watched = Channel(self.lives), Watched()
        # Bound and never listening, so that no other process gets the port between two lives.
        self._port = socket.socket()
        self._port.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port.bind(("127.0.0.1", 0))
        self.port = int(self._port.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        url = self.settings.get("DATABASE_URL") or ""
        self.wire = Wire(url) if url.startswith("postgresql://") else None
        self.database = url if self.wire else f"sqlite:///{self.folder / 'bonghwa.db'}"
        self._reader = StoreReader(self.database)
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
        self._open.enter_context(self._reader)
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._open.close()
        self._session.close()
        self._port.close()

    # --- lives --------------------------------------------------------------------------------------------------------

    def start(self, *, later_by: float = 0.0, watch: bool = False, kill_at: str | None = None) -> None:
        """Begin a life whose clock is ``later_by`` seconds ahead of the last one's, and return at once.

        ``kill_at`` is the boundary at which it ends, see ``victim``; ``watch`` notes the boundaries that it reaches.
        """
        assert self._group is None
        later_by += self.lives[-1].later_by if self.lives else 0.0
        life = Life(len(self.lives), later_by, datetime.now(UTC) + timedelta(seconds=later_by))
        self.lives.append(life)
        token = {"TELEGRAM_BOT_TOKEN": f"123456:life-{life.number}"}
        if self.has_more_chats:
            token["CHANNELS"] = self.channel.channels_json(token["TELEGRAM_BOT_TOKEN"])
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
        """The time on the system's clock."""
        return as_text(utc(datetime.now(UTC) + timedelta(seconds=self.lives[-1].later_by if self.lives else 0.0)))

    @property
    def is_alive(self) -> bool:
        """Whether any process of this life has not ended."""
        try:
            # Every process of a life holds the other end of the pipe open, and none writes to it.
            return self._group is not None and os.read(self._alive, 1) != b""
        except BlockingIOError:
            return True

    def kill(self) -> None:
        """Kill the whole system at once, as a power cut does. Returns when every process has ended."""
        if self._group is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._group, signal.SIGKILL)
        wait_until(lambda: not self.is_alive)
        self._group = None
        os.close(self._alive)
        self.lives[-1].ended_at = datetime.now(UTC) + timedelta(seconds=self.lives[-1].later_by)
        self.kept.update(self.spooled())
        # The channel may still be reading what the dead process sent.
        wait_until(self._has_channel_finished)
        wait_until(lambda: self.wire is None or self.wire.is_quiet)

    def _has_channel_finished(self) -> bool:
        self.channel.release()
        return not self.channel.under_way and not has_open_connections(self.channel.port)

    def kill_worker(self) -> None:
        """Kill the process that serves requests. Its parent starts another one."""
        assert self._group is not None
        for process in living(self._group):
            if process != self._group:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def output(self) -> str:
        """The output of the current or last life."""
        return _text(self._output(len(self.lives) - 1))

    def _output(self, life: int) -> Path:
        return self.folder / f"output-{life}.txt"

    # --- what is asked of it ------------------------------------------------------------------------------------------

    def request(self, method: str, path: str, body: Any = None) -> requests.Response | None:
        """The response, or None if there was none."""
        try:
            return self._session.request(method, f"{self.url}{path}", json=body, timeout=(1, 30))
        except requests.RequestException:
            return None

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows that a statement returns from the store; none while its tables do not exist."""
        return self._reader.rows(sql)

    def wait_until(self, predicate: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait for ``predicate``, and call the scheduled delivery meanwhile, more often than its schedule does."""
        due = time.monotonic() + 0.4

        def is_true() -> bool:
            nonlocal due
            if predicate():
                return True
            if time.monotonic() > due:
                self.request("POST", "/deliver_notifications")
                due = time.monotonic() + 0.4
            return False

        wait_until(is_true, seconds, otherwise=self.output)

    def is_quiet(self) -> bool:
        """Whether nothing is owed, as far as the store can be read."""
        return bool(self.rows("SELECT 1 FROM monitors")) and not self.rows(OWED)

    def is_reachable(self) -> bool:
        """Whether the system responds."""
        return self.request("GET", "/monitors") is not None

    def spooled(self) -> set[str]:
        """The ids of the events that wait in the backlog. Read from a copy, so that what the kill left there stays."""
        with tempfile.TemporaryDirectory() as copy:
            for path in self.folder.glob("spool-*"):
                shutil.copytree(path, Path(copy) / path.name)
            return set(waiting_in(Path(copy)))

    def keep_what_is_pruned(self) -> None:
        """Keep what upkeep prunes from now on, for the judge."""
        keep_what_is_pruned(self.database)
        self.keeps_what_is_pruned = True

    # --- what came of it ----------------------------------------------------------------------------------------------

    def receipts(self) -> dict[str, list[Receipt]]:
        """The messages that each channel accepted, in order. The console accepted what it printed."""
        outputs = ((self._output(life.number), life.number) for life in self.lives)
        printed = [receipt for path, life in outputs for receipt in printed_receipts(_text(path), life)]
        accepted = [*self.before, *printed, *self.channel.receipts]
        names = ("console", "telegram", *(MORE_CHATS if self.has_more_chats else ()))
        return {name: [each for each in accepted if each.channel == name] for name in names}

    def copy(self, folder: Path) -> "World":
        """Another world, which starts from the disk that this world's dead system left."""
        assert self._group is None
        settings = {**self.settings, **({"DATABASE_URL": copied_store(self.database)} if self.wire else {})}
        other = World(self.forge, folder, self.monitors, settings, [*self.lives], has_more_chats=self.has_more_chats)
        other.before = [receipt for each in self.receipts().values() for receipt in each]
        for path in self.folder.iterdir():
            if path.is_file() and not path.match("*.txt"):
                shutil.copy2(path, folder)
        # The backlog is named after the backend, which has another port in the copy.
        backlog = self.folder / folder_name(self.settings.get("BACKEND_URL") or self.url)
        if backlog.exists():
            shutil.copytree(backlog, folder / folder_name(other.url))
        if self.keeps_what_is_pruned:
            other.keeps_what_is_pruned = True
            if self.wire:
                keep_what_is_pruned(other.database)
        other.kept |= self.kept
        other.watched.down |= self.watched.down
        return other


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
