"""Windows that would never end are refused, and those that a former version took stay readable."""

from typing import Any

import pytest

from shared.monitors.windows.recurrence import STORED
from shared.monitors.windows.window import Window

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("fields", "ends"),
    [
        ({"every": "day", "at": "02:30", "duration": "48h"}, False),
        ({"every": "day", "at": "02:30", "duration": "24h"}, False),
        ({"every": "day", "at": "02:30", "duration": "23h59m"}, True),
        ({"weekly": ["Sat", "Sun"], "at": "00:00", "duration": "24h"}, True),
        ({"weekly": ["Mon"], "at": "00:00", "duration": "7d"}, False),
        ({"monthly": [1], "at": "00:00", "duration": "31d"}, False),
        ({"monthly": [1], "at": "00:00", "duration": "30d"}, True),
        ({"cron": "* 9-17 * * 1-5", "duration": "30m"}, True),
        ({"cron": "*/15 * * * *", "duration": "15m"}, False),
        ({"cron": "* * * * 1-5", "duration": "60s"}, True),
        ({"cron": "*/2 * * * 1-5", "duration": "120s"}, True),
        ({"cron": "*/2 * * * 1-5", "duration": "48h2m"}, False),
        ({"cron": "* * * 1-6 *", "duration": "60s"}, True),
        ({"cron": "0 0 1 1 *", "duration": "40d"}, True),
        ({"rrule": f"FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMONTH=1,2,3,4,5,6", "duration": "1h"}, True),
        ({"rrule": "DTSTART:19900101T000000\nRRULE:FREQ=DAILY", "duration": "24h"}, False),
        ({"rrule": "FREQ=DAILY", "duration": "25h"}, False),
        ({"rrule": "DTSTART:20270101T000000\nRRULE:FREQ=DAILY;COUNT=3", "duration": "48h"}, True),
    ],
)
def test_a_window_that_would_never_end_is_refused(fields: dict[str, Any], ends: bool) -> None:
    given = {"kind": "silence", "all": True, **fields}
    stored = Window.model_validate(given, context=STORED)
    assert stored.duration is not None, "what a former version took stays readable"
    if ends:
        assert Window.model_validate(given) == stored
    else:
        with pytest.raises(ValueError, match="it would never end"):
            Window.model_validate(given)
