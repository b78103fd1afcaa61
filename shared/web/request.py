"""Read a request: its body, its path and its query. A wrong one gets a clear problem."""

import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from flask import Request
from pydantic import BaseModel, Field

from shared.models.values import MAX_ID
from shared.settings.secrets import quoted as shown
from shared.web.problems import Problem

MAX_BODY_BYTES = 1024 * 1024
# The limit of a packed body once it is unpacked. MAX_BODY_BYTES limits what is sent: Lambda takes 6 MB at most.
MAX_UNPACKED_BYTES = 32 * MAX_BODY_BYTES
PACKED = "application/gzip"
# How many rows a page of a list has, and how many by default.
Limit = Annotated[int, Field(ge=1, le=1000)]
LIMIT = 100
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Query = TypeVar("Query", bound=BaseModel)


def bearer_token(request: Request) -> str:
    """The token of ``Authorization: Bearer``; empty without one."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def bytes_of(request: Request) -> bytes:
    """All that the body holds. Raises Problem: 400 if it does not arrive whole, 413 if it is too long."""
    try:
        body = request.stream.read(MAX_BODY_BYTES + 1)
    except Exception as error:
        # Each server raises its own error if the body does not arrive as announced.
        raise Problem(400, "the body is malformed, or ends too early") from error
    if len(body) > MAX_BODY_BYTES:
        raise too_long()
    return body


def body_of(request: Request, *, may_be_packed: bool = False) -> bytes:
    """The JSON text that the request carries. No object in it has a duplicate name.

    Raises:
        Problem: see ``unchecked_body_of``, and 400 if it is ambiguous.
    """
    body = unchecked_body_of(request, may_be_packed=may_be_packed)
    refuse_duplicate_names(body)
    return body


def unchecked_body_of(request: Request, *, may_be_packed: bool = False) -> bytes:
    """The JSON text that the request carries, for a caller that looks for duplicate names itself.

    ``may_be_packed``: a body of the Content-Type PACKED is unpacked. A proxy might undo a Content-Encoding itself.

    Raises:
        Problem: 400 if it is empty or cut short, 413 if it is too long, 415 if its headers say "not JSON".
    """
    kind, coding = request.mimetype, request.headers.get("Content-Encoding", "identity")
    is_packed = may_be_packed and kind == PACKED
    if kind and not is_packed and kind != "application/json" and not kind.endswith("+json"):
        raise _not_json("Content-Type", kind, "application/json")
    if coding.strip().lower() not in ("", "identity"):
        raise _not_json("Content-Encoding", coding, "identity")
    body = bytes_of(request)
    if len(body) < (request.content_length or 0):
        raise Problem(400, "the body ends before its Content-Length")
    if is_packed:
        body = _unpacked(body)
    if not body.strip():
        raise Problem(400, "the body is empty: expected JSON")
    return body


def refuse_duplicate_names(body: bytes) -> None:
    """Raise Problem, 400, if an object in a JSON text has a duplicate name: some would read the first, some the last.

    Text that is not JSON at all is left to the model, since it says where the mistake is.
    """
    with contextlib.suppress(ValueError, RecursionError):
        _UNAMBIGUOUS.decode(body.decode())


def most_names_in(body: bytes) -> int:
    """How many names the objects in a JSON text have: never fewer, and more only if another text in it looks like one.

    It takes a tenth of the time in which ``refuse_duplicate_names`` reads them.
    """
    spaces = [space for space in (b" ", b"\t", b"\n", b"\r") if space in body]
    return sum(body.count(end + b":") for end in (b'"', *spaces))


def id_in_path(request: Request) -> int:
    """The alert's id at the end of the path. A gateway may have stripped the function's name before it (``/7``)."""
    return id_of(request.path.rstrip("/").rpartition("/")[2], "an alert's")


def is_id(text: str) -> bool:
    """Whether a text can be the id of a row. A number of 18 digits always fits an integer of the store."""
    return text.isascii() and text.isdecimal() and len(text) <= 18


def id_of(text: str, owner: str) -> int:
    """The id that a path's parameter says. ``owner``: whose it is, such as "a monitor's". Raises Problem, 404."""
    if not is_id(text):
        raise Problem(404, f"{text[:100]!r} is not {owner} id: expected a number of at most 18 digits")
    return int(text)


def query_of(request: Request, kind: type[Query]) -> Query:
    """The query's parameters that ``kind`` has; an empty one counts as absent, and unknown ones are ignored.

    A ``kind`` that forbids extra fields gets every parameter as it is, and so refuses an empty and an unknown one.

    Raises:
        Problem: 400 if a parameter is duplicated, or is not UTF-8.
        ValidationError: one has a wrong value.
    """
    is_strict = kind.model_config.get("extra") == "forbid"
    try:
        pairs = parse_qsl(request.query_string.decode(), keep_blank_values=is_strict, errors="strict")
    except UnicodeDecodeError as error:
        raise Problem(400, "the query is not UTF-8") from error
    found: dict[str, str] = {}
    known = {field.alias or name for name, field in kind.model_fields.items()}
    for name, value in pairs:
        if name in found:
            raise Problem(400, f"duplicate parameter {name} in the query", field=name, value=shown(value))
        if is_strict or name in known:
            found[name] = value
    return kind.model_validate(found)


def next_cursor(ids: Sequence[int], limit: int) -> str | None:
    """The ``next`` of the page with these ids: where the following page begins, or None after the last."""
    return str(ids[-1]) if len(ids) == limit else None


def too_long() -> Problem:
    """The problem of a body over the limit."""
    return Problem(413, f"the body is longer than {MAX_BODY_BYTES} bytes")


def _unpacked(body: bytes) -> bytes:
    # Imported here: only a file of thousands of monitors comes like that.
    import zlib

    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        # Bounded: a kilobyte can unpack to a megabyte.
        found = unpacking.decompress(body, MAX_UNPACKED_BYTES + 1)
    except zlib.error:
        raise Problem(400, "the body is not gzip, as its Content-Type says") from None
    if len(found) > MAX_UNPACKED_BYTES:
        raise Problem(413, f"the body is longer than {MAX_UNPACKED_BYTES} bytes when unpacked")
    if not unpacking.eof:
        raise Problem(400, "the packed body ends too early")
    return found


def _not_json(header: str, value: str, expected: str) -> Problem:
    return Problem(415, f"the {header} is {shown(value)}: expected {expected!r}", field=header, value=shown(value))


def _unambiguous(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        duplicate = next(shown(name) for name, count in counts.items() if count > 1)
        raise Problem(400, f"duplicate name {duplicate} in an object", field=duplicate.strip("'"))


def _no_number(constant: str) -> NoReturn:
    raise Problem(400, f"{constant} is not JSON")


_UNAMBIGUOUS = json.JSONDecoder(object_pairs_hook=_unambiguous, parse_constant=_no_number)
