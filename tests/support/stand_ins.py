"""Stand-ins for the world outside: real HTTP servers on this machine that behave as a test tells them.

``Target`` is a web service that fails on demand, ``BotApi`` is Telegram, ``Backend`` what agents report to. All are
context managers with a ``url``.
"""

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

# What Telegram takes in one message, in UTF-16 units.
MAX_TEXT = 4096


class StandIn:
    """An HTTP server in threads, on a free port of 127.0.0.1 that stays its own also while it does not listen."""

    def __init__(self) -> None:
        self._released = threading.Event()
        self._thread: threading.Thread | None = None
        self._server = self._bound(0)
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def answer(self, exchange: "Exchange") -> None:
        """Answer one request, or do whatever else is asked for. In a thread of its own."""
        raise NotImplementedError

    @property
    def is_down(self) -> bool:
        """Whether connections are refused; set it to stop and start."""
        return self._thread is None

    @is_down.setter
    def is_down(self, is_down: bool) -> None:
        if is_down and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
            self._server.server_close()
            # Bound but not listening: connections are refused, and nobody else gets the port.
            self._server = self._bound(self.port)
        elif not is_down and self._thread is None:
            self._server.server_activate()
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
            self._thread.start()

    def release(self) -> None:
        """End every exchange that hangs or drips; those that begin later may hang again."""
        released, self._released = self._released, threading.Event()
        released.set()

    def __enter__(self) -> Self:
        self.is_down = False
        return self

    def __exit__(self, *_: object) -> None:
        self.is_down = True
        self.release()
        self._server.server_close()

    def _bound(self, port: int) -> "_Server":
        server = _Server(self)
        server.allow_reuse_address = True
        server.server_address = ("127.0.0.1", port)
        server.server_bind()
        return server


