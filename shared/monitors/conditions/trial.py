"""An agent's finding when it tried a check that is not saved."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.models.event import Event
from shared.models.scalars import Text

MAX_ANSWER = 1_000


class JudgedCondition(BaseModel):
    """A condition, and whether it is met. ``shown``: the condition with its values."""

    model_config = ConfigDict(frozen=True, strict=True, defer_build=True)

    condition: Annotated[Text, Field(max_length=4096)]
    is_met: bool
    shown: Annotated[Text, Field(max_length=4096)]


class TrialResult(BaseModel):
    """The event that the check would have been. ``conditions``: each of them, unless the check did not get so far.

    ``answer``: the first printable characters of what the server sent, if the check read that.
    """

    model_config = ConfigDict(frozen=True, strict=True, defer_build=True)

    event: Event
    conditions: Annotated[tuple[JudgedCondition, ...], Field(max_length=50, strict=False)] = ()
    answer: Annotated[Text, Field(max_length=MAX_ANSWER)] | None = None
