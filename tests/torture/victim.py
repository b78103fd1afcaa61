"""The system as a process that starts in milliseconds and dies at a given side effect.

``python -m tests.torture.victim`` imports everything once and then forks for each line of JSON on its standard input.
The fork is the whole system, as ``python -m infra.local`` starts it, without the time for imports. Nothing happens
at import, so nothing of ours is open or decided before the fork. It runs in a copy of the project, with unchanged code.

A side effect is a call by which something leaves the process: a statement that ends a transaction with changes, bytes
on a socket, bytes in a file, a renamed or removed file. The interpreter's profiling hook finds them while the system
runs, so a new one needs no entry anywhere. At PostgreSQL's COMMITs the wire kills the process, see ``wire``.
"""

import contextlib
import gc
import importlib
import json
import os
import re
import signal
import socket
import sqlite3
import sys
import threading
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from io import BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from types import FrameType
from typing import Any

import pycurl

from shared.store.engines.postgres import pipeline
from tests.support.forking.program import go_on_as, load
from tests.torture.wire import SIDES

_OURS = tuple(str(Path.cwd() / name) + os.sep for name in ("functions", "shared", "infra"))
# Our server sends the responses; what it does beyond that is its own affair.
_SERVER = str(Path.cwd() / "infra" / "local" / "front") + os.sep
# A line of the log is no side effect that matters.
_LOGS = str(Path.cwd() / "shared" / "logs") + os.sep
# If only these of our functions are on the stack, gunicorn acts for itself.
_NOTHING_OF_OURS = {"<module>", "main", "Server.run"}
_STATEMENTS = {"execute", "executemany", "executescript", "commit"}
_SENDS = {"connect", "send", "sendall", "sendmsg", "sendto"}
_WRITES = {"write", "writelines", "flush", "truncate"}
# Our engine asks PostgreSQL by this function only. A COMMIT goes together with the statements before it, so that only
# their text says beforehand whether something may change; the responses say afterwards whether it did.
_ASK = pipeline.send.__code__
_MAY_CHANGE = re.compile(rb"\b(INSERT|UPDATE|DELETE|MERGE|CREATE|ALTER|DROP)\b")
_CHANGED = re.compile(r"(INSERT 0|UPDATE|DELETE|COPY|MERGE) [1-9]|(CREATE|ALTER|DROP) ")
_FILES = {"fsync", "fdatasync", "replace", "rename", "unlink", "remove", "write", "link", "truncate"}


