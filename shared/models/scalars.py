"""The plain types of what comes in, as pydantic checks them. A function that takes nothing in does not load it."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from shared.models.times import as_text, utc, with_plus, written_out
from shared.models.values import MAX_NAME_BYTES, masked


def _without_nul(value: str) -> str:
    # PostgreSQL cannot store a NUL, and no honest name or message has one.
    if "\0" in value:
        raise ValueError("text without NUL characters")
    return value


def _short_enough(value: str) -> str:
    # The limit in characters is enough for ASCII.
    if not value.isascii() and len(value.encode()) > MAX_NAME_BYTES:
        raise ValueError(f"at most {MAX_NAME_BYTES} bytes in UTF-8")
    return value


def whole(value: Any) -> Any:
    """``value`` as an int if it is a whole float."""
    # JSON has one kind of number, and some languages write 200 as 200.0.
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Written:
    """Lets pydantic write a value as this text: its ``PlainSerializer``, without the module that costs a cold start."""

    def __init__(self, write: Callable[[Any], str], when_used: Literal["always", "json"]) -> None:
        self._write, self._when_used = write, when_used

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the type with our serialization."""
        written = core_schema.plain_serializer_function_ser_schema(
            self._write, return_schema=core_schema.str_schema(), when_used=self._when_used
        )
        return cast("CoreSchema", {**handler(source), "serialization": written})


ANY_TEXT = r"^[^\u0000]*$"
NoNul, Pattern = AfterValidator(_without_nul), Field(json_schema_extra={"pattern": ANY_TEXT})
Text = Annotated[str, NoNul, Pattern]
# A limit that stands before our own validators is checked without a call of Python.
EventId = Annotated[str, Field(min_length=1, max_length=64), NoNul, Pattern]
# Masked wherever it comes from: an agent, a report of others, a store or an event that waits since version 0.1.
Masked = AfterValidator(masked)
_Name = Field(min_length=1, max_length=MAX_NAME_BYTES)
# A name that is asked for. A SQLite store of a former version may hold one that is longer in bytes.
MonitorName = Annotated[str, _Name, NoNul, Pattern, Masked]
# A name that may be new. Checked before it is masked, which makes it a few bytes longer at most.
ReportedName = Annotated[str, _Name, NoNul, Pattern, AfterValidator(_short_enough), Masked]
Milliseconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Time = Annotated[
    datetime,
    AfterValidator(utc),
    Written(as_text, "json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
# The last validator is the first to run.
QueryTime = Annotated[Time, BeforeValidator(written_out), BeforeValidator(with_plus)]
