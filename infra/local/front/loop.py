"""The loop that reads and writes for every client; a thread gets a request only once all of it has arrived.

A client that sends or reads slowly thus holds its own connection, until its time is up, and no thread.
"""

import collections
import contextlib
import errno
import os
import selectors
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.http import wsgi

from infra.local.front import refusals
from infra.local.front.connection import Connection, Phase
from infra.local.front.crowd import Crowd
from infra.local.front.lanes import Lane, Threads
from shared.settings.secrets import without_token

SWEEP_SECONDS = 1.0
_ACCEPTED_AT_ONCE = 16
_NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Response(list[bytes]):
    """The socket that gunicorn's response writes to: it keeps everything until the request has ended."""

    sendall = list.append

    def send(self, data: bytes) -> int:
        """Called for 100 Continue, which was sent when the client asked for it."""
        return len(data)


class Loop:
    """Serves ``app`` on ``listeners``. ``lane_of`` says which threads work on a request of a path and headers."""

    def __init__(
        self,
        app: WSGIApplication,
        cfg: Any,
        log: Any,
        listeners: Sequence[Any],
        lane_of: Callable[[str, Iterable[tuple[str, str]]], Lane],
    ) -> None:
        self._app, self._cfg, self._log, self._lane_of = app, cfg, log, lane_of
        self._listeners = list(listeners)
        self._crowd, self._threads = Crowd(), Threads()
        self._poller = selectors.DefaultSelector()
        self._done: collections.deque[tuple[Connection, Lane, bool]] = collections.deque()
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        self._poller.register(self._woken, selectors.EVENT_READ, lambda _: self._take_back())
        self._is_accepting = self.is_stopping = False
        self._sending = 0
        self._sweeps_at = time.monotonic() + SWEEP_SECONDS
        self._accept_again()

    @property
    def is_busy(self) -> bool:
        """Whether a request is worked on, or its response is not sent yet."""
        return self._threads.taken > 0 or self._sending > 0

    def wake(self) -> None:
        """End the present wait. A signal handler and a thread may call it."""
        # A full pipe wakes the loop as well.
        with contextlib.suppress(OSError):
            os.write(self._wake, b".")

    def turn(self) -> None:
        """Wait for something to happen, for SWEEP_SECONDS at most, and do what it needs."""
        if self.is_stopping and self._is_accepting:
            self._stop_accepting()
            for connection in self._crowd.idle():
                self._close(connection)
        for key, _ in self._poller.select(SWEEP_SECONDS):
            key.data(key.fileobj)
        if time.monotonic() >= self._sweeps_at:
            self._sweep()

    def _accept(self, listener: Any) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                sock, client = listener.accept()
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._make_room()
                return
            connection = Connection(sock, client, listener.getsockname(), self._cfg)
            try:
                in_the_way = self._crowd.in_the_way_of(connection.address)
            except BlockingIOError:
                connection.close()
                return
            if in_the_way is not None:
                self._close(in_the_way)
            self._crowd.add(connection)
            self._listen_to(connection)

    def _make_room(self) -> None:
        try:
            self._close(self._crowd.oldest())
        except BlockingIOError:
            # Every one is worked on. Until one has ended, the listener would be readable all the time.
            self._stop_accepting()

    def _stop_accepting(self) -> None:
        if not self._is_accepting:
            return
        for listener in self._listeners:
            self._poller.unregister(listener)
        self._is_accepting = False

    def _accept_again(self) -> None:
        if self._is_accepting or self.is_stopping:
            return
        for listener in self._listeners:
            listener.setblocking(False)
            self._poller.register(listener, selectors.EVENT_READ, self._accept)
        self._is_accepting = True

    def _listen_to(self, connection: Connection) -> None:
        self._poller.register(connection.sock, selectors.EVENT_READ, lambda _: self._receive(connection))

    def _receive(self, connection: Connection) -> None:
        # Another connection's turn may have ended this one meanwhile.
        if connection in self._crowd and connection.receive():
            if connection.is_broken:
                self._close(connection)
            elif connection.phase is not Phase.ENDING:
                self._go_on(connection)

    def _go_on(self, connection: Connection) -> None:
        """Begin the next request if all of it is here."""
        incoming = connection.incoming
        try:
            request = incoming.request()
        except Exception as error:  # noqa: BLE001  # the parser's errors, each of which becomes a response
            self._poller.unregister(connection.sock)
            self._answer(connection, refusals.refusal_of(error))
            return
        if request is not None:
            self._begin(connection, request)
        elif incoming.is_over:
            self._close(connection)
        elif incoming.has_head and connection.phase is not Phase.BODY:
            connection.enter(Phase.BODY)
            if incoming.is_asking_to_continue:
                connection.send(_CONTINUE)
        elif incoming.size and connection.phase is Phase.IDLE:
            connection.enter(Phase.HEAD)
        if incoming.size and (too_large := self._crowd.too_large()) is not None:
            self._close(too_large)

    def _begin(self, connection: Connection, request: Any) -> None:
        self._poller.unregister(connection.sock)
        lane = self._lane_of(request.path, request.headers)
        connection.is_own = lane in (Lane.OWN, Lane.RUNS)
        connection.enter(Phase.WORKING)
        if not self._threads.take(lane, lambda: self._work(connection, request, lane)):
            is_full = self._threads.is_full(lane)
            self._answer(connection, refusals.too_many() if is_full else refusals.no_thread())

    def _work(self, connection: Connection, request: Any, lane: Lane) -> None:
        """Respond to the request. Runs in a thread."""
        response = _Response()
        is_kept = False
        try:
            is_kept = self._respond(connection, request, response)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets a response, and the log the error
            if not refusals.is_the_clients(error):
                self._log.exception("Error handling request %s %s", request.method, without_token(request.path))
            response = _Response([refusals.refusal_of(error)])
        connection.send(b"".join(response))
        self._done.append((connection, lane, is_kept))
        self.wake()

    def _respond(self, connection: Connection, request: Any, response: _Response) -> bool:
        writer, environ = wsgi.create(request, response, connection.client, connection.server, self._cfg)
        environ["wsgi.multithread"] = True
        # For a run that lasts: it would hold the end up.
        environ["bonghwa.is_stopping"] = lambda: self.is_stopping
        if connection.incoming.is_last or connection.incoming.is_over or self.is_stopping:
            writer.force_close()
        parts = self._app(environ, writer.start_response)
        try:
            for part in parts:
                writer.write(part)
            writer.close()
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return not writer.should_close() and getattr(request.body, "failed", False) is not True

    def _take_back(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 4096)
        while self._done:
            connection, lane, is_kept = self._done.popleft()
            self._threads.end(lane)
            self._after_sending(connection, is_kept=is_kept)
        self._accept_again()

    def _answer(self, connection: Connection, response: bytes) -> None:
        """Send the server's own response, and end the connection, whose socket is not in the poller."""
        connection.send(response)
        self._after_sending(connection, is_kept=False)

    def _after_sending(self, connection: Connection, *, is_kept: bool) -> None:
        if connection.has_to_send:
            if connection.phase is not Phase.SENDING:
                connection.enter(Phase.SENDING)
                self._sending += 1
            more = lambda _: self._send_more(connection, is_kept=is_kept)  # noqa: E731
            self._poller.register(connection.sock, selectors.EVENT_WRITE, more)
            return
        if connection.phase is Phase.SENDING:
            self._sending -= 1
        if connection.is_broken:
            connection.phase = Phase.ENDING
            self._close(connection)
        elif is_kept and not self.is_stopping:
            connection.enter(Phase.IDLE)
            self._listen_to(connection)
            # A client may send requests without waiting for the responses.
            self._go_on(connection)
        else:
            connection.end_sending()
            connection.enter(Phase.ENDING)
            self._listen_to(connection)

    def _send_more(self, connection: Connection, *, is_kept: bool) -> None:
        if connection not in self._crowd:
            return
        connection.send()
        if not connection.has_to_send:
            self._poller.unregister(connection.sock)
            self._after_sending(connection, is_kept=is_kept)

    def _sweep(self) -> None:
        self._sweeps_at = time.monotonic() + SWEEP_SECONDS
        for connection in self._crowd.late():
            if connection.phase in (Phase.HEAD, Phase.BODY):
                self._poller.unregister(connection.sock)
                self._answer(connection, refusals.too_slow())
            else:
                self._close(connection)
        self._accept_again()

    def _close(self, connection: Connection) -> None:
        if not self._crowd.remove(connection):
            return
        if connection.phase is Phase.SENDING:
            self._sending -= 1
        with contextlib.suppress(KeyError, ValueError):
            self._poller.unregister(connection.sock)
        connection.close()
