"""moto's server, and the real ``aws`` command line in front of it.

The program that it puts on the PATH only hands its arguments to a socket of the test, where ``aws`` runs: to import it
in every call would cost seconds.
"""

import contextlib
import functools
import io
import json
import logging
import socketserver
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from tests.support.moto_aws.cloudformation import extended_cloudformation
from tests.support.moto_aws.found_once import found_once, keep_clients
from tests.support.moto_aws.limits import with_limits
from tests.support.moto_aws.refusals import Refusals, refusing
from tests.support.moto_aws.resources import REGION, client
from tests.support.moto_aws.without_sockets import without_sockets
from tests.support.recorded_call import RecordedCall

# In bash, because each call would otherwise pay for Python's start.
_PROGRAM = """\
#!/bin/bash
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\0' "$#" "$PWD" "$@" >&3
IFS= read -r -d '' code <&3
IFS= read -r -d '' out <&3
IFS= read -r -d '' error <&3
printf '%s' "$out"
printf '%s' "$error" >&2
exit "$code"
"""
_READS = ("describe-", "list-", "get", "wait")


class Call(RecordedCall):
    """One call of ``aws``."""

    @property
    def is_read(self) -> bool:
        """Whether it only reads."""
        return any(word.startswith(_READS) for word in self.words)


class Cloud:
    """moto's server. While it is entered, ``folder`` is a folder of programs with ``aws`` in it."""

    def __init__(self, folder: Path, refusals: Refusals | None = None) -> None:
        self.folder = folder
        self.refusals = refusals or Refusals()
        # Called after each change, with the program's arguments.
        self.on_change: Callable[[list[str]], None] = lambda _: None
        self.calls: list[Call] = []
        # The next call whose arguments contain the first text fails with the second.
        self.breaks_at: tuple[str, str] | None = None
        # How many functions may run at once.
        self.concurrency = 1000
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(found_once())
        self._stack.enter_context(with_limits(self))
        self.url = _moto()
        self._stack.enter_context(without_sockets(self.url))
        self._stack.enter_context(_environ(self.url, self.folder))
        self._stack.enter_context(extended_cloudformation())
        self._stack.enter_context(refusing(self.refusals))
        # moto's stacks are done at once, or when somebody asks again.
        patch = self._stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("botocore.waiter.time", SimpleNamespace(sleep=lambda _: None))
        # aws logs everything at DEBUG, and pytest would keep all of it.
        logging.disable(logging.WARNING)
        self._stack.callback(logging.disable, logging.NOTSET)
        self._driver = _aws()
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def client(self, service: str, region: str = REGION) -> Any:
        """A boto3 client of a service in it."""
        return client(service, region)

    def _listen(self) -> None:
        cloud = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                count = int(_until_zero(self.rfile))
                folder, *arguments = [_until_zero(self.rfile) for _ in range(count + 1)]
                self.wfile.write("".join(f"{each}\0" for each in cloud._answer(folder, arguments)).encode())

        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self.folder.mkdir(parents=True, exist_ok=True)
        program = self.folder / "aws"
        program.write_text(_PROGRAM.format(port=server.server_address[1]))
        program.chmod(0o755)

    def _answer(self, folder: str, arguments: list[str]) -> tuple[str, str, str]:
        names = (each.rpartition("file://") for each in arguments)
        files = {Path(path).name: json.loads(Path(path).read_text()) for _, found, path in names if found}
        out, error = io.StringIO(), io.StringIO()
        # One call at a time: standard output and the current folder belong to the whole process.
        with self._lock:
            self.calls.append(Call(arguments, files))
            if self.breaks_at and self.breaks_at[0] in " ".join(arguments):
                words, self.breaks_at = self.breaks_at[1], None
                return "254", "", words
            refused = self.refusals.of_call(" ".join(arguments))
            if refused and not refused[1]:
                return "254", "", refused[0]
            with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
                try:
                    code = self._driver.main(arguments)
                except SystemExit as end:
                    code = end.code  # it does not know the arguments
            if not self.calls[-1].is_read:
                self.on_change(arguments)
        if refused:
            return "130" if not refused[0] else "255", "", refused[0]
        return str(code), out.getvalue(), error.getvalue()


@functools.cache
def _moto() -> str:
    """The URL of moto's server. It makes an application for each service that is asked, and so it stays."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return f"http://127.0.0.1:{server.get_host_and_port()[1]}"


@functools.cache
def _aws() -> Any:
    """The ``aws`` program, which has read its table of commands after its first call of a service."""
    from awscli.clidriver import create_clidriver

    driver = create_clidriver()
    keep_clients(driver.session)
    return driver


def _until_zero(file: io.BufferedIOBase) -> str:
    found = b"".join(iter(lambda: file.read(1).rstrip(b"\0"), b""))
    return found.decode()


@contextlib.contextmanager
def _environ(url: str, folder: Path) -> Iterator[None]:
    nothing, configured = str(folder / "nothing"), folder.with_name(f"{folder.name}-config")
    # The file that ``aws configure`` of the manual leaves.
    configured.write_text(f"[default]\nregion = {REGION}\n")
    ours = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    ours |= {"AWS_DEFAULT_REGION": REGION, "AWS_CONFIG_FILE": str(configured), "AWS_SHARED_CREDENTIALS_FILE": nothing}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ours.items():
            patch.setenv(name, value)
        yield
