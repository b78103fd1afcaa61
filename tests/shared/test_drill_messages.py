"""The words of messages about drills, in both languages."""

import pytest

from shared.messages import Language, compose, message_about
from shared.models import AlertKind, AlertStatus, Cause
from tests.support.builders import alert, notification

DRILL = Cause.of("drill_to_acknowledge", until_at="2025-01-08T12:30:00.000Z")
MISSED = Cause.of("drill_not_acknowledged", started_at="2025-01-08T12:00:00.000Z", until_at="2025-01-08T12:30:00.000Z")
# The kind of alert and of message, the cause, and the message in both languages.
SAID: list[tuple[str, str, Cause, dict[Language, str]]] = [
    (
        "DRILL",
        "DRILL",
        Cause.of("drill"),
        {
            "en": "DRILL Bonghwa · cause: this is a drill, nothing is wrong · since 2025-01-08 12:00:00 UTC · #17",
            "ko": "훈련 Bonghwa · 원인: 훈련이며 실제 장애가 아님 · 시작: 2025-01-08 12:00:00 UTC · #17",
        },
    ),
    (
        "DRILL",
        "DRILL",
        DRILL,
        {
            "en": "DRILL Bonghwa · cause: this is a drill, nothing is wrong; acknowledge it by 2025-01-08 12:30:00 UTC"
            " · since 2025-01-08 12:00:00 UTC · #17",
            "ko": "훈련 Bonghwa · 원인: 훈련이며 실제 장애가 아님. 2025-01-08 12:30:00 UTC까지 확인해야 함"
            " · 시작: 2025-01-08 12:00:00 UTC · #17",
        },
    ),
    (
        "DRILL_MISSED",
        "DRILL_MISSED",
        MISSED,
        {
            "en": "DRILL_MISSED Bonghwa · cause: nobody acknowledged the drill of 2025-01-08 12:00:00 UTC by"
            " 2025-01-08 12:30:00 UTC · since 2025-01-08 12:00:00 UTC · #17",
            "ko": "훈련 미확인 Bonghwa · 원인: 2025-01-08 12:00:00 UTC에 시작한 훈련을 2025-01-08 12:30:00 UTC까지"
            " 아무도 확인하지 않음 · 시작: 2025-01-08 12:00:00 UTC · #17",
        },
    ),
    (
        # Nobody has to acknowledge a drill that is over.
        "DRILL",
        "RECOVERY",
        DRILL,
        {
            "en": "RECOVERY drill Bonghwa · cause: this is a drill, nothing is wrong · since 2025-01-08 12:00:00 UTC"
            " · lasted 0 s · #17",
            "ko": "복구 훈련 Bonghwa · 원인: 훈련이며 실제 장애가 아님 · 시작: 2025-01-08 12:00:00 UTC"
            " · 지속 시간: 0초 · #17",
        },
    ),
]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(("kind", "message", "cause", "texts"), SAID)
def test_a_drill_says(kind: str, message: str, cause: Cause, texts: dict[Language, str], language: Language) -> None:
    status = AlertStatus.RESOLVED if message == "RECOVERY" else AlertStatus.OPEN
    about = alert(status, kind=AlertKind(kind), subject="Bonghwa", target_url=None, cause_data=cause)
    assert compose(about, notification(message, id=17), language) == texts[language]


def test_a_drill_can_be_acknowledged_and_not_silenced() -> None:
    about = alert(kind=AlertKind.DRILL, subject="Bonghwa", target_url=None, cause_data=DRILL)
    assert [action.name for action in message_about([(about, notification("DRILL"))], "en").actions] == ["acknowledge"]