class Exchange:
    """One request, and the ways to answer it."""

    def __init__(self, handler: BaseHTTPRequestHandler, released: threading.Event) -> None:
        self._handler = handler
        self._released = released
        self.method = handler.command
        self.path = handler.path
        self.headers = handler.headers
        length = int(handler.headers.get("Content-Length") or 0)
        self.body = handler.rfile.read(length)
        # Who is killed while it sends leaves half a request, which no server takes for one.
        self.is_whole = len(self.body) == length

    def answer(
        self,
        status: int,
        body: str,
        content_type: str = "text/plain; charset=utf-8",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer whole and at once."""
        self._send(_response(status, body, content_type, headers or {}))

    def drip(self, status: int, body: str, content_type: str = "application/json", pause: float = 0.1) -> None:
        """Answer a byte at a time with ``pause`` seconds between, until released."""
        released = self._released
        for byte in _response(status, body, content_type, {}):
            if not self._send(bytes([byte])) or released.wait(pause):
                return

    def hang(self) -> None:
        """Say nothing until released; the connection then closes without an answer."""
        self._released.wait()

    def reset(self) -> None:
        """End the connection with a reset instead of an answer."""
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Closes at once, although the handler's files still refer to it.
        socket.close(connection.detach())

    def _send(self, data: bytes) -> bool:
        try:
            self._handler.wfile.write(data)
            self._handler.wfile.flush()
        except OSError:
            return False  # the other side gave up
        return True


class Target(StandIn):
    """A web service: healthy until ``status``, ``is_down`` or ``is_hanging`` says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 200
        self.body = "hello\n"
        self.hits = 0
        self._is_hanging = False
        self._lock = threading.Lock()

    @property
    def is_hanging(self) -> bool:
        """Whether requests are taken but not answered; set it to False to let go of those that wait."""
        return self._is_hanging

    @is_hanging.setter
    def is_hanging(self, is_hanging: bool) -> None:
        self._is_hanging = is_hanging
        if not is_hanging:
            self.release()

    def answer(self, exchange: Exchange) -> None:
        with self._lock:
            self.hits += 1
        if self._is_hanging:
            exchange.hang()
        else:
            exchange.answer(self.status, self.body)


@dataclass
class Message:
    """One call of sendMessage, as it came. ``is_accepted``: Telegram took it, whatever it then answered."""

    received_at: datetime
    token: str
    chat_id: str
    text: str
    fields: dict[str, str]
    is_accepted: bool = False


class Call:
    """One call of sendMessage, for a behaviour to answer."""

    def __init__(self, api: "BotApi", exchange: Exchange, message: Message) -> None:
        self._api = api
        self.exchange = exchange
        self.message = message

    def accept(self) -> str:
        """Take the message; the body of the answer that says so."""
        return self._api.accept(self.message)

    def refuse(self, code: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        """Answer that the message was not taken."""
        body: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
        body |= {"parameters": parameters} if parameters else {}
        self.exchange.answer(code, json.dumps(body), "application/json")


Behaviour = Callable[[Call], None]


def _named(name: str, behaviour: Behaviour) -> Behaviour:
    # So that a table of behaviours reads well where a test of it fails.
    behaviour.__name__ = name
    return behaviour


def accepts(call: Call) -> None:
    """What Telegram does on a good day."""
    length = len(call.message.text.encode("utf-16-le")) // 2
    if not call.message.text.strip():
        call.refuse(400, "Bad Request: message text is empty")
    elif length > MAX_TEXT:
        call.refuse(400, "Bad Request: message is too long")
    else:
        call.exchange.answer(200, call.accept(), "application/json")


def accepts_after(seconds: float) -> Behaviour:
    """Is slow."""

    def behaviour(call: Call) -> None:
        time.sleep(seconds)
        accepts(call)

    return _named(f"accepts_after_{seconds:g}_s", behaviour)


def refuses(code: int, description: str) -> Behaviour:
    """Answers with one of Telegram's errors."""
    return _named(f"refuses_{code}", lambda call: call.refuse(code, description))


def asks_to_wait(seconds: int) -> Behaviour:
    """429: too many messages."""
    description = f"Too Many Requests: retry after {seconds}"
    parameters = {"retry_after": seconds}
    return _named(f"asks_to_wait_{seconds}_s", lambda call: call.refuse(429, description, parameters))


chat_not_found = refuses(400, "Bad Request: chat not found")
unauthorized = refuses(401, "Unauthorized")
was_blocked = refuses(403, "Forbidden: bot was blocked by the user")
not_found = refuses(404, "Not Found")
internal_error = refuses(500, "Internal Server Error")


def bad_gateway(call: Call) -> None:
    """502 from a proxy in between, which speaks HTML."""
    call.exchange.answer(502, "<html><h1>502 Bad Gateway</h1></html>", "text/html")


def says_no_json(call: Call) -> None:
    """200, but from something that is not Telegram."""
    call.exchange.answer(200, "<html>Please log in to this network</html>", "text/html")


def hangs(call: Call) -> None:
    """Takes the request and says nothing, until released; the message is not accepted."""
    call.exchange.hang()


def resets(call: Call) -> None:
    """Ends the connection; the message is not accepted."""
    call.exchange.reset()


def accepts_and_drips(call: Call) -> None:
    """Accepts the message and says so a byte at a time."""
    call.exchange.drip(200, call.accept())


def accepts_and_hangs(call: Call) -> None:
    """Accepts the message and says nothing, until released."""
    call.accept()
    call.exchange.hang()


def accepts_and_resets(call: Call) -> None:
    """Accepts the message, and the connection ends before the answer."""
    call.accept()
    call.exchange.reset()


class BotApi(StandIn):
    """Telegram's Bot API. Each call takes the next behaviour that was queued, or else ``behaviour``."""

    token = "123456:AAstandIn-for_a-bots-token"
    chat_id = "4242"

    def __init__(self) -> None:
        super().__init__()
        self.behaviour: Behaviour = accepts
        self.calls: list[Message] = []
        self._queue: deque[Behaviour] = deque()
        self._accepted: list[str] = []
        self._lock = threading.Lock()

    @property
    def environ(self) -> dict[str, str]:
        """The settings that make the telegram channel send here."""
        return {
            "TELEGRAM_BOT_TOKEN": self.token,
            "TELEGRAM_CHAT_ID": self.chat_id,
            "TELEGRAM_API_URL": self.url,
        }

    @property
    def messages(self) -> list[str]:
        """The accepted texts, in the order of their acceptance."""
        with self._lock:
            return list(self._accepted)

    def queue(self, *behaviours: Behaviour) -> None:
        """Let the next calls meet these, one each."""
        with self._lock:
            self._queue.extend(behaviours)

    def accept(self, message: Message) -> str:
        """See Call.accept."""
        with self._lock:
            message.is_accepted = True
            self._accepted.append(message.text)
            number = len(self._accepted)
        chat: dict[str, Any] = {"id": int(self.chat_id), "type": "private"}
        result = {"message_id": number, "date": int(time.time()), "chat": chat, "text": message.text}
        return json.dumps({"ok": True, "result": result})

    def answer(self, exchange: Exchange) -> None:
        bot, _, method = exchange.path.removeprefix("/").partition("/")
        if exchange.method != "POST" or not bot.startswith("bot") or method != "sendMessage":
            body = {"ok": False, "error_code": 404, "description": "Not Found"}
            exchange.answer(404, json.dumps(body), "application/json")
            return
        given = _fields(exchange)
        message = Message(
            received_at=datetime.now(UTC),
            token=bot.removeprefix("bot"),
            chat_id=given.get("chat_id", ""),
            text=given.get("text", ""),
            fields=given,
        )
        with self._lock:
            self.calls.append(message)
            behaviour = self._queue.popleft() if self._queue else self.behaviour
        behaviour(Call(self, exchange, message))


class Backend(StandIn):
    """What agents post their events to: takes them unless ``status`` or ``is_hanging`` says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.status = 201
        self.is_hanging = False
        self.answers_after = 0.0
        self.poison: set[str] = set()
        self.asked_at: list[float] = []
        self.bodies: list[Any] = []
        self.headers: list[Any] = []
        self.events: list[dict[str, Any]] = []

    @property
    def taken(self) -> list[str]:
        """The ids of the events that were taken, in order, each as often as it was."""
        return [event["event_id"] for event in self.events]

    def answer(self, exchange: Exchange) -> None:
        body = json.loads(exchange.body)
        self.asked_at.append(time.monotonic())
        self.bodies.append(body)
        self.headers.append(exchange.headers)
        if self.is_hanging:
            exchange.hang()
            return
        time.sleep(self.answers_after)
        events = body if isinstance(body, list) else [body]
        status = self.status
        if status == 201 and any(event["event_id"] in self.poison for event in events):
            status = 400
        if status == 201:
            self.events += events
        exchange.answer(status, "{}", "application/json")


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks the name service who 127.0.0.1 is.
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that goes away is part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        self.close_connection = True
        if self.raw_requestline and self.parse_request():
            self.close_connection = True
            stand_in = self.server.stand_in
            exchange = Exchange(self, stand_in._released)
            if exchange.is_whole:
                stand_in.answer(exchange)

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # named by its parent
        """Nothing."""


def _response(status: int, body: str, content_type: str, headers: Mapping[str, str]) -> bytes:
    data = body.encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"HTTP/1.1 {status} -\r\nContent-Type: {content_type}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n"
    )
    return f"{head}{more}\r\n".encode() + data


def _fields(exchange: Exchange) -> dict[str, str]:
    if "json" in (exchange.headers.get("Content-Type") or ""):
        return {name: str(value) for name, value in json.loads(exchange.body).items()}
    return {name: values[0] for name, values in parse_qs(exchange.body.decode(), keep_blank_values=True).items()}
