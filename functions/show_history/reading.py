"""Read the query and the path of a request about the past."""

from datetime import datetime

from pydantic import BaseModel, Field

from shared import web
from shared.models import as_text
from shared.models.scalars import QueryTime


class SpanQuery(BaseModel):
    """``from`` is part of the span, ``to`` is not."""

    since: QueryTime | None = Field(None, alias="from")
    until: QueryTime | None = Field(None, alias="to")


def refuse_backwards(since: datetime, until: datetime) -> None:
    """Raise Problem unless the span ends after it begins."""
    if since >= until:
        value = repr(as_text(since))
        expected = f"from: expected a time before {as_text(until)}, where the span ends; found {value}"
        raise web.Problem(400, expected, field="from", value=value)
