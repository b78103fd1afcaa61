"""Read a form that a browser sends. A wrong one gets a clear problem."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from flask import Request

from shared.models import storable
from shared.web.problems import Problem
from shared.web.request import bytes_of

_KIND = "application/x-www-form-urlencoded"
MAX_FIELDS = 1_000


class Form(Mapping[str, str]):
    """The fields of a form. One that came several times has its last value here."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs, self._last = pairs, dict(pairs)

    def __getitem__(self, name: str) -> str:
        return self._last[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field, as of several boxes with one name."""
        return tuple(value for field, value in self._pairs if field == name)


def form_of(request: Request) -> Form:
    """The form in the body; its line breaks are those of this machine.

    Raises:
        Problem: 415 if it is none, 413 if it is too long, 400 if it is malformed.
    """
    if request.mimetype and request.mimetype != _KIND:
        raise Problem(415, f"the Content-Type is {request.mimetype[:100]!r}: expected {_KIND!r}")
    body = bytes_of(request)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Problem(400, "the body is no form in UTF-8") from error
    return Form([(name, storable(value.replace("\r\n", "\n"))) for name, value in pairs])
