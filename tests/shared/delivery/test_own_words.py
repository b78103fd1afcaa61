"""A channel's own templates, from the first message to its edits."""

from datetime import timedelta
from typing import Literal

import pytest

from shared.delivery import texts
from shared.models import Alert, AlertStatus
from shared.models.channel import Preferences
from shared.models.message import Message
from shared.store import Owed
from tests.shared.notifiers.messages import NOON, alert, notification

TITLE, TEXT = "{{ monitor }} does not work", "Runbook 12\n{{ cause }}, {{ kind }} {{ notification_id }}, {{ duration }}"
TAKEN = alert(status=AlertStatus.ACK, acknowledged_at=NOON + timedelta(minutes=2), acknowledged_by="kim")
OVER = TAKEN._replace(status=AlertStatus.RESOLVED, resolved_at=NOON + timedelta(minutes=9))
BY_KIM = "«kim» has it since 2025-01-08 12:02:00 UTC"


def first(title: str | None = TITLE, text: str | None = TEXT) -> Message:
    wishes = Preferences(title=title, text=text)
    message, remark = texts.compose_owed([Owed(notification(), alert())], "en", preferences=wishes)
    assert remark == ""
    return message


def edit(
    now: Alert, title: str | None = TITLE, text: str | None = TEXT, language: Literal["en", "ko"] | None = None
) -> Message:
    later = notification("UPDATE", id=18, edits=17, occurred_at=NOON + timedelta(minutes=9))
    owed = Owed(later, now, notification())
    message, remark = texts.compose_owed([owed], "en", preferences=Preferences(title, text, language))
    assert remark == ""
    return message


@pytest.mark.parametrize(("now", "standing"), [(TAKEN, BY_KIM), (OVER, f"{BY_KIM} · ended at 2025-01-08 12:09:00 UTC")])
def test_an_edit_keeps_the_words_and_says_how_it_stands(now: Alert, standing: str) -> None:
    before, after = first(), edit(now)
    assert before.title == after.title == "OUTAGE Shop does not work"
    assert before.body == "Runbook 12\nHTTP 503 Service Unavailable, OUTAGE 17, 5 min\n#17"
    assert after.body == f"Now: {standing}\n{before.body}"
    head, _, rest = before.text.partition(" · ")
    assert after.text == f"{head} · {standing} · {rest}"
    assert (after.actions, after.notification and after.notification.id) == ((), 18)


def test_an_acknowledgement_taken_back_brings_the_first_words_back() -> None:
    before, after = first(), edit(alert())
    assert (after.title, after.body, after.text) == (before.title, before.body, before.text)
    assert after.actions == before.actions != ()


def test_an_edit_keeps_a_title_alone_too() -> None:
    before, after = first(text=None), edit(TAKEN, text=None)
    assert after.title == before.title == "OUTAGE Shop does not work"
    assert after.body == f"Now: {BY_KIM}\n{before.body}"
    assert after.text.startswith("OUTAGE Shop does not work · cause: HTTP 503")
    assert after.text.endswith(f" · {BY_KIM} · #17")


def test_an_edit_is_in_the_channels_language() -> None:
    after = edit(TAKEN, language="ko")
    assert after.content.splitlines()[:2] == ["현재: 2025-01-08 12:02:00 UTC부터 «kim» 님이 확인 중", "Runbook 12"]


def test_an_edit_whose_template_fails_has_the_usual_text() -> None:
    owed = Owed(notification("UPDATE", id=18, edits=17), TAKEN, notification())
    message, remark = texts.compose_owed([owed], "en", preferences=Preferences(text="{{ 1 / (alert_id - 7) }}"))
    assert remark == " (template failed: division by zero; built-in text sent)"
    assert message.content.startswith(f"Now: {BY_KIM}\nCause: HTTP 503 Service Unavailable\n")
