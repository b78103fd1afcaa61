"""The messages that people read."""

import re
import unicodedata
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messages import Language, compose, compose_test, duration, one_line
from shared.models import AlertKind, Cause, Notification, NotificationKind
from tests.support import builders
from tests.support.builders import NOON, alert, at

# Unicode's categories of invisible characters: control, format, private, surrogate, unassigned, line separators.
UNSEEN = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}


def notification(kind: str, **fields: object) -> Notification:
    return builders.notification(kind, id=17, occurred_at=at(185), **fields)


def test_an_outage_in_english() -> None:
    assert compose(alert(), notification("OUTAGE"), "en") == (
        "OUTAGE shop (http://shop/) · cause: connection refused · since 2025-01-08 12:00:00 UTC · #17"
    )


def test_an_outage_in_korean(set_zone: Callable[[str], None]) -> None:
    set_zone("Asia/Seoul")
    assert compose(alert(), notification("OUTAGE"), "ko") == (
        "장애 shop (http://shop/) · 원인: 연결이 거부됨 · 시작: 2025-01-08 21:00:00 KST · #17"
    )


def test_a_recovery_says_how_long_it_lasted() -> None:
    assert compose(alert(), notification("RECOVERY"), "en") == (
        "RECOVERY shop (http://shop/) · cause: connection refused · since 2025-01-08 12:00:00 UTC"
        " · lasted 3 min 5 s · #17"
    )
    assert compose(alert(), notification("RECOVERY"), "ko").endswith("· 지속 시간: 3분 5초 · #17")


def test_a_missed_ping_says_when_the_last_one_came(set_zone: Callable[[str], None]) -> None:
    set_zone("Asia/Seoul")
    cause = Cause.of("no_ping_since", pinged_at="2025-01-08T10:30:00.000Z")
    missed = alert(subject="Backup", target_url="heartbeat", cause_data=cause)
    assert compose(missed, notification("OUTAGE"), "en") == (
        "OUTAGE Backup (heartbeat) · cause: no ping since 2025-01-08 19:30:00 KST · since 2025-01-08 21:00:00 KST · #17"
    )
    assert compose(missed, notification("OUTAGE"), "ko") == (
        "장애 Backup (heartbeat) · 원인: 2025-01-08 19:30:00 KST 이후 핑이 오지 않음"
        " · 시작: 2025-01-08 21:00:00 KST · #17"
    )


@pytest.mark.parametrize("said", ["yesterday", "2025-01-08", "2025-01-08T10:30:00", "", 5])
def test_a_reporters_text_that_is_no_time_is_shown_as_it_is(said: str | int) -> None:
    missed = alert(cause_data=Cause.of("no_ping_since", pinged_at=said))
    assert f"cause: no ping since {said}".strip() in compose(missed, notification("OUTAGE"), "en")


KINDS = [
    (
        AlertKind.AGENT_SILENT,
        "seoul",
        Cause.of("no_checks_received"),
        "AGENT_SILENT seoul · cause: no checks received · since 2025-01-08 12:00:00 UTC · #17",
        "에이전트 무응답 seoul · 원인: 확인 결과가 도착하지 않음 · 시작: 2025-01-08 12:00:00 UTC · #17",
        ("RECOVERY agent seoul · ", "복구 에이전트 seoul · "),
    ),
    (
        AlertKind.LOCATION_OFFLINE,
        "seoul",
        Cause.of("location_offline"),
        "LOCATION_OFFLINE seoul · cause: every check failed, and so did the connectivity check"
        " · since 2025-01-08 12:00:00 UTC · #17",
        "위치 오프라인 seoul · 원인: 모든 확인과 연결 시험이 실패함 · 시작: 2025-01-08 12:00:00 UTC · #17",
        ("RECOVERY location seoul · ", "복구 위치 seoul · "),
    ),
    (
        AlertKind.CHANNEL_REFUSED,
        "telegram",
        None,
        "CHANNEL_REFUSED telegram · cause: Chat not found · since 2025-01-08 12:00:00 UTC · #17",
        "채널 거부 telegram · 원인: Chat not found · 시작: 2025-01-08 12:00:00 UTC · #17",
        ("RECOVERY channel telegram · ", "복구 채널 telegram · "),
    ),
    (
        AlertKind.DEGRADED,
        "shop",
        Cause.of("slow_response", milliseconds=812.5, limit=500.0),
        "DEGRADED shop · cause: answered after 812.5 ms, which is more than 500 ms"
        " · since 2025-01-08 12:00:00 UTC · #17",
        "지연 shop · 원인: 응답에 812.5 ms가 걸림 (기준 500 ms) · 시작: 2025-01-08 12:00:00 UTC · #17",
        ("RECOVERY response-time shop · ", "복구 응답속도 shop · "),
    ),
    (
        AlertKind.CERTIFICATE_EXPIRING,
        "shop",
        Cause.of("certificate_expires", expires_at="2025-01-15T12:00:00.000Z"),
        "CERTIFICATE_EXPIRING shop · cause: certificate expires on 2025-01-15 12:00:00 UTC"
        " · since 2025-01-08 12:00:00 UTC · #17",
        "인증서 만료 임박 shop · 원인: 인증서가 2025-01-15 12:00:00 UTC에 만료됨 · 시작: 2025-01-08 12:00:00 UTC · #17",
        ("RECOVERY certificate shop · ", "복구 인증서 shop · "),
    ),
]


