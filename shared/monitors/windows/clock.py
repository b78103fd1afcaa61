"""Times of the day and time zones, as the file and the API take them. Light: channels have them too."""

import zoneinfo
from typing import Annotated

from pydantic import AfterValidator, Field

from shared.models.scalars import Text
from shared.monitors.expectations import CLOCK_TIME


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError("the name of a time zone, such as Asia/Seoul or UTC") from None
    return name


ClockTime = Annotated[str, Field(pattern=CLOCK_TIME, examples=["02:30"])]
TimeZone = Annotated[Text, Field(max_length=100, examples=["Asia/Seoul"]), AfterValidator(_zone)]
