"""Windows, escalations, status pages, templates and drills: what may be written, and what is kept of it."""

import pytest

from tests.infra.configuration.conftest import Mistakes, Read


def window(fields: str) -> str:
    return f"windows:\n  - {{kind: maintenance, all: true, {fields}}}\n"


@pytest.mark.parametrize(
    "fields",
    [
        "duration: 2h",
        "starts_at: 2030-01-05T22:00:00Z, ends_at: 2030-01-06T12:00:00+09:00",
        "starts_at: '2030-01-05 22:00', duration: 90, time_zone: Asia/Seoul",
        "every: day, at: 02:30, duration: 40m",
        "weekly: [Mon, thursday], at: '02:30', duration: 40m, time_zone: Europe/Berlin",
        "weekly: Sun, at: '00:00', duration: 1d",
        "monthly: [1, 31, last], at: '23:59', duration: 40m",
        "cron: '30 2 * * 1', duration: 40m",
        "rrule: 'FREQ=WEEKLY;BYDAY=MO', duration: 40m",
    ],
)
def test_a_window_may_say(reading: Read, fields: str) -> None:
    [known] = reading(window(fields)).windows
    assert known["kind"] == "maintenance"
    assert known["all"] is True
    assert known["weekly"] == ["Mon", "Thu"] if "thursday" in fields else True


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("title: x", "duration is missing: expected either it or ends_at, or a recurrence such as weekly with at"),
        ("duration: 1h, ends_at: 2030-01-06T02:00:00Z", "duration is '1h': expected either it or ends_at"),
        (
            "starts_at: 2030-01-06T02:00:00Z, ends_at: 2030-01-06T02:00:00Z",
            "ends_at is '2030-01-06T02:00:00Z': expected a",
        ),
        ("starts_at: 5, duration: 1h", "starts_at is 5: expected an ISO 8601 date and time"),
        (
            "starts_at: '2030-13-06T02:00:00Z', duration: 1h",
            "starts_at is '2030-13-06T02:00:00Z': expected an ISO 8601",
        ),
        ("every: week, at: '02:30', duration: 1h", "every is 'week': expected day"),
        ("every: day, duration: 1h", "every is 'day': expected at beside it, such as at: \"02:30\""),
        ("every: day, at: '02:30'", "every is 'day': expected duration beside it, such as duration: 40m"),
        ("weekly: [], at: '02:30', duration: 1h", "weekly is a list: expected at least 1 in the list"),
        ("weekly: [Mo], at: '02:30', duration: 1h", "weekly[0] is 'Mo': expected Mon, Tue, Wed, Thu, Fri, Sat or Sun"),
        ("monthly: [32], at: '02:30', duration: 1h", "monthly[0] is 32: expected 31 or less, or last"),
        (
            "every: day, weekly: Mon, at: '02:30', duration: 1h",
            "weekly is 'Mon': expected one of every, weekly, monthly, cron",
        ),
        ("cron: '30 2 * *', duration: 1h", "cron is '30 2 * *': expected the five fields of a cron line"),
        ("cron: '30 2 * * 1', at: '02:30', duration: 1h", "at is '02:30': expected every, weekly, monthly beside it"),
        ("rrule: 'FREQ=SECONDLY', duration: 1h", "rrule is 'FREQ=SECONDLY': expected a rule such as FREQ=WEEKLY"),
        ("every: day, at: '24:00', duration: 1h", "at is '24:00': expected a time of the day such as \"02:30\""),
        ("duration: 1h, time_zone: Asia/Soul", "time_zone is 'Asia/Soul': expected the name of a time zone"),
        ("duration: 1h, time_zone: ../etc/passwd", "time_zone is '../etc/passwd': expected the name of a time zone"),
        ("duration: 1h, tags: [a]", "all is true: expected exactly one of monitors, groups, tags or all: true"),
        ("duration: 1h, titel: x", "unknown key 'titel': expected title"),
    ],
)
def test_a_wrong_window_says(mistakes: Mistakes, fields: str, said: str) -> None:
    [found] = mistakes(window(fields))
    assert found.partition(": ")[2].partition(": ")[2].startswith(said)


def test_a_window_names_what_it_is_about(mistakes: Mistakes) -> None:
    [found] = mistakes("windows:\n  - {title: Night, kind: silence, duration: 1h}\n")
    assert found.startswith(
        "2: windows[0] 'Night': monitors is missing: expected exactly one of monitors, groups, tags"
    )


def test_every_section_is_kept_as_plain_data(reading: Read) -> None:
    known = reading("""\
channels: {ops: {kind: slack, webhook_url: "https://a.example"}}
escalations: {night: [{after: 300, channels: ops}, {after: 15m, channels: [ops], repeat: 1h}]}
status_page: {title: Example, colors: {accent: "#123"}}
status_pages: {inner: }
templates: {title: "{{ kind }}"}
drills: [{weekly: Mon, at: "10:00", need_ack: 30m}]
summaries: [{every: day, at: "09:00", channels: ops}]
""")
    assert known.escalations == {
        "night": [{"after": "5m", "channels": ["ops"]}, {"after": "15m", "channels": ["ops"], "repeat": "1h"}]
    }
    assert known.status_page == {"title": "Example", "colors": {"accent": "#123"}}
    assert known.status_pages == {"inner": {}}
    assert known.templates == {"title": "{{ kind }}"}
    assert known.drills == ({"weekly": ["Mon"], "at": "10:00", "need_ack": "30m"},)
    assert known.summaries == ({"every": "day", "at": "09:00", "channels": ["ops"]},)
    assert known.body()["summaries"] == list(known.summaries)
    assert known.body()["escalations"] == known.escalations
    assert known.body()["status_page"] == known.status_page
    assert known.body()["status_pages"] == known.status_pages


def test_a_file_without_pages_says_nothing_of_them(reading: Read) -> None:
    assert not {"status_page", "status_pages"} & reading("monitors: []\n").body().keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("escalations: {a: {after: 5m}}", "escalations 'a': it is a mapping: expected a list of steps"),
        ("escalations: {a: [5]}", "escalations 'a'[0]: 5: expected a mapping, keys and values"),
        (
            "escalations: {a: [{channels: console}]}",
            "escalations 'a'[0]: after is missing: expected a duration such as",
        ),
        ("status_page: text", "status_page: 'text': expected a mapping, keys and values"),
        ("status_page: {colour: red}", "status_page: unknown key 'colour': expected "),
        ("status_pages: {Feed.atom: {}}", "status_pages 'Feed.atom': the name does not fit: expected small letters"),
        ("status_pages: {monitors: {}}", "status_pages 'monitors': the name does not fit: expected small letters"),
        ("templates: {title: [a]}", "templates: title is a list: expected text"),
        ("drills: [{need_ack: 30m}]", "drills[0]: expected one of every, weekly, monthly, cron, rrule"),
        ("summaries: [{time_zone: UTC}]", "summaries[0]: expected one of every, weekly, monthly, cron, rrule"),
        ("summaries: [{every: day}]", "summaries[0]: every is 'day': expected at beside it"),
        ("summaries: [{every: week, at: '09:00'}]", "summaries[0]: every is 'week'"),
        ("summaries: {every: day}", "summaries: it is a mapping"),
    ],
)
def test_a_wrong_section_says(mistakes: Mistakes, text: str, said: str) -> None:
    [found] = mistakes(f"{text}\n")
    assert found.startswith(f"1: {said}")