@pytest.mark.parametrize(("kind", "subject", "cause", "english", "korean", "recoveries"), KINDS)
def test_an_alert_that_is_no_outage_names_its_subject(
    kind: AlertKind, subject: str, cause: Cause | None, english: str, korean: str, recoveries: tuple[str, str]
) -> None:
    opened = alert(kind=kind, subject=subject, target_url=None, cause="Chat not found", cause_data=cause)
    assert compose(opened, notification(kind), "en") == english
    assert compose(opened, notification(kind), "ko") == korean
    ended = [compose(opened, notification("RECOVERY"), language) for language in ("en", "ko")]
    assert [text[: len(start)] for text, start in zip(ended, recoveries, strict=True)] == list(recoveries)
    assert [text.split(" · ")[-2] for text in ended] == ["lasted 3 min 5 s", "지속 시간: 3분 5초"]


@pytest.mark.parametrize("kind", AlertKind)
def test_every_kind_of_alert_has_its_words_in_both_languages(kind: AlertKind) -> None:
    elsewhere = {AlertKind.OUTAGE, AlertKind.DRILL, AlertKind.DRILL_MISSED, AlertKind.SUMMARY}
    assert kind in {case[0] for case in KINDS} | elsewhere, "add its messages to the table above"
    opened = alert(kind=kind, target_url=None)
    assert compose(opened, notification(kind), "en").startswith(f"{kind} shop · ")
    korean = compose(opened, notification(kind), "ko").split(" shop · ")[0]
    assert all("가" <= letter <= "힣" or letter == " " for letter in korean)
    recoveries = [compose(opened, notification("RECOVERY"), language) for language in ("en", "ko")]
    is_named = kind is AlertKind.OUTAGE
    assert [len(text.split(" · ")[0].split()) for text in recoveries] == [2 if is_named else 3] * 2


def test_a_message_has_its_alerts_kind_or_says_what_follows() -> None:
    assert set(NotificationKind) == {*AlertKind, "RECOVERY", "REMINDER", "ESCALATION", "FLAPPING", "UPDATE"}


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
    text = compose(alert(), notification("RECOVERY", is_manual=True, actor=actor), language)  # type: ignore[arg-type]
    assert text.endswith(words)


def test_a_monitor_named_like_its_target_is_named_once() -> None:
    text = compose(alert(subject="http://shop/"), notification("OUTAGE"), "en")
    assert text.startswith("OUTAGE http://shop/ · cause")


def test_an_unknown_cause_says_so() -> None:
    unknown = alert(cause=None, cause_data=None)
    assert "· cause: unknown ·" in compose(unknown, notification("OUTAGE"), "en")
    assert "· 원인: 알 수 없음 ·" in compose(unknown, notification("OUTAGE"), "ko")


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize(
    ("cause", "why"),
    [
        (None, "an alert of version 0.1, or of a reporter that sends no cause"),
        (Cause.of("disk_full"), "a code without words of ours"),
    ],
)
def test_a_cause_without_words_is_shown_as_reported(language: Language, cause: Cause | None, why: str) -> None:
    text = compose(alert(cause="disk full: /", cause_data=cause), notification("OUTAGE"), language)
    assert ": disk full: / · " in text, why


def test_the_text_of_others_cannot_break_the_line() -> None:
    evil = "x\n#1\r\nRECOVERY all is well\x1b[2J\u202e\u2028\x00"
    opened = alert(subject=evil, target_url=evil, cause=evil, cause_data=None)
    text = compose(opened, notification("OUTAGE"), "en")
    assert text.isprintable()
    assert text.startswith("OUTAGE x #1")
    assert text.endswith("#17")


@pytest.mark.parametrize("blank", ["\u3164", "\u2800", "\ufe0f", "\u200d \u00a0"])
def test_a_name_that_nobody_sees_is_replaced(blank: str) -> None:
    unseen = alert(subject=blank, cause=blank, cause_data=None)
    assert compose(unseen, notification("OUTAGE"), "en").startswith("OUTAGE http://shop/ · cause: unknown · ")
    nothing = alert(subject=blank, target_url=blank)
    assert compose(nothing, notification("OUTAGE"), "en").startswith("OUTAGE ? · cause")
    by_nobody = notification("RECOVERY", is_manual=True, actor=blank)
    assert " · resolved by hand · #17" in compose(alert(), by_nobody, "en")


def test_a_persons_name_is_cut() -> None:
    text = compose(alert(), notification("RECOVERY", is_manual=True, actor="x" * 255), "en")
    assert f"resolved by hand by {'x' * 63}… · #17" in text


