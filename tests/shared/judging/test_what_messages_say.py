"""The words of the messages that follow while an outage stays open."""

import pytest

from shared.messages import compose
from tests.support.builders import alert, at, notification


@pytest.mark.parametrize(
    ("kind", "number", "english", "korean"),
    [
        ("REMINDER", 1, "still down, 1st reminder, 2 h 10 min", "아직 복구되지 않음, 1번째 재알림, 2시간 10분째"),
        ("REMINDER", 3, "still down, 3rd reminder, 2 h 10 min", "아직 복구되지 않음, 3번째 재알림, 2시간 10분째"),
        ("REMINDER", 12, "still down, 12th reminder, 2 h 10 min", "아직 복구되지 않음, 12번째 재알림, 2시간 10분째"),
        ("ESCALATION", 2, "not acknowledged for 2 h 10 min", "2시간 10분 동안 아무도 알림을 확인하지 않음"),
    ],
)
def test_what_follows_says_how_long_it_has_been(kind: str, number: int, english: str, korean: str) -> None:
    owed = notification(kind, id=17, number=number, occurred_at=at(7800))
    text = compose(alert(), owed, "en")
    assert text.startswith(f"{kind} shop (http://shop/) · cause: connection refused · since 2025-01-08 12:00:00 UTC")
    assert text.endswith(f" · {english} · #17")
    assert korean in compose(alert(), owed, "ko")
