"""Read ``functions.toml``, the table of functions."""

import functools
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared import ROOT
from shared.settings import Access, Settings

MAIN = ROOT / "main.py"
_FILE = Path(__file__).with_name("functions.toml")


class TableInvalid(Exception):
    """The table has a mistake. The text names the function, the fact, what was found and what is wrong with it."""


def _seconds_or_setting(every: float | str) -> float | str:
    if isinstance(every, str) and every not in {field.alias for field in Settings.model_fields.values()}:
        raise ValueError("there is no such setting")
    return every


class Row(BaseModel):
    """One function's facts; ``functions.toml`` says what each of them means."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Field(pattern="^/")]
    access: Access
    every: Annotated[Annotated[float, Field(gt=0)] | str, AfterValidator(_seconds_or_setting)] | None = None
    needs: Annotated[frozenset[Literal["store", "channels", "agent"]], Field(strict=False)] = frozenset()
    sends: Literal["at_once"] | None = None

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
    return next(row for row in rows() if row.path == "/events")


def parse(text: str) -> tuple[Row, ...]:
    """The rows of a table.

    Raises:
        TableInvalid: it is no TOML, or a fact is missing, unknown or wrong.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TableInvalid(f"{_FILE.name}: {error}") from error
    return tuple(_row(name, facts) for name, facts in table.items())


def _row(name: str, facts: Any) -> Row:
    if not isinstance(facts, dict):
        raise TableInvalid(f"{_FILE.name}: {name} belongs to no function")
    try:
        return Row.model_validate({"name": name, **facts})
    except ValidationError as error:
        first = error.errors()[0]
        fact = first["loc"][0]
        found = f" is {facts[fact]!r}" if fact in facts else ""
        problem = first["msg"].removeprefix("Value error, ")
        raise TableInvalid(f"{_FILE.name}: {fact} of {name}{found}: {problem}") from error


@functools.cache
def _own_rows() -> tuple[Row, ...]:
    return parse(_FILE.read_text(encoding="utf-8"))
