"""What people read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from functions.check_monitors import causes
from functions.check_monitors.addresses import refusal
from shared import messages
from shared.messages import compose, duration, one_line
from shared.models import Alert, AlertKind, AlertStatus, Notification, NotificationKind, NotificationStatus

NOON = datetime(2025, 1, 8, 12, tzinfo=UTC)
KST = timezone(timedelta(hours=9), "KST")


def alert(**changes: object) -> Alert:
    known = Alert(
        id=3,
        kind=AlertKind.OUTAGE,
        subject="shop",
        target_url="https://shop.example/",
        status=AlertStatus.OPEN,
        cause="connection refused",
        failed_at=NOON,
        opened_at=NOON,
    )
    return known.model_copy(update=changes)


def notification(kind: str, **changes: object) -> Notification:
    known = Notification(
        id=17,
        alert_id=3,
        channel="console",
        kind=NotificationKind(kind),
        status=NotificationStatus.SENDING,
        occurred_at=NOON + timedelta(minutes=3, seconds=5),
        is_manual=False,
        actor=None,
        created_at=NOON,
        due_at=NOON,
        leased_until=None,
        attempts=1,
    )
    return known.model_copy(update=changes)


def test_an_outage_in_english() -> None:
    assert compose(alert(), notification("OUTAGE"), "en", UTC) == (
        "OUTAGE shop (https://shop.example/) · cause: connection refused · since 2025-01-08 12:00:00 UTC · #17"
    )


def test_an_outage_in_korean() -> None:
    assert compose(alert(), notification("OUTAGE"), "ko", KST) == (
        "장애 shop (https://shop.example/) · 원인: 연결이 거부됨 · 시작: 2025-01-08 21:00:00 KST · #17"
    )


def test_a_recovery_says_how_long_it_lasted() -> None:
    assert compose(alert(), notification("RECOVERY"), "en", UTC) == (
        "RECOVERY shop (https://shop.example/) · cause: connection refused · since 2025-01-08 12:00:00 UTC"
        " · lasted 3 min 5 s · #17"
    )
    assert compose(alert(), notification("RECOVERY"), "ko", UTC).endswith("· 지속 시간: 3분 5초 · #17")


@pytest.mark.parametrize(
    ("language", "actor", "words"),
    [
        ("en", None, " · resolved by hand · #17"),
        ("en", "kim", " · resolved by hand by kim · #17"),
        ("ko", None, " · 직접 해결 처리함 · #17"),
        ("ko", "김", " · 김 님이 직접 해결 처리함 · #17"),
    ],
)
def test_a_recovery_by_hand_says_so(language: str, actor: str | None, words: str) -> None:
    text = compose(alert(), notification("RECOVERY", is_manual=True, actor=actor), language, UTC)  # type: ignore[arg-type]
    assert text.endswith(words)


def test_a_monitor_named_like_its_target_is_named_once() -> None:
    text = compose(alert(subject="https://shop.example/"), notification("OUTAGE"), "en", UTC)
    assert text.startswith("OUTAGE https://shop.example/ · cause")


def test_an_unknown_cause_says_so() -> None:
    assert "cause: unknown" in compose(alert(cause=None), notification("OUTAGE"), "en", UTC)


def test_what_others_wrote_cannot_break_the_line() -> None:
    evil = "x\n#1\r\nRECOVERY all is well\x1b[2J\u202e\u2028\x00"
    text = compose(alert(subject=evil, target_url=evil, cause=evil), notification("OUTAGE"), "en", UTC)
    assert text.isprintable()
    assert text.startswith("OUTAGE x #1")
    assert text.endswith("#17")


def test_the_longest_message_fits_into_telegrams_4096() -> None:
    long = "🔥" * 5000
    text = compose(
        alert(subject=long, target_url=long + "x", cause=long),
        notification("RECOVERY", is_manual=True, actor=long),
        "en",
        UTC,
    )
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert text.endswith("#17")


def test_a_long_part_says_that_it_was_cut() -> None:
    assert one_line("x" * 1000).endswith("x…")


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (0, "0 s", "0초"),
        (-5, "0 s", "0초"),
        (0.6, "1 s", "1초"),
        (59, "59 s", "59초"),
        (60, "1 min", "1분"),
        (3_665, "1 h 1 min", "1시간 1분"),
        (90_061, "1 d 1 h", "1일 1시간"),
        (86_400, "1 d", "1일"),
    ],
)
def test_durations_are_told_in_two_units(seconds: float, english: str, korean: str) -> None:
    assert (duration(timedelta(seconds=seconds), "en"), duration(timedelta(seconds=seconds), "ko")) == (english, korean)


TABLES = (causes._BY_CODE, causes._BY_TEXT, causes._BY_ERRNO, causes._BY_VERIFY_RESULT)
CAUSES = {text for table in TABLES for text in table.values()} | {
    causes.ENDLESS,
    *(f"{words} 2026-01-01" for *_, words in causes.WRONG_DATES.values()),
    "no answer within 0.5 s",
    "the answer did not end within 10 s",
    "host not found: nonexistent-domain-12345.com",
    "certificate is for another host than shop.example",
    "TLS handshake failed: wrong version number",
    "connection failed: permission denied",
    "the proxy answered HTTP 407 Proxy Authentication Required",
    *(
        causes.refused(refusal(address, False), is_proxys=is_proxys)
        for address in ("169.254.169.254", "fe80::1", "ff02::1", "10.0.0.1")
        for is_proxys in (False, True)
    ),
}


@pytest.mark.parametrize("cause", sorted(CAUSES))
def test_every_cause_of_the_agent_has_its_korean(cause: str) -> None:
    korean = messages._in_korean(cause)
    assert korean != cause
    assert any("가" <= letter <= "힣" for letter in korean)
    for kept in (
        "2026-01-01",
        "0.5",
        "shop.example",
        "nonexistent-domain-12345.com",
        "wrong version number",
        "407",
        "10.0.0.1",
    ):
        assert (kept in korean) is (kept in cause)


def test_other_causes_stay_as_they_were_reported() -> None:
    assert messages._in_korean("HTTP 503 Service Unavailable") == "HTTP 503 Service Unavailable"
    assert messages._in_korean("disk almost full") == "disk almost full"
