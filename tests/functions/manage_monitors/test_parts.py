"""PUT /config says what changes beside the monitors: windows, escalations, pages, drills and summaries."""

from typing import Any

import pytest

from infra.configuration.sending import Plan
from tests.functions.api import Api, on_each_engine
from tests.functions.manage_monitors.watched import SHOP, applied

pytestmark = pytest.mark.slow

PATCHING = {"kind": "maintenance", "title": "Patching", "all": True, "every": "day", "at": "02:30", "duration": "40m"}
QUIET = {"kind": "silence", "monitors": ["shop"], "cron": "0 3 * * 1", "duration": "1h"}
FIRST: dict[str, Any] = {
    "escalations": {"night": [{"after": "5m", "channels": ["console"]}]},
    "windows": [PATCHING, QUIET],
    "status_page": {"title": "Shop", "password": "long-enough-for-a-page"},
    "drills": [{"weekly": ["Mon"], "at": "10:00", "need_ack": "5m"}],
    "summaries": [{"monthly": [1], "at": "09:00"}],
}


def lines(api: Api, query: str = "", **rest: Any) -> list[str]:
    plan = Plan.model_validate(applied(api, SHOP, query=query, **rest))
    return list(plan.lines())


@on_each_engine
def test_a_plan_says_what_changes_beside_the_monitors(api: Api) -> None:
    new = [
        "+ window 'Patching'",
        "+ window 'silence of shop'",
        "+ drill '0 10 * * MON'",
        "+ summary '0 9 1 * *'",
        "+ escalation 'night'",
        "+ status_page",
    ]
    assert lines(api, "?dry_run=true", **FIRST) == ["+ shop", *new, "7 added, 0 changed, 0 removed, 0 unchanged"]
    assert lines(api, **FIRST) == ["+ shop", *new, "7 added, 0 changed, 0 removed, 0 unchanged"]
    assert lines(api, **FIRST) == ["0 added, 0 changed, 0 removed, 1 unchanged"]


def test_it_names_fields_and_no_values(api: Api) -> None:
    lines(api, **FIRST)
    second = FIRST | {
        "escalations": {"night": [{"after": "9m", "channels": ["console"]}]},
        "windows": [PATCHING | {"duration": "1h"}],
        "status_page": {"title": "Our shop", "password": "another-one-for-a-page"},
        "drills": [],
    }
    expected = [
        "~ window 'Patching': duration",
        "~ escalation 'night': steps",
        "~ status_page: password, title",
        "- window 'silence of shop'",
        "- drill '0 10 * * MON'",
        "0 added, 3 changed, 2 removed, 1 unchanged",
    ]
    assert lines(api, "?dry_run=true", **second) == lines(api, **second) == expected


def test_taking_everything_out_says_it(api: Api) -> None:
    lines(api, **FIRST)
    assert lines(api)[-1] == "0 added, 0 changed, 6 removed, 1 unchanged"
