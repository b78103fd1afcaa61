"""Imports the system of the working directory once, and runs it in a fork for each order.

Run as a program, in a copy of the project; ``forks`` is its other side. It imports all of ours, and the modules that
are its arguments; without any, it imports what a system needs besides. An order is a line of JSON on the standard
input: what the new process gets, or ``poll`` with a process's number. The answer is a line, too: the number of the new
process, or how that process ended (null: it runs).
"""

import contextlib
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

# Besides ours: what a system imports until it has served and sent once.
_IMPORTED = (
    *("logging.handlers", "functions_framework._cli", "gunicorn.workers.gthread", "gunicorn.glogging"),
    *("telegram.request", "pycurl", "certifi"),
)
_OURS = ("shared", "functions", "infra")


def load() -> None:
    """Import everything, and make the apps that each start would make: nothing of ours is opened by that."""
    for name in _IMPORTED:
        importlib.import_module(name)
    framework: Any = importlib.import_module("functions_framework")
    framework.create_app = functools.cache(framework.create_app)
    gateway, table = importlib.import_module("infra.local.gateway"), importlib.import_module("infra.table")
    gateway.gateway(table.rows(), gateway.in_process)
    prepare()


def prepare() -> None:
    """Import the rest of ours, and build what validates each model: otherwise every fork does so at its first use."""
    from pydantic import BaseModel

    for package in _OURS:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    models: list[type[BaseModel]] = [BaseModel]
    for model in models:
        models.extend(model.__subclasses__())
        if not model.__pydantic_complete__ and model.__module__.startswith(_OURS):
            model.model_rebuild()


def load_modules(names: list[str]) -> None:
    """Import these, and all of ours. A ``__main__`` is imported for what it needs, and each fork runs it anew."""
    for name in names:
        importlib.import_module(name)
        if name.endswith(".__main__"):
            del sys.modules[name]
    prepare()


def go_on_as(_path: str, command: list[str]) -> NoReturn:
    """Run a module in this process, with what is already imported, instead of ``os.execv``."""
    python, option, name, *arguments = command
    assert option == "-m", command
    sys.argv = [python, *arguments]
    # It may have been imported with the others, and runs anew.
    sys.modules.pop(name, None)
    runpy.run_module(name, run_name="__main__")
    raise SystemExit(0)


def _streams(order: dict[str, Any]) -> list[int]:
    """The order's standard input, output and error. They are open before the answer: a test may close its own ends."""
    flags = {"input": os.O_RDONLY, "output": os.O_WRONLY | os.O_APPEND, "errors": os.O_WRONLY | os.O_APPEND}
    # A terminal would otherwise become that of this process.
    return [os.open(order[name], flag | os.O_NOCTTY) for name, flag in flags.items()]


def _become(order: dict[str, Any], streams: list[int]) -> None:
    """Be what a new process of ``order["command"]`` would be, from its first line on."""
    os.setpgid(0, 0)
    for target, source in enumerate(streams):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(order["environ"])
    # A process reads TZ only when it starts, or by this.
    time.tzset()
    if encoding := os.environ.get("PYTHONIOENCODING"):
        sys.stdout.reconfigure(encoding=encoding, errors="strict")  # type: ignore[union-attr]
        sys.stderr.reconfigure(encoding=encoding)  # type: ignore[union-attr]
    os.execv = go_on_as  # type: ignore[assignment]
    command = order["command"]
    if command[1] == "-m":
        go_on_as(command[0], command)
    sys.argv = command
    sys.modules["functions_framework._cli"]._cli()


def _run(order: dict[str, Any], streams: list[int]) -> NoReturn:
    code = 1
    try:
        _become(order, streams)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001  # a fork must never go on as the process that forks
        traceback.print_exc()
    finally:
        # The streams may be closed, or nobody may read them.
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)


def _poll(process: int, ended: dict[int, int]) -> int | None:
    if process not in ended:
        number, status = os.waitpid(process, os.WNOHANG)
        if number:
            ended[process] = os.waitstatus_to_exitcode(status)
    return ended.get(process)


def main() -> None:
    """Carry out each order."""
    sys.path[0] = str(Path.cwd())
    if sys.argv[1:]:
        load_modules(sys.argv[1:])
    else:
        load()
    # Otherwise the first collection in each fork would copy all of that memory.
    gc.freeze()
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    ended: dict[int, int] = {}
    for line in orders:
        order = json.loads(line)
        if "poll" in order:
            answer = _poll(order["poll"], ended)
        else:
            streams = _streams(order)
            if (answer := os.fork()) == 0:
                os.close(orders.fileno())
                os.close(answers.fileno())
                _run(order, streams)
            # An earlier process may have had the number.
            ended.pop(answer, None)
            for stream in streams:
                os.close(stream)
            # Both sides do this, so that it is done whichever side continues first.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.setpgid(answer, answer)
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
