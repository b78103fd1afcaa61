"""A monitor that works may be slow, and its certificate may expire soon: each row is one case."""

from datetime import timedelta

import pytest

from shared.alerting.conditions import Notice, judge_certificate, judge_speed
from shared.models import Alert, AlertKind, ChangeKind
from tests.support.builders import NOON, alert, event, monitor

OPENS, ENDS = ChangeKind.OPENED, ChangeKind.RESOLVED
A_DAY = 86_400.0


def active(kind: AlertKind) -> Alert:
    return alert(kind=kind)


@pytest.mark.parametrize(
    ("why", "slow", "is_active", "milliseconds", "expected"),
    [
        ("a first slow one of two opens nothing", 0, False, 600, (1, None)),
        ("the second does", 1, False, 600, (2, OPENS)),
        ("a fast one in between makes them count from zero", 1, False, 100, (-1, None)),
        ("exactly the limit is not too slow", 1, False, 500, (-1, None)),
        ("a further slow one says nothing new", 2, True, 600, (3, None)),
        ("a first fast one of two ends nothing", 3, True, 100, (-1, None)),
        ("the second does", -1, True, 100, (-2, ENDS)),
        ("a response without a time says nothing", 1, False, None, (1, None)),
    ],
)
def test_speed(
    why: str, slow: int, is_active: bool, milliseconds: float | None, expected: tuple[int, ChangeKind | None]
) -> None:
    before = monitor(threshold=2, success_threshold=2, max_response_ms=500.0, slow_checks=slow)
    report = event(ok=True, response_time_ms=milliseconds)
    assert judge_speed(before, report, active(AlertKind.DEGRADED) if is_active else None) == expected, why


def test_a_failure_is_not_slow() -> None:
    before = monitor(max_response_ms=500.0)
    assert judge_speed(before, event(ok=False, response_time_ms=9000), None) == (0, None)


@pytest.mark.parametrize(
    ("why", "days", "noticed", "is_active", "expected"),
    [
        ("long before", 30, None, False, (None, None, False)),
        ("the first limit", 21, None, False, (21, OPENS, False)),
        ("it is said once", 20, (0, 21), True, (21, None, False)),
        ("the second limit is said in the same alert", 7, (0, 21), True, (7, None, True)),
        ("the smallest of those that are reached at once", 0.5, None, False, (1, OPENS, False)),
        ("an expired one too", -3, None, False, (1, OPENS, False)),
        ("a person ended it: the next limit opens another one", 7, (0, 21), False, (7, OPENS, False)),
        ("and not the same limit", 20, (0, 21), False, (21, None, False)),
        ("a newer certificate ends it", 90, (-80, 7), True, (None, ENDS, False)),
        ("a newer one that expires soon too is said", 10, (-5, 7), True, (21, None, True)),
    ],
)
def test_certificates(
    why: str,
    days: float,
    noticed: tuple[float, float] | None,
    is_active: bool,
    expected: tuple[float | None, ChangeKind | None, bool],
) -> None:
    """``noticed``: how many days later than the seen one the noticed certificate expires, and its limit in days."""
    expires_at = NOON + timedelta(days=days)
    before = Notice(expires_at + timedelta(days=noticed[0]), noticed[1] * A_DAY) if noticed else None
    limits = (21 * A_DAY, 7 * A_DAY, A_DAY)
    found = judge_certificate(
        limits, expires_at, NOON, before, active(AlertKind.CERTIFICATE_EXPIRING) if is_active else None
    )
    limit, change, is_repeated = expected
    assert (found.change, found.is_repeated) == (change, is_repeated), why
    assert found.notice == (None if limit is None else Notice(expires_at, limit * A_DAY)), why
