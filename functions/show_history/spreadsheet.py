"""Answers as CSV: the same columns as in JSON, nested ones joined by ``_``."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask import Request, Response

MEDIA_TYPE = "text/csv"
# A spreadsheet would run what follows. Texts come from outside, such as the words of a server that failed.
_RUN = ("=", "+", "-", "@", "\t", "\r", "\n")


def is_wanted(request: Request) -> bool:
    """Whether the caller asks for CSV rather than for JSON."""
    return request.accept_mimetypes.best_match(["application/json", MEDIA_TYPE]) == MEDIA_TYPE


def text_of(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows with a line of column names above them. A row's values may be objects of values."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    for row in rows:
        flat = dict(_flat(row))
        writer.writerow([_cell(flat.get(column)) for column in columns])
    return file.getvalue()


def answer(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Response:
    """200 with the rows."""
    return Response(text_of(columns, rows), mimetype=MEDIA_TYPE)


def _flat(row: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}_")
        else:
            yield f"{above}{name}", value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False) if value else ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_RUN) else value
