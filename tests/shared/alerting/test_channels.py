"""What an attempt to send says about its channel."""

import pytest

from shared.alerting import judge_channel
from shared.models import AlertStatus, AttemptStatus, ChangeKind
from tests.support.builders import alert

OPEN, ACK = AlertStatus.OPEN, AlertStatus.ACK


@pytest.mark.parametrize(
    ("status", "refused", "change", "why"),
    [
        (AttemptStatus.FAILED, None, ChangeKind.OPENED, "the channel refuses permanently"),
        (AttemptStatus.FAILED, OPEN, None, "people were notified of that"),
        (AttemptStatus.FAILED, ACK, None, "and somebody knows"),
        (AttemptStatus.SENT, OPEN, ChangeKind.RESOLVED, "it accepts messages again"),
        (AttemptStatus.SENT, ACK, ChangeKind.RESOLVED, "also if somebody knows"),
        (AttemptStatus.SENT, None, None, "as it should be"),
        (AttemptStatus.RETRY, None, None, "a later attempt may succeed"),
        (AttemptStatus.RETRY, OPEN, None, "neither worse nor better"),
        (AttemptStatus.EXPIRED, None, None, "the message's age is not the channel's word"),
    ],
)
def test_an_attempt_says_of_its_channel(
    status: AttemptStatus, refused: AlertStatus | None, change: ChangeKind | None, why: str
) -> None:
    assert judge_channel(status, alert(refused) if refused else None) is change, why