class Watch:
    """Notes every side effect in the file ``notes``, and kills the process group at the boundary ``kill_at``.

    A boundary is ``before …`` or ``after …`` the name of a side effect; a PostgreSQL COMMIT also has ``late …``. The
    name consists of the project's functions that led to the effect, the call, and a count of that name. ``kill_at`` may
    give the number among all effects instead. ``orders_at`` is the port at which the wire takes orders.
    """

    def __init__(self, notes: str, kill_at: str | None, orders_at: int | None) -> None:
        self._kill_at = kill_at
        self._orders_at = orders_at
        self._notes = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._lock = threading.Lock()
        self._total = 0
        self._counts: dict[str, int] = {}
        self._clean: dict[int, int] = {}
        self._changed: set[int] = set()
        self._under_way = threading.local()

    def begin(self) -> None:
        """Watch this thread and every later one, in this process and in its forks."""
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def _see(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_call":
            if self._may_be_effect(arg) and (name := _name(frame, f"{type(arg.__self__).__name__}.{arg.__name__}")):
                self._under_way.effect = effect = self._counted(name)
                if self._is_meant("before", effect) or self._is_meant("late", effect):
                    os.killpg(os.getpgrp(), signal.SIGKILL)
        elif event in ("c_return", "c_exception"):
            done, self._under_way.effect = getattr(self._under_way, "effect", None), None
            # Whether a statement ended its transaction is known only now.
            if done and not (isinstance(arg.__self__, sqlite3.Connection) and arg.__self__.in_transaction):
                if self._is_meant("after", done):
                    os.killpg(os.getpgrp(), signal.SIGKILL)
                os.write(self._notes, f"before {done[0]}\nafter {done[0]}\n".encode())
        elif frame.f_code is _ASK:
            connection, statements = frame.f_locals["connection"], frame.f_locals["statements"]
            if event == "call":
                self._see_it_ask(frame, connection, statements)
            elif event == "return":
                self._see_the_answer(connection, statements)

    def _see_it_ask(self, frame: FrameType, connection: Any, statements: Sequence[pipeline.Statement]) -> None:
        self._under_way.commit = None
        may_change = id(connection) in self._changed or any(_MAY_CHANGE.search(each.sql) for each in statements)
        if not _is_commit(statements[-1]) or not may_change:
            return
        name = _name(frame, "Connection.execute")
        effect = self._under_way.commit = self._counted(name) if name else None
        for side in SIDES:
            if effect and self._is_meant(side, effect):
                self._order(side, connection)

    def _see_the_answer(self, connection: Any, statements: Sequence[pipeline.Statement]) -> None:
        if any(_CHANGED.match(each.status or "") for each in statements):
            self._changed.add(id(connection))
        if not _is_commit(statements[-1]):
            return
        if id(connection) in self._changed and (effect := self._under_way.commit):
            os.write(self._notes, "".join(f"{side} {effect[0]}\n" for side in SIDES).encode())
        self._changed.discard(id(connection))

    def _order(self, side: str, connection: Any) -> None:
        """Have the wire kill this process when the COMMIT that follows is on it."""
        with socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as own:
            order = {"port": own.getsockname()[1], "side": side, "group": os.getpgrp()}
        with socket.create_connection(("127.0.0.1", self._orders_at or 0)) as wire:
            wire.sendall(json.dumps(order).encode() + b"\n")
            wire.recv(1)

    def _counted(self, name: str) -> tuple[str, int]:
        with self._lock:
            self._counts[name] = count = self._counts.get(name, 0) + 1
            self._total += 1
            return f"{name} #{count}", self._total

    def _is_meant(self, side: str, effect: tuple[str, int]) -> bool:
        return self._kill_at is not None and self._kill_at in (f"{side} {effect[0]}", f"{side} {effect[1]}")

    def _may_be_effect(self, function: Any) -> bool:
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(owner, sqlite3.Connection):
            return name in _STATEMENTS and self._holds_a_change(owner)
        if isinstance(owner, socket.socket):
            # Threads wake each other by sockets inside the process. Nothing leaves the process by them.
            return name in _SENDS and owner.family != socket.AF_UNIX
        if isinstance(owner, pycurl.Curl):
            return name == "perform"
        if isinstance(owner, TextIOWrapper | BufferedWriter | FileIO):
            return name in _WRITES
        return owner is sys.modules.get("posix") and name in _FILES

    def _holds_a_change(self, connection: sqlite3.Connection) -> bool:
        try:
            changes, is_open = connection.total_changes, connection.in_transaction
        except sqlite3.Error:
            return False
        if not is_open:
            self._clean[id(connection)] = changes
        return is_open and changes != self._clean.get(id(connection), 0)


def _is_commit(statement: pipeline.Statement) -> bool:
    return statement.sql == b"COMMIT"


def _name(frame: FrameType, call: str) -> str | None:
    """The functions that lead to a side effect; None for a line of the log and for the server's own effects."""
    ours: list[str] = []
    place = ""
    each: FrameType | None = frame
    while each is not None:
        code = each.f_code
        if code.co_filename.startswith(_SERVER):
            if code.co_qualname == "Loop.wake":
                return None
            if code.co_qualname == "Loop._work" and not ours:
                request: Any = each.f_locals["request"]
                ours, place = [f"answer {request.method} {request.path}"], "server"
        elif code.co_filename.startswith(_OURS):
            if code.co_name == "step" and code.co_filename.startswith(_LOGS):
                return None
            place = place or f"{Path(code.co_filename).stem}:{each.f_lineno}"
            if code.co_qualname == "_record":
                # The first sender to commit writes down the attempts of all.
                ours.append(f"_record({each.f_locals['attempt'].notification.channel})")
                break
            channel = each.f_locals.get("channel") if "channel" in code.co_varnames else None
            ours.append(f"{code.co_qualname}({channel})" if isinstance(channel, str) else code.co_qualname)
            if code.co_qualname in ("Sender.send_next", "ScheduledRun._send_mails"):
                break  # a request's own run or a scheduled one: the first to see a message takes it up
        each = each.f_back
    if _NOTHING_OF_OURS.issuperset(ours):
        return None
    return f"{' > '.join(reversed(ours))} [{place} {call}]"


def _shift_the_clock(seconds: float) -> None:
    """Set this process's clock ``seconds`` ahead, which is possible because the system reads the time in one place."""
    times = importlib.import_module("shared.models.times")

    class AnyTime(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class Later(datetime, metaclass=AnyTime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + timedelta(seconds=seconds)

    times.datetime = Later  # type: ignore[attr-defined]


def _live(order: dict[str, Any]) -> None:
    os.setpgid(0, 0)
    nothing, output = os.open(os.devnull, os.O_RDONLY), os.open(order["output"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(order["environ"])
    # Writing Python's cache is no side effect of ours, and only the first life would do it.
    sys.dont_write_bytecode = True
    _shift_the_clock(order["later_by"])
    if order["notes"]:
        Watch(order["notes"], order["kill_at"], order["orders_at"]).begin()
    os.execv = go_on_as  # type: ignore[assignment]
    sys.modules["infra.local.runner"].main()


def main() -> None:
    """Fork for each order, and respond with the process id."""
    load()
    # Otherwise the first collection in each fork would copy all of that memory.
    gc.freeze()
    print(json.dumps("ready"), flush=True)
    living: set[int] = set()
    for line in sys.stdin:
        living -= _reaped()
        order = json.loads(line)
        life_line = os.open(order["life_line"], os.O_WRONLY)
        process = os.fork()
        if process == 0:
            code = 1
            try:
                _live(order)
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
                print(end.code if isinstance(end.code, str) else "", file=sys.stderr)
            except BaseException:  # noqa: BLE001  # a child must never continue as the process that forks
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        os.close(life_line)
        # Both sides do this, so that it is done whichever side continues first.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(process, process)
        living.add(process)
        print(json.dumps(process), flush=True)
    # The process that orders lives has ended, perhaps in the middle of them.
    for process in living - _reaped():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)


def _reaped() -> set[int]:
    """The processes that have ended since this was last asked."""
    found = set()
    with contextlib.suppress(ChildProcessError):
        while (process := os.waitpid(-1, os.WNOHANG)[0]) > 0:
            found.add(process)
    return found


if __name__ == "__main__":
    main()
