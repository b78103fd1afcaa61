"""The messages that list several alerts."""

from typing import Any

import pytest

from shared.messages import Language, compose_list
from shared.models import Alert, AlertKind, Notification
from tests.support.builders import alert, at, notification


def pairs(count: int, about: str = "OUTAGE", **fields: Any) -> list[tuple[Alert, Notification]]:
    return [
        (
            alert(id=number, **{"subject": f"m{number}", **fields}),
            notification(about, id=number, occurred_at=at(185)),
        )
        for number in range(1, count + 1)
    ]


def test_a_list_says_how_many_and_names_each_with_its_id() -> None:
    assert compose_list(pairs(2), "en").splitlines() == [
        "OUTAGE: 2 monitors",
        "m1 · connection refused · #1",
        "m2 · connection refused · #2",
    ]
    assert compose_list(pairs(2, "RECOVERY"), "ko").splitlines() == [
        "복구: 모니터 2개",
        "m1 · 연결이 거부됨 · 지속 시간: 3분 5초 · #1",
        "m2 · 연결이 거부됨 · 지속 시간: 3분 5초 · #2",
    ]


@pytest.mark.parametrize(
    ("count", "last"),
    [(20, "m20 · connection refused · #20"), (21, "and 1 more · #21"), (300, "and 280 more · #21–#300")],
)
def test_a_list_names_twenty_and_counts_the_others(count: int, last: str) -> None:
    lines = compose_list(pairs(count), "en").splitlines()
    assert (len(lines), lines[-1]) == (1 + min(count, 21), last)


def test_a_list_of_other_things_than_monitors_calls_them_alerts() -> None:
    silent = pairs(2, "AGENT_SILENT", kind=AlertKind.AGENT_SILENT)
    assert compose_list(silent, "en").splitlines()[0] == "AGENT_SILENT: 2 alerts"
    twice = [(each._replace(subject="m"), owed) for each, owed in pairs(2, "RECOVERY")]
    assert compose_list(twice, "en").splitlines()[0] == "RECOVERY: 2 alerts"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_longest_list_fits_into_one_message(language: Language) -> None:
    long = pairs(1000, "RECOVERY", subject="🔥" * 300, cause="🔥" * 300, cause_data=None)
    huge = [(each, owed._replace(id=2**62 + owed.id)) for each, owed in long]
    text = compose_list(huge, language)
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert all(f"#{2**62 + number}" in text for number in range(1, 21))


def test_a_line_of_a_list_stays_one_line() -> None:
    nasty = pairs(2, subject="a\n#99 \u202eb", cause="x\r\ny", cause_data=None)
    assert compose_list(nasty, "en").splitlines()[1] == "a #99 b · x y · #1"
