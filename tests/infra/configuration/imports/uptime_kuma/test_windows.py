"""The import of each strategy of maintenance of Uptime Kuma."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from infra.configuration.imports.result import Imported
from infra.configuration.imports.sources import read
from shared.monitors.windows.spans import Recurrence
from shared.monitors.windows.window import Window
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.reading import notes, read_back, said
from tests.infra.configuration.imports.set_ups import NOW, SETUPS, source_of

SEOUL = {"timezone": "Asia/Seoul"}
NIGHT = {"start_time": "02:30", "end_time": "03:10", **SEOUL}


def imported_from(kuma: Kuma, **columns: Any) -> Imported:
    kuma.maintenance("Patching", kuma.monitor("Site"), **columns)
    return read(kuma.close(), NOW)


@pytest.mark.parametrize(
    ("columns", "when"),
    [
        (
            {"strategy": "single", "start_date": "2025-07-01 02:00", "end_date": "2025-07-01T04:00", **SEOUL},
            {"starts_at": "2025-07-01T02:00:00+09:00", "ends_at": "2025-07-01T04:00:00+09:00"},
        ),
        (
            {"strategy": "cron", "cron": "30 3 * * 1", "duration": 5400, **SEOUL},
            {"cron": "30 3 * * 1", "duration": "1h30m", "time_zone": "Asia/Seoul"},
        ),
        (
            {"strategy": "recurring-interval", "interval_day": 1, **NIGHT},
            {"every": "day", "at": "02:30", "duration": "40m", "time_zone": "Asia/Seoul"},
        ),
        (
            {"strategy": "recurring-interval", "interval_day": 3, "start_date": "2025-05-01 00:00:00", **NIGHT},
            {
                "rrule": "DTSTART:20250501T023000\nRRULE:FREQ=DAILY;INTERVAL=3",
                "duration": "40m",
                "time_zone": "Asia/Seoul",
            },
        ),
        (
            # As it was stored before 1.23: every third day of each month, beginning with the first.
            {"strategy": "recurring-interval", "interval_day": 3, "cron": "30 2 */3 * *", "duration": 2400, **NIGHT},
            {"cron": "30 2 */3 * *", "duration": "40m", "time_zone": "Asia/Seoul"},
        ),
        (
            {"strategy": "recurring-interval", "interval_day": 1, "cron": "30 2 */1 * *", "duration": 2400, **NIGHT},
            {"every": "day", "at": "02:30", "duration": "40m", "time_zone": "Asia/Seoul"},
        ),
        (
            {"strategy": "recurring-weekday", "weekdays": [0, 1, 4], **NIGHT},
            {"weekly": ["Sun", "Mon", "Thu"], "at": "02:30", "duration": "40m", "time_zone": "Asia/Seoul"},
        ),
        (
            {"strategy": "recurring-weekday", "weekdays": [5], "start_time": "23:30", "end_time": "00:15", **SEOUL},
            {"weekly": ["Fri"], "at": "23:30", "duration": "45m", "time_zone": "Asia/Seoul"},
        ),
        (
            {"strategy": "recurring-weekday", "weekdays": [1], "end_date": "2025-08-01 00:00", **NIGHT},
            {
                "rrule": "DTSTART:20250602T023000\nRRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20250731T150000Z",
                "duration": "40m",
                "time_zone": "Asia/Seoul",
            },
        ),
        (
            {"strategy": "recurring-day-of-month", "days_of_month": [15, 1, "lastDay1"], **NIGHT},
            {"monthly": [1, 15, "last"], "at": "02:30", "duration": "40m", "time_zone": "Asia/Seoul"},
        ),
        (
            {"strategy": "recurring-day-of-month", "days_of_month": ["lastDay2"], **NIGHT},
            {
                "rrule": "DTSTART:20250602T023000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-2",
                "duration": "40m",
                "time_zone": "Asia/Seoul",
            },
        ),
    ],
)
def test_a_strategy_becomes_a_window(
    kuma_of_each_version: Kuma, columns: dict[str, Any], when: dict[str, Any], tmp_path: Path
) -> None:
    imported = imported_from(kuma_of_each_version, **columns)
    expected = {"kind": "maintenance", "title": "Patching", "monitors": ["Site"], **when}
    assert imported.windows == [expected]
    assert len(read_back(imported, tmp_path / "out").windows) == 1


@pytest.mark.parametrize("cron", ["30 2  * * *", "* * * * *"])
def test_every_few_days_go_on_from_the_last_time(kuma: Kuma, cron: str) -> None:
    """2.x stores it in UTC, in which it may be the day before. Without it, windows would fall on other days."""
    last = {"last_start_date": "2025-05-31T17:30:00.512Z", "cron": cron}
    imported = imported_from(kuma, strategy="recurring-interval", interval_day=3, **last, **NIGHT)
    assert imported.windows[0]["rrule"] == "DTSTART:20250601T023000\nRRULE:FREQ=DAILY;INTERVAL=3"


def test_a_cron_that_is_to_begin_later_begins_at_once_and_says_so(kuma: Kuma) -> None:
    later = {"start_date": "2025-07-01T00:00", "end_date": "2025-08-01T00:00", **SEOUL}
    imported = imported_from(kuma, strategy="cron", cron="30 3 * * 1", duration=5400, **later)
    assert notes(imported, "windows 'Patching'") == [
        "start_date: the window begins at once",
        "end_date: the window goes on until it is removed",
    ]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"strategy": "manual"}, "it has no end"),
        ({"strategy": "recurring-weekday", "weekdays": [1], "active": 0, **NIGHT}, "it is switched off"),
        ({"strategy": "single", "start_date": "2024-01-01 00:00", "end_date": "2024-01-02 00:00"}, "it is over"),
        ({"strategy": "recurring-weekday", "weekdays": [1], "end_date": "2024-01-02", **NIGHT}, "it is over"),
        ({"strategy": "cron", "cron": "30 3 * * *", "duration": 90_000}, "it would never end"),
        ({"strategy": "cron", "cron": "30 3 * * 1", "duration": 60, "end_date": "2024-01-02T00:00"}, "it is over"),
        ({"strategy": "single", "start_date": "2024-01-01 00:00"}, "from when to when"),
        ({"strategy": "cron", "cron": "@daily", "duration": 60}, "five fields"),
        ({"strategy": "recurring-weekday", "weekdays": [], **NIGHT}, "no weekday"),
        ({"strategy": "recurring-weekday", "weekdays": [1], **NIGHT, "end_time": "02:30"}, "ends when it starts"),
        ({"strategy": "recurring-day-of-month", "days_of_month": [32], **NIGHT}, "no day"),
        ({"strategy": "recurring-weekday", "weekdays": [1], **NIGHT, "timezone": "Mars"}, "'Mars' is unknown"),
        ({"strategy": "of the future"}, "no such recurrence"),
    ],
)
def test_what_cannot_be_a_window_is_said(kuma: Kuma, columns: dict[str, Any], reason: str) -> None:
    imported = imported_from(kuma, **columns)
    assert imported.windows == []
    assert said(imported, "windows 'Patching': strategy", reason, "it is left out")


def test_the_servers_time_zone_is_a_setting(kuma: Kuma) -> None:
    kuma.add("setting", key="serverTimezone", value='"Europe/Berlin"')
    night = {**NIGHT, "timezone": "SAME_AS_SERVER"}
    imported = imported_from(kuma, strategy="recurring-interval", interval_day=1, **night)
    assert imported.windows[0]["time_zone"] == "Europe/Berlin"


@pytest.mark.parametrize("zone", [{"timezone": None, "cron": "30 2 */1 * *"}, {"timezone": "SAME_AS_SERVER"}])
def test_without_the_servers_time_zone_utc_is_written_and_said(kuma: Kuma, zone: dict[str, Any]) -> None:
    imported = imported_from(kuma, strategy="recurring-interval", interval_day=1, **{**NIGHT, **zone})
    assert imported.windows[0]["time_zone"] == "UTC"
    assert "does not say which time zone its server has" in notes(imported, "windows 'Patching'")[0]


def test_a_single_window_without_a_time_zone_is_in_utc(kuma: Kuma) -> None:
    """A real Uptime Kuma in Seoul was under maintenance at these hours of UTC, although its form shows the server's."""
    kuma.add("setting", key="serverTimezone", value='"Asia/Seoul"')
    span = {"start_date": "2025-07-01T02:00", "end_date": "2025-07-01T04:00", "timezone": None}
    imported = imported_from(kuma, strategy="single", **span)
    assert imported.windows[0]["starts_at"] == "2025-07-01T02:00:00+00:00"
    assert notes(imported, "windows 'Patching'") == [
        "timezone: none is set, so Uptime Kuma takes UTC; so does this window"
    ]


