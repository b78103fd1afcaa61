"""Many targets in a process of their own, half of them over TLS, which note when each was asked.

``python -m tests.benchmarks.instruments.crowd CERTIFICATE SECONDS HANGING`` prints the ports for HTTP and HTTPS. The
path ``/17`` is the target with the number 17. Each answers so many seconds later; with HANGING, each whose number ends
in 0 never does. For each line of its standard input it prints, as JSON, what it was asked since the last one.
"""

import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from shared import ROOT

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"


@dataclass(frozen=True)
class Crowd:
    """The process, and its ports."""

    process: subprocess.Popen[str]
    ports: tuple[int, int]

    def url(self, number: int) -> str:
        """The address of a target; every second one is https."""
        return f"{('http', 'https')[number % 2]}://localhost:{self.ports[number % 2]}/{number}"

    def asked(self) -> list[tuple[int, float]]:
        """The number of each target that was asked since the last time, and when."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return [(number, at) for number, at in json.loads(self.process.stdout.readline())]


@contextlib.contextmanager
def crowd(certificate: str, answers_after: float, *, has_hanging: bool) -> Iterator[Crowd]:
    """The targets. ``certificate``: a file with the certificate and its key."""
    arguments = [certificate, str(answers_after), str(int(has_hanging))]
    command, pipe = [sys.executable, "-m", "tests.benchmarks.instruments.crowd", *arguments], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout
            plain, tls = process.stdout.readline().split()
            yield Crowd(process, (int(plain), int(tls)))
        finally:
            process.kill()


class _Target(asyncio.Protocol):
    seconds = 0.0
    has_hanging = False
    asked: list[tuple[int, float]] = []  # noqa: RUF012  # there is one server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        # A check's request comes in one piece.
        number = int(data.split(b" ", 2)[1][1:])
        self.asked.append((number, time.time()))
        if not (self.has_hanging and number % 10 == 0):
            asyncio.get_running_loop().call_later(self.seconds, self._answer)

    def _answer(self) -> None:
        self._transport.write(_ANSWER)
        self._transport.close()


async def _serve(certificate: str, seconds: float, *, has_hanging: bool) -> None:
    """Until standard input ends."""
    _Target.seconds, _Target.has_hanging = seconds, has_hanging
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(_Target, "127.0.0.1", 0, ssl=each, backlog=4096) for each in (None, context)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    async for _ in orders:
        asked = list(_Target.asked)
        _Target.asked.clear()
        print(json.dumps(asked), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2]), has_hanging=sys.argv[3] == "1"))
