"""The local system at 60 checks a second: its monitors' targets in a process of their own, and Telegram's stand-in.

``python -m tests.benchmarks.instruments.watched`` is the targets: one server that costs little, so that its share of
the machine does not count against the system. Its standard input says what a path answers from now on (``/07 500``).
Its standard output says when a path first did (``/07 500 1736329800.123``, in seconds since 1970).
"""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared import ROOT
from tests.support.running import LocalSystem, copy_project
from tests.support.stand_ins import BotApi

MONITORS = 60
PATHS = [f"/{number:02}" for number in range(MONITORS)]
# The monitors share so many chats in turn, so that no chat gets more than goes at once: the rest would wait in lists.
CHATS = 20
# Until the first checks, and the imports that they cause, are over.
SETTLE_SECONDS = 4.0


class Targets:
    """The targets' process, and when each of their changes was first seen by a check."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{self._line()}"

    def answer(self, path: str, status: int) -> None:
        """Let ``path`` answer ``status`` from now on."""
        assert self._process.stdin
        # Whole lines, whichever thread writes them.
        os.write(self._process.stdin.fileno(), f"{path} {status}\n".encode())

    def changes(self) -> dict[tuple[str, int], list[float]]:
        """When which path gave the first of its answers with which status. Ends the targets."""
        output, _ = self._process.communicate()
        found = defaultdict(list)
        for line in output.splitlines():
            path, status, at = line.split()
            found[path, int(status)].append(float(at))
        return found

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline().strip()


@dataclass(frozen=True)
class Watched:
    """A running system and its stand-ins."""

    system: LocalSystem
    targets: Targets
    api: BotApi


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """The system, its targets all healthy, once it has settled."""
    command = [sys.executable, "-m", "tests.benchmarks.instruments.watched"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:
        try:
            targets = Targets(process)
            project, own = copy_project(folder / "project"), folder / "system"
            own.mkdir()
            file = own / "watched.json"
            with BotApi() as api, contextlib.ExitStack() as stack:
                file.write_text(json.dumps(_described(targets, api)))
                system = stack.enter_context(LocalSystem(project, own, TARGET_URL="", CONFIG_FILE=str(file)))
                time.sleep(SETTLE_SECONDS)
                yield Watched(system, targets, api)
        finally:
            process.kill()


def _described(targets: Targets, api: BotApi) -> dict[str, Any]:
    """The file of the system; JSON is YAML too. A monitor is named by its URL."""
    bot = {"kind": "telegram", "bot_token": api.token, "api_url": api.url}
    return {
        "defaults": {"interval": 1, "failure_threshold": 1},
        "channels": {f"chat-{number}": {**bot, "chat_id": 100 + number} for number in range(CHATS)},
        "monitors": [
            {"name": f"{targets.url}{path}", "url": f"{targets.url}{path}", "channels": [f"chat-{number % CHATS}"]}
            for number, path in enumerate(PATHS)
        ],
    }


class _Target(asyncio.Protocol):
    statuses = dict.fromkeys(PATHS, 200)
    changed: set[str] = set()  # noqa: RUF012  # there is one server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        # A check's request comes in one piece.
        path = data.split(b" ", 2)[1].decode()
        status = self.statuses[path]
        if path in self.changed:
            self.changed.remove(path)
            print(path, status, time.time())
        self._transport.write(b"HTTP/1.1 %d -\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n" % status)
        self._transport.close()


async def _serve() -> None:
    """Until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Target, "127.0.0.1", 0, backlog=128)
    print(server.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    async for line in orders:
        path, status = line.decode().split()
        _Target.statuses[path] = int(status)
        _Target.changed.add(path)


if __name__ == "__main__":
    asyncio.run(_serve())