@pytest.mark.slow
def test_a_window_opens_when_uptime_kuma_opens_it() -> None:
    """A real one has stored the cron by which it does, beside the strategy of which we make the window."""
    [setup] = [setup for setup in SETUPS if setup.name == "uptime-kuma-1.23"]
    with closing(sqlite3.connect(source_of(setup))) as database:
        rows = database.execute("SELECT title, cron, duration, timezone FROM maintenance WHERE cron > '' AND active")
        stored = {title: Recurrence("cron", cron, zone or "", seconds) for title, cron, seconds, zone in rows}
    windows = {each["title"]: Window.model_validate(each) for each in read(source_of(setup), NOW).windows}
    assert len(stored) == 6
    since = datetime(2027, 1, 1, tzinfo=UTC)  # when the one that begins later has begun
    for title, recurrence in stored.items():
        recurs_as = windows[title].recurs_as()
        assert recurs_as is not None
        zone = "Asia/Seoul" if recurrence.time_zone in ("", "SAME_AS_SERVER") else recurrence.time_zone
        expected = list(islice(recurrence._replace(time_zone=zone).spans(since), 8))
        assert list(islice(recurs_as.spans(since), 8)) == expected, title


def test_a_window_of_a_whole_group_names_the_group(kuma: Kuma) -> None:
    web = kuma.monitor("Web", "group")
    inner = kuma.monitor("Inner", "group", parent=web)
    kuma.monitor("Site", parent=web)
    api = kuma.monitor("API", parent=inner)
    nightly = {"strategy": "recurring-interval", "interval_day": 1, **NIGHT}
    kuma.maintenance("All", web, **nightly)
    kuma.maintenance("Inner", inner, **nightly)
    kuma.maintenance("Mixed", inner, kuma.monitor("Other"), **nightly)
    kuma.maintenance("One", api, **nightly)
    kuma.maintenance("Nothing", **nightly)
    imported = read(kuma.close(), NOW)
    scopes = {each["title"]: each.get("groups") or each["monitors"] for each in imported.windows}
    assert scopes == {
        "All": ["Web", "Web / Inner"],
        "Inner": ["Web / Inner"],
        "Mixed": ["API", "Other"],
        "One": ["API"],
    }
    assert said(imported, "windows 'Nothing'", "it covers no monitor")


def test_a_window_of_a_checked_parent_covers_what_is_below(kuma: Kuma) -> None:
    """Uptime Kuma takes whatever is below for under maintenance, too."""
    site = kuma.monitor("Site")
    kuma.monitor("API", parent=kuma.monitor("Proxy", parent=site))
    kuma.monitor("Other")
    kuma.maintenance("All", site, strategy="recurring-interval", interval_day=1, **NIGHT)
    assert read(kuma.close(), NOW).windows[0]["monitors"] == ["Site", "Proxy", "API"]


def test_a_page_does_not_widen_a_window(kuma: Kuma) -> None:
    """A heading of the page that is named like the group puts another monitor into that group."""
    web = kuma.monitor("Web", "group")
    kuma.monitor("Site", parent=web)
    kuma.page("main", {"Web": [kuma.monitor("Loose")]})
    kuma.maintenance("All", web, strategy="recurring-interval", interval_day=1, **NIGHT)
    imported = read(kuma.close(), NOW)
    assert {each["name"]: each["group"] for each in imported.monitors} == {"Site": "Web", "Loose": "Web"}
    assert imported.windows[0]["monitors"] == ["Site"]
