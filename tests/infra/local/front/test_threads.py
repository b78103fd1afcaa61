"""The server on a machine that has no thread left: it turns requests away, and goes on serving."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NoReturn

import pytest
from gunicorn.config import Config

from infra.local.front.lanes import Lane, Threads
from infra.local.front.loop import Loop

HELLO = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@contextmanager
def no_thread_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        yield


@pytest.fixture
def ask() -> Iterator[Callable[[], bytes]]:
    """Asks a server whose loop turns in this thread."""

    def app(_: object, start_response: Callable[..., object]) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Length", "2")])
        served.append(1)
        return [b"ok"]

    served: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))
    loop = Loop(app, Config(), logging.getLogger(), [listener], lambda *_: Lane.OTHERS)

    def answer() -> bytes:
        with socket.create_connection(listener.getsockname(), timeout=30) as client:
            client.sendall(HELLO)
            client.setblocking(False)
            received = b""
            for _ in range(1000):
                try:
                    part = client.recv(4096)
                except BlockingIOError:
                    loop.turn()
                    continue
                if not part:
                    break
                received += part
        assert not loop.is_busy
        assert len(served) == (b" 200 OK" in received)
        served.clear()
        return received

    yield answer
    loop.is_stopping = True
    loop.turn()
    listener.close()


def test_a_request_without_a_thread_is_turned_away(ask: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody works on it later either, when there are threads again."""
    for _ in range(2):
        with no_thread_left(monkeypatch):
            refusal = ask()
        assert refusal.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: " in refusal
        assert b"no memory or no thread left" in refusal
    assert ask().startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("is_begun", [True, False], ids=["begun", "kept"])
def test_a_request_is_either_turned_away_or_carried_out(is_begun: bool) -> None:
    """A pool that can start no further thread keeps the request, and one of those it has may begin it meanwhile."""
    kept, served = [], []

    class Pool(ThreadPoolExecutor):
        def submit(self, do: Callable[[], None]) -> NoReturn:  # type: ignore[override]
            kept.append(do)
            if is_begun:
                do()
            raise RuntimeError("can't start new thread")

    threads = Threads()
    threads.pools[Lane.OTHERS] = Pool()
    assert threads.take(Lane.OTHERS, lambda: served.append(1)) is is_begun
    kept[0]()
    assert served == [1] * is_begun
