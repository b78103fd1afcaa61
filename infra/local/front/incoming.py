"""The bytes of a client so far, until they are a whole request.

gunicorn's parser reads from a connection until a request is complete, and meanwhile holds its thread. Here a request is
parsed only once it has arrived, so that a client that sends slowly holds nothing but its own connection.
"""

import re
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader

from shared.web import MAX_BODY_BYTES

MAX_HEAD_BYTES = 64 * 1024
# A chunked body carries the sizes of its chunks too. Nobody needs as much for them as for the body.
MAX_CHUNKED_BYTES = 2 * MAX_BODY_BYTES
_MAX_CHUNK_LINE = 1024
_BARE_LF = re.compile(rb"(?<!\r)\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?", re.DOTALL)


class _Fed(Unreader):  # type: ignore[misc]  # gunicorn has no types
    """Gives the parser what has arrived, and then the end."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.next = data

    def chunk(self, size_hint: int | None = None) -> bytes:  # noqa: ARG002  # gunicorn's own signature
        data, self.next = self.next, b""
        return data


class Incoming:
    """The requests of one connection, one after the other.

    ``is_over``: the client sends nothing more. ``is_last``: no further request can be read after the present one,
    since a part of it was never read.
    """

    def __init__(self, cfg: Any, client: Any) -> None:
        self.is_over = self.is_last = False
        self._cfg, self._client, self._count = cfg, client, 0
        self._received = bytearray()
        self._searched = 0
        self._request: Any = None
        self._fed = _Fed(b"")

    @property
    def size(self) -> int:
        """How many bytes wait here."""
        return len(self._received)

    @property
    def has_head(self) -> bool:
        """Whether the head of a request is here, and its body is not yet."""
        return self._request is not None

    @property
    def is_asking_to_continue(self) -> bool:
        """Whether the client waits to be told that it may send the body."""
        return self.has_head and any(name == "EXPECT" for name, _ in self._request.headers)

    def take(self, data: bytes) -> None:
        """Add what has arrived."""
        self._received += data

    def request(self) -> Any:
        """The next request, if all of it has arrived. Raises gunicorn's errors if it is malformed or too long."""
        if self._request is None:
            end = self._head_end()
            if end is None:
                return None
            self._parse_head(end)
        end = self._body_end(self._request.body.reader)
        if end is None:
            if not self.is_over:
                return None
            end = self._give_up()
        self._fed.next = bytes(self._received[:end])
        del self._received[:end]
        request, self._request, self._searched = self._request, None, 0
        return request

    def _head_end(self) -> int | None:
        end = self._received.find(b"\r\n\r\n", max(0, self._searched - 3))
        if end >= 0:
            return end + 4
        # The parser says what is wrong with these; they would never end.
        line_limit = self._cfg.limit_request_line
        is_line_long = len(self._received) > line_limit + 2 and b"\r\n" not in self._received[: line_limit + 2]
        has_bare_lf = _BARE_LF.search(self._received, max(0, self._searched - 1)) is not None
        self._searched = len(self._received)
        return len(self._received) if is_line_long or has_bare_lf or self.size > MAX_HEAD_BYTES else None

    def _parse_head(self, end: int) -> None:
        self._count += 1
        self._fed = _Fed(bytes(self._received[:end]))
        try:
            self._request = Request(self._cfg, self._fed, self._client, self._count)
        except NoMoreData:
            raise LimitRequestHeaders(f"the head is longer than {MAX_HEAD_BYTES} bytes") from None
        del self._received[:end]
        self._searched = 0

    def _body_end(self, reader: Any) -> int | None:
        """The end of the body in the received bytes; None if it has not arrived."""
        if isinstance(reader, LengthReader):
            # A function refuses a longer one by what it announces.
            if reader.length > MAX_BODY_BYTES:
                return self._give_up()
            return reader.length if self.size >= reader.length else None
        if not isinstance(reader, ChunkedReader):
            return 0
        return self._chunks_end()

    def _chunks_end(self) -> int | None:
        while True:
            line_end = self._received.find(b"\r\n", self._searched)
            if line_end < 0:
                is_hopeless = self.size - self._searched > _MAX_CHUNK_LINE
                return self._give_up() if is_hopeless or self.size > MAX_CHUNKED_BYTES else None
            found = _CHUNK_SIZE.fullmatch(self._received, self._searched, line_end)
            if found is None:
                return self._give_up()
            size = int(found[1], 16)
            if size == 0:
                end = self._received.find(b"\r\n\r\n", line_end)
                if end >= 0:
                    return end + 4
            elif self.size >= (chunk_end := line_end + 2 + size) + 2:
                # The next request would otherwise begin at another place than the reader of this one finds.
                if self._received[chunk_end : chunk_end + 2] != b"\r\n":
                    return self._give_up()
                self._searched = chunk_end + 2
                continue
            return self._give_up() if self.size > MAX_CHUNKED_BYTES else None

    def _give_up(self) -> int:
        """Judge the body by what is here: its reader finds it malformed, or cut short."""
        self.is_last = True
        return self.size