@pytest.mark.parametrize(
    ("written", "shown", "why"),
    [
        ("a\tb\r\nc\x00d", "a b c d", "control characters"),
        ("a\x1b[2J\x1b]0;title\x07b", "a [2J ]0;title b", "a terminal's orders begin with one"),
        ("a\x9b2Jb", "a 2Jb", "and so does their short form"),
        ("a\u202egnp.exe\u202c", "a gnp.exe", "right-to-left override"),
        ("\u2066a\u2069 \u061cb\u200e\u200f", "a b", "isolates and marks"),
        ("a\u2028b\u2029c\x85d", "a b c d", "other line breaks"),
        ("pay\u200bpal \ufeffx \u2060y \xadz", "pay pal x y z", "characters without width"),
        ("a\U000e0041\U000e0042b", "a b", "tags"),
        ("a\ue000\U00100000\U0001ffffb", "a b", "private and unassigned"),
        ("a\ud800b", "a b", "half a character"),
        ("a\xa0b\u3000c", "a b c", "every kind of space is one"),
        ("pay\u200dpal \u200dx\u200d", "pay pal x", "a joiner of nothing"),
        ("가\u200d나 漢\u200d字", "가 나 漢 字", "nor do letters have one"),
        ("👩\u200dx y\u200d👩 👩\u200d\u200d👩", "👩 x y 👩 👩 👩", "a joiner of one sign"),
        ("a\u3164b \u3164", "a b", "Hangul's filler"),
        ("\u115f\u1160a\uffa0b", "a b", "its relatives"),
        ("a\u2800b", "a b", "Braille's blank"),
        ("pay\ufe0fpal \ufe00x\ufe0e", "pay pal x", "variation selectors"),
        ("가\ufe0f葛\U000e0100城 a\U000e01efb", "가 葛 城 a b", "of letters too"),
        ("❤️\ufe0f\ufe0f x", "❤️ x", "a second selector"),
        ("a\u034fb\u17b4c\u180bd\u180fe", "a b c d e", "marks without a shape"),
        ("a\U0001d159b\U00013441c\ufffcd", "a b c d", "symbols without a shape"),
        ("1️⃣ ❤️ ©️ ☎︎", "1️⃣ ❤️ ©️ ☎︎", "a selector of a sign stays"),
        ("👩‍🚒 👩🏽‍❤️‍💋‍👨 🏳️‍🌈", "👩‍🚒 👩🏽‍❤️‍💋‍👨 🏳️‍🌈", "a joiner of signs stays"),
        ("결제 서버 (서울) é العربية עברית", "결제 서버 (서울) é العربية עברית", "every language stays"),
        ("<b>x</b> *y* [z](http://z) &amp; `q`", "<b>x</b> *y* [z](http://z) &amp; `q`", "markup is only text"),
    ],
)
def test_only_visible_characters_stay(written: str, shown: str, why: str) -> None:
    assert one_line(written) == shown, why


ODD = "\n\r\x1b\x9b\x00\u202e\u2066\u200d\u2028\ud800\u3164\u2800\ufe0f#🔥👩a1 "
WHATEVER = st.text(max_size=2_000) | st.text(st.sampled_from(ODD))


@pytest.mark.slow
@given(subject=WHATEVER, target=WHATEVER, cause=WHATEVER, actor=WHATEVER, language=st.sampled_from(["en", "ko"]))
def test_a_message_is_one_line_whatever_others_write(
    subject: str, target: str, cause: str, actor: str, language: Language
) -> None:
    # A copy, because the values themselves refuse half a character.
    ended = alert()._replace(subject=subject, target_url=target, cause=cause, cause_data=None)
    recovery = notification("RECOVERY", is_manual=True)._replace(actor=actor)
    text = compose(ended, recovery, language)

    assert text.replace("\u200d", "").isprintable()
    assert len(text.splitlines()) == 1
    assert {unicodedata.category(letter) for letter in text.replace("\u200d", "")}.isdisjoint(UNSEEN)
    assert len(text.encode("utf-16-le")) // 2 <= 4096
    assert {"\u3164", "\u2800"}.isdisjoint(text)
    assert re.search(r"(?<![🔥👩])[\ufe0f\u200d]|\u200d(?![🔥👩])", re.sub("(?<=[🔥👩])\ufe0f", "", text)) is None
    assert text.startswith("RECOVERY " if language == "en" else "복구 ")
    assert text.endswith(" · #17")
    assert text.count("2025-01-08 12:00:00 UTC") >= 1


def test_the_longest_message_fits_into_telegrams_4096() -> None:
    long = "🔥" * 5000
    text = compose(
        alert(subject=long, target_url=long + "x", cause=long, cause_data=None),
        notification("RECOVERY", is_manual=True, actor=long),
        "en",
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
def test_a_duration_has_at_most_two_units(seconds: float, english: str, korean: str) -> None:
    assert (duration(timedelta(seconds=seconds), "en"), duration(timedelta(seconds=seconds), "ko")) == (english, korean)


def test_a_test_message_says_that_it_is_one(set_zone: Callable[[str], None]) -> None:
    set_zone("Asia/Seoul")
    assert compose_test(NOON, "en") == "TEST Bonghwa can reach this channel · 2025-01-08 21:00:00 KST"
    assert compose_test(NOON, "ko") == "시험 이 채널은 봉화의 메시지를 받습니다 · 2025-01-08 21:00:00 KST"
