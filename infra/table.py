"""Read ``functions.toml``, the table of functions."""

import functools
import itertools
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared import ROOT
from shared.settings import Access, Settings

MAIN = ROOT / "main.py"
_FILE = Path(__file__).with_name("functions.toml")
_PARAMETER = re.compile("<(.*?)>")
_PATH = re.compile(r"/|(/([\w.~-]+|<(id|token|key|what|slug)>))+", re.ASCII)


class TableInvalid(Exception):
    """The table has a mistake. The text names the function, the fact, what was found and what is wrong with it."""


def _seconds_or_setting(every: float | str) -> float | str:
    if isinstance(every, str) and every not in {field.alias for field in Settings.model_fields.values()}:
        raise ValueError("there is no such setting")
    return every


def _well_formed(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ValueError("expected a path such as /things/<id>; its parameters: <id>, <token>, <key>, <slug>, <what>")
    return path


class Route(BaseModel):
    """One way to call a function over HTTP. GET means HEAD too."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, AfterValidator(_well_formed)]
    access: Access

    @property
    def parameters(self) -> list[str]:
        """The names of the path's parameters."""
        return _PARAMETER.findall(self.path)

    @property
    def braced(self) -> str:
        """The path as OpenAPI and the clouds write it: ``/alerts/{id}``."""
        return _PARAMETER.sub(r"{\1}", self.path)

    @property
    def shape(self) -> str:
        """The path without its parameters' names. Requests cannot tell two paths of one shape apart."""
        return _PARAMETER.sub("<>", self.path)


class Row(BaseModel):
    """One function's facts; ``functions.toml`` says what each of them means."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    routes: Annotated[tuple[Route, ...], Field(strict=False, min_length=1)]
    every: Annotated[Annotated[float, Field(gt=0)] | str, AfterValidator(_seconds_or_setting)] | None = None
    every_in_cloud: Annotated[float, Field(gt=0)] | None = None
    longest: Annotated[int, Field(gt=0)] | None = None
    needs: Annotated[frozenset[Literal["store", "channels", "agent", "retention"]], Field(strict=False)] = frozenset()
    below: Annotated[tuple[Annotated[str, AfterValidator(_well_formed)], ...], Field(strict=False)] = ()
    sends: Literal["at_once"] | None = None

    @property
    def route(self) -> Route:
        """The first route. A function that a schedule calls has no other."""
        return self.routes[0]

    @property
    def call(self) -> str:
        """Its routes for a reader: ``GET|POST /things, GET /things/<id>``."""
        by_path = itertools.groupby(self.routes, key=lambda route: route.path)
        return ", ".join(f"{'|'.join(route.method for route in routes)} {path}" for path, routes in by_path)

    def every_seconds(self, settings: Settings) -> float | None:
        """The schedule's period, taken from ``settings`` if the table names one of them."""
        if not isinstance(self.every, str):
            return self.every
        name = next(name for name, field in Settings.model_fields.items() if field.alias == self.every)
        return float(getattr(settings, name))


def rows() -> list[Row]:
    """Every function, in the table's order."""
    return list(_own_rows())


def agent() -> Row:
    """The function that checks the monitors."""
    return next(row for row in rows() if "agent" in row.needs)


def backend() -> Row:
    """The function that the agent reports to."""
    return next(row for row in rows() if any(route.path == "/events" for route in row.routes))


def claims() -> Row:
    """The function of which the agent claims its checks."""
    return next(row for row in rows() if any(route.path == "/checks/claim" for route in row.routes))


def parse(text: str) -> tuple[Row, ...]:
    """The rows of a table.

    Raises:
        TableInvalid: it is no TOML, a fact is missing, unknown or wrong, or two routes are the same.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableInvalid(f"{_FILE.name}: {error}") from error
    found = tuple(_row(name, facts) for name, facts in table.items())
    _refuse_clashes([(row, route) for row in found for route in row.routes])
    return found


def _row(name: str, facts: Any) -> Row:
    if not isinstance(facts, dict):
        raise TableInvalid(f"{_FILE.name}: {name} belongs to no function")
    match facts.get("routes"):
        case [{**only}]:
            facts = {**facts, "routes": [{"name": name, **only}]}
    try:
        row = Row.model_validate({"name": name, **facts})
    except ValidationError as error:
        first = error.errors()[0]
        problem = first["msg"].removeprefix("Value error, ")
        raise TableInvalid(f"{_FILE.name}: {_found(name, first['loc'], facts)}: {problem}") from error
    if row.every is not None and [route.method for route in row.routes] != ["POST"]:
        raise TableInvalid(f"{_FILE.name}: routes of {name}: a function that a schedule calls has one, a POST")
    return row


def _found(name: str, location: tuple[int | str, ...], facts: dict[str, Any]) -> str:
    """The wrong fact, and its value if it is there."""
    fact, holder, owner = str(location[0]), facts, name
    match location:
        case ("routes", int(index), str(fact), *_):
            holder = facts["routes"][index]
            owner = f"{name}'s route {index + 1}" if len(facts["routes"]) > 1 else name
    return f"{fact} of {owner}" + (f" is {holder[fact]!r}" if fact in holder else "")


def _refuse_clashes(routes: Iterable[tuple[Row, Route]]) -> None:
    """Raise TableInvalid if two routes have one name, or answer the same requests, or name a parameter differently."""
    names: dict[str, Row] = {}
    calls: dict[tuple[str, str], Row] = {}
    paths: dict[str, str] = {}
    for row, route in routes:
        place = f"{_FILE.name}: a route of {row.name}"
        if other := names.get(route.name):
            raise TableInvalid(f"{place} has the name {route.name}, as one of {other.name} does")
        if other := calls.get((route.method, route.shape)):
            raise TableInvalid(f"{place} answers {route.method} {route.path}, as one of {other.name} does")
        if (path := paths.setdefault(route.shape, route.path)) != route.path:
            raise TableInvalid(f"{place} has the path {route.path}, which is {path} elsewhere")
        names[route.name] = calls[route.method, route.shape] = row


@functools.cache
def _own_rows() -> tuple[Row, ...]:
    return parse(_FILE.read_text(encoding="utf-8"))
