"""A timeline in words: one line for each moment, with what followed from it."""

from datetime import timedelta, timezone
from typing import Any

from infra.asking.telling import told

KST = timezone(timedelta(hours=9), "KST")


def entry(time: str, kind: str, text: str, **fields: Any) -> dict[str, Any]:
    known = dict.fromkeys(("event_id", "alert_id", "channel", "status", "from_state", "to_state", "by", "reason"))
    return {**known, "at": f"2025-01-08T{time}Z", "kind": kind, "text": text, **fields}


def check(time: str, text: str, event_id: int = 1) -> dict[str, Any]:
    return entry(time, "check", text, event_id=event_id)


def changed(time: str, text: str, event_id: int = 1) -> dict[str, Any]:
    """The change of the alert's monitor that an event made."""
    to = text.split(" ")[2].rstrip(":")
    return entry(time, "state_change", text, to_state=to, alert_id=7, event_id=event_id)


def message(time: str, text: str, channel: str, status: str = "SENT", alert_id: int = 7) -> dict[str, Any]:
    return entry(time, "notification", text, channel=channel, status=status, alert_id=alert_id)


def opened(time: str) -> list[dict[str, Any]]:
    return [
        check(time, "failed (HTTP 503 after 209 ms), 3 of 3"),
        changed(time, "PENDING → DOWN: the failure threshold was met"),
        entry(time, "alert", "alert 7 (OUTAGE) opened: HTTP 503", alert_id=7, status="OPEN"),
    ]


def lines(*entries: dict[str, Any]) -> list[str]:
    return list(told(entries, KST))


def test_an_outage_reads_as_it_happened() -> None:
    assert lines(
        check("01:31:20.000", "failed (HTTP 503 after 214 ms), 2 of 3"),
        *opened("01:31:50.000"),
        message("01:31:50.100", "OUTAGE to mail failed, to be tried again: 450 greylisted", "mail", "RETRY"),
        message("01:31:50.400", "OUTAGE to ops in 0.4 s", "ops"),
        check("01:31:51.000", "failed (HTTP 503 after 198 ms)"),
        message("01:31:52.100", "OUTAGE to mail in 2.1 s (second attempt: 450 greylisted)", "mail"),
    ) == [
        "2025-01-08",
        "10:31:20 failed (HTTP 503 after 214 ms), 2 of 3",
        "10:31:50 failed (HTTP 503 after 209 ms), 3 of 3: DOWN"
        " · OUTAGE to ops in 0.4 s, to mail in 2.1 s (second attempt: 450 greylisted) · alert 7",
        "10:31:51 failed (HTTP 503 after 198 ms)",
    ]


def test_a_message_that_still_fails_is_told() -> None:
    retry = message("01:31:50.100", "OUTAGE to mail failed, to be tried again: 450", "mail", "RETRY")
    assert lines(*opened("01:31:50.000"), retry)[1].endswith(
        ": DOWN · OUTAGE to mail failed, to be tried again: 450 · alert 7"
    )


def test_a_message_that_comes_much_later_has_its_own_line() -> None:
    reminders = [message("02:31:50.000", f"REMINDER to {each} in 0.1 s", each) for each in ("ops", "mail")]
    assert lines(*opened("01:31:50.000"), *reminders)[2:] == ["11:31:50 REMINDER to ops in 0.1 s, to mail in 0.1 s"]


def test_the_end_says_which_alert_it_ended() -> None:
    resolved = entry("01:40:00.000", "alert", "alert 7 resolved", alert_id=7, status="RESOLVED")
    back = changed("01:40:00.000", "DOWN → UP: …")
    recovery = message("01:40:00.300", "RECOVERY to ops in 0.3 s", "ops")
    assert lines(check("01:40:00.000", "succeeded (HTTP 200 after 41 ms)"), back, resolved, recovery)[1:] == [
        "10:40:00 succeeded (HTTP 200 after 41 ms): UP · RECOVERY to ops in 0.3 s · alert 7 resolved"
    ]


def test_a_change_belongs_to_the_check_that_made_it() -> None:
    """At one time another location's check comes behind it, and what nobody checked is a line of its own."""
    time = "01:31:50.000"
    opened = entry(time, "alert", "alert 7 (OUTAGE) opened: HTTP 503", alert_id=7, status="OPEN")
    assert lines(
        check(time, "failed from seoul", 4),
        check(time, "succeeded from tokyo", 5),
        changed(time, "PENDING → DOWN: enough locations see it", 4),
        opened,
        message("01:31:50.400", "OUTAGE to ops in 0.4 s", "ops"),
        check("01:32:00.000", "succeeded from tokyo", 6),
        entry("01:32:00.000", "state_change", "DOWN → UNKNOWN: nobody has checked it lately", to_state="UNKNOWN"),
    )[1:] == [
        "10:31:50 failed from seoul: DOWN · OUTAGE to ops in 0.4 s · alert 7",
        "10:31:50 succeeded from tokyo",
        "10:32:00 succeeded from tokyo",
        "10:32:00 DOWN → UNKNOWN: nobody has checked it lately",
    ]


def test_what_no_check_brought_has_its_own_line() -> None:
    assert lines(
        entry("14:59:00.000", "window", "maintenance begins, until …"),
        entry("14:59:01.000", "state_change", "UP → MAINTENANCE: under maintenance", to_state="MAINTENANCE"),
        entry("15:00:00.000", "alert", "alert 7 acknowledged by kim", alert_id=7, status="ACK"),
    ) == [
        "2025-01-08",
        "23:59:00 maintenance begins, until …",
        "23:59:01 UP → MAINTENANCE: under maintenance",
        "2025-01-09",
        "00:00:00 alert 7 acknowledged by kim",
    ]


def test_nothing_is_nothing() -> None:
    assert lines() == []
