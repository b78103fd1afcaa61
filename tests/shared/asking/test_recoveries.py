"""A RECOVERY says how quickly people were notified of its outage."""

from typing import Any

import pytest

from shared.messages import compose, seconds_text
from tests.support.builders import alert, at, notification

RECOVERY = notification("RECOVERY", id=17, occurred_at=at(185))


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"created_at": at(11), "delivered": {"console": 0.42}}, "detected in 41 s, delivered in 0.4 s"),
        # An alert of an older version.
        ({"delivered": {"console": 0.04}}, "delivered in 0.1 s"),
        # This channel was not sent the outage.
        ({"created_at": at(0), "delivered": {"another": 0.4}}, "detected in 30 s"),
        ({}, "lasted 3 min 35 s"),
        ({"kind": "AGENT_SILENT", "created_at": at(0), "delivered": {"console": 0.4}}, "lasted 3 min 35 s"),
    ],
)
def test_a_recovery_says_what_is_known(known: dict[str, Any], said: str) -> None:
    text = compose(alert(failed_at=at(-30), **known), RECOVERY, "en")
    assert text.split(" · ")[-2] == said


def test_a_recovery_says_it_in_korean_too() -> None:
    text = compose(alert(created_at=at(41), delivered={"console": 125.0}), RECOVERY, "ko")
    assert text.split(" · ")[-2] == "41초 만에 감지, 2분 5초 만에 전달"


def test_an_outage_says_nothing_of_it() -> None:
    text = compose(alert(created_at=at(41)), notification("OUTAGE"), "en")
    assert "detected" not in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.004, "0.1 s"),
        (0.42, "0.4 s"),
        (2.04, "2 s"),
        (9.96, "10 s"),
        (41.4, "41 s"),
        (3_725, "1 h 2 min"),
    ],
)
def test_a_short_time_is_said_in_tenths(seconds: float, said: str) -> None:
    assert seconds_text(seconds, "en") == said
