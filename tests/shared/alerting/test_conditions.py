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
        ("one that expires sooner is not said again at the same limit", 8, (2, 21), True, (21, None, False)),
        ("but at a smaller one", 6, (2, 21), True, (7, None, True)),
        ("a newer one that reaches a smaller limit is said", 6, (-5, 21), True, (7, None, True)),
        ("the policy has other limits now", 30, (0, 40), True, (None, ENDS, False)),
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


def said(*sightings: tuple[float, float], is_resolved_by_hand: bool = False) -> list[str]:
    """The messages about certificates: each is seen some hours after noon, and expires some days after it."""
    notice, alert_of_it, found = None, None, []
    for hours, days in sightings:
        expires_at, at = NOON + timedelta(days=days), NOON + timedelta(hours=hours)
        expiry = judge_certificate((21 * A_DAY, 7 * A_DAY), expires_at, at, notice, alert_of_it)
        notice = expiry.notice
        if expiry.change is not None or expiry.is_repeated:
            found.append(f"{expiry.change or 'again'} at {hours:g}")
        if expiry.change is not None:
            is_open = expiry.change is OPENS and not is_resolved_by_hand
            alert_of_it = active(AlertKind.CERTIFICATE_EXPIRING) if is_open else None
    return found


@pytest.mark.parametrize(
    ("why", "sightings", "expected"),
    [
        (
            "a newer certificate ends it after an hour",
            [(0, 10), (1, 90), (1.5, 90), (2, 90)],
            ["OPENED at 0", "RESOLVED at 2"],
        ),
        ("not by two checks, a day apart", [(0, 10), (24, 90), (48, 90)], ["OPENED at 0"]),
        ("but by three", [(0, 10), (24, 90), (48, 90), (72, 90)], ["OPENED at 0", "RESOLVED at 72"]),
        ("two servers, both old", [(hour, 10 + hour % 2) for hour in range(48)], ["OPENED at 0"]),
        (
            "both reach the next limit, which is said once",
            [(hour, 10 + hour % 2) for hour in range(120)],
            ["OPENED at 0", "again at 72"],
        ),
        ("one of them is renewed", [(hour, 90 if hour % 2 else 10) for hour in range(48)], ["OPENED at 0"]),
        (
            "then the other one",
            [*((hour, 90 if hour % 2 else 10) for hour in range(9)), (9, 90), (9.5, 90), (10, 90), (11, 90)],
            ["OPENED at 0", "RESOLVED at 10"],
        ),
        (
            "each connection has a new certificate for some days",
            [(hour, 9 + hour / 24) for hour in range(96)],
            ["OPENED at 0"],
        ),
        (
            "renewed for too short: it is said at the next limit",
            [(0, 5), *((hour, 10) for hour in range(1, 120))],
            ["OPENED at 0", "again at 72"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_certificates_of_several_servers(why: str, sightings: list[tuple[float, float]], expected: list[str]) -> None:
    assert said(*sightings) == expected, why


def test_what_a_person_resolved_is_not_opened_by_the_other_servers_certificate() -> None:
    assert said(*((hour, 10 + hour % 2) for hour in range(48)), is_resolved_by_hand=True) == ["OPENED at 0"]
