"""Things that are far away, in processes of their own: a web site over TLS, and the distance to it or to anything else.

``python -m tests.benchmarks.instruments.far site CERTIFICATE SECONDS`` answers every request like a small web page, so
much later; ``… far distance PORT SECONDS`` hands on what is sent to it so much later in each direction. Both say on
standard output which port they have, and the distance says, for each line of its standard input, how many bytes it has
carried there and back.
"""

import asyncio
import contextlib
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from shared import ROOT

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1024\r\n"
# The connection of this path stays open.
KEPT = "/kept"


@dataclass(frozen=True)
class Far:
    """A process that was started, and its port of 127.0.0.1."""

    process: subprocess.Popen[str]
    port: int

    def carried(self) -> tuple[int, int]:
        """The bytes that a distance has carried so far, there and back."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        there, back = self.process.stdout.readline().split()
        return int(there), int(back)


@contextlib.contextmanager
def site(certificate: str, answers_after_ms: float) -> Iterator[Far]:
    """A web site whose certificate and key are in a file; without one it speaks HTTP."""
    with _started("site", certificate, str(answers_after_ms / 1000)) as far:
        yield far


@contextlib.contextmanager
def distance(port: int, round_trip_ms: float) -> Iterator[Far]:
    """The way to ``port`` and back, so many milliseconds long."""
    with _started("distance", str(port), str(round_trip_ms / 2000)) as far:
        yield far


@contextlib.contextmanager
def _started(*arguments: str) -> Iterator[Far]:
    command, pipe = [sys.executable, "-m", "tests.benchmarks.instruments.far", *arguments], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout
            yield Far(process, int(process.stdout.readline()))
        finally:
            process.kill()


class _Page(asyncio.Protocol):
    seconds = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:  # a check's request comes in one piece
        is_kept = data.split(b" ", 2)[1] == KEPT.encode()
        asyncio.get_running_loop().call_later(self.seconds, self._answer, is_kept)

    def _answer(self, is_kept: bool) -> None:
        self._transport.write(_HEAD + (b"" if is_kept else b"Connection: close\r\n") + b"\r\n" + b"x" * 1024)
        if not is_kept:
            self._transport.close()


async def _site(certificate: str, seconds: float) -> None:
    _Page.seconds = seconds
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
    if context:
        context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(_Page, "127.0.0.1", 0, ssl=context, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class _Distance:
    def __init__(self, port: int, seconds: float) -> None:
        self._port, self._seconds = port, seconds
        self._carried = [0, 0]

    async def serve(self) -> None:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)
        loop, questions = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(questions), sys.stdin)
        while await questions.readline():
            print(*self._carried, flush=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._carry(0, reader, far_writer), self._carry(1, far_reader, writer))

    async def _carry(self, way: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Everything in its order, each piece as long after it came; also the end."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            data = b"-"
            while data:
                try:
                    data = await reader.read(65536)
                except OSError:
                    data = b""
                pieces.put_nowait((loop.time() + self._seconds, data))

        reading = asyncio.create_task(read())
        while True:
            due, data = await pieces.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            self._carried[way] += len(data)
            writer.write(data)
        await reading
        writer.close()


if __name__ == "__main__":
    if sys.argv[1] == "site":
        asyncio.run(_site(sys.argv[2], float(sys.argv[3])))
    else:
        asyncio.run(_Distance(int(sys.argv[2]), float(sys.argv[3])).serve())
