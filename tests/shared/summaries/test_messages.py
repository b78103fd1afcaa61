"""The words of a summary, in both languages."""

import json
from typing import Any

import pytest

from shared.delivery import texts
from shared.messages import Language, message_about
from shared.models import Alert, AlertKind, AlertStatus
from shared.models.channel import Preferences
from shared.models.message import Message
from shared.store import Owed
from tests.support.builders import alert, notification

SAID: dict[str, Any] = {
    "from": "2025-11-16",
    "to": "2025-11-22",
    "uptime": 0.99987,
    "monitors": 12,
    "worst": [["Shop", 0.9951], ["API", 0.99999]],
    "outages": 3,
    "longest": ["Shop", 7_530.0],
    "slowest": [["API", 1_240.4], ["Shop", 480.2]],
    "certificates": [["Shop", "2025-12-05T10:00:00.000Z"]],
    "many_certificates": 3,
    "failed": {"ops": 3, "mail": 1},
    "many_failed": 4,
    "drill": {"at": "2025-11-17T01:00:00.000Z", "ok": True, "failed": {}, "acknowledged_by": "kim"},
}
NOTHING: dict[str, Any] = {
    **SAID,
    "uptime": None,
    "monitors": 0,
    "worst": [],
    "outages": 0,
    "longest": None,
    "slowest": [],
    "drill": None,
    "certificates": [],
    "many_certificates": 0,
    "failed": {},
    "many_failed": 0,
}
ENGLISH = """\
SUMMARY last week, 16–22 Nov
Availability: 99.98 % of 12 monitors
Least available: Shop 99.51 %, API 99.99 %
Outages: 3, the longest 2 h 5 min (Shop)
Slowest (p95): API 1.2 s, Shop 480 ms
Certificates that end soon: Shop 5 Dec and 2 more
Messages that failed: 4 (ops 3, mail 1)
Last drill: 2025-11-17 01:00:00 UTC, everything arrived, acknowledged by kim · #17"""
KOREAN = """\
요약 지난주, 11월 16일–22일
가동률: 99.98 % (모니터 12개)
가동률이 가장 낮은 모니터: Shop 99.51 %, API 99.99 %
장애: 3건, 가장 긴 장애 2시간 5분 (Shop)
가장 느린 모니터(p95): API 1.2초, Shop 480ms
곧 만료되는 인증서: Shop 12월 5일 외 2개
보내지 못한 메시지: 4건 (ops 3, mail 1)
마지막 훈련: 2025-11-17 01:00:00 UTC, 모두 도착, kim 님이 확인 · #17"""
QUIET: dict[Language, str] = {
    "en": """\
SUMMARY last week, 16–22 Nov
Availability: not known
Outages: none
Messages that failed: none
Last drill: none yet · #17""",
    "ko": """\
요약 지난주, 11월 16일–22일
가동률: 알 수 없음
장애: 없음
보내지 못한 메시지: 없음
마지막 훈련: 아직 없음 · #17""",
}


def summary(**said: Any) -> Alert:
    about = {"kind": AlertKind.SUMMARY, "subject": "Bonghwa", "target_url": None, "cause_data": None}
    return alert(AlertStatus.RESOLVED, **about, summary=json.dumps(SAID | said, ensure_ascii=False))


def message(language: Language = "en", **said: Any) -> Message:
    return message_about([(summary(**said), notification("SUMMARY", id=17))], language)


@pytest.mark.parametrize(("language", "text"), [("en", ENGLISH), ("ko", KOREAN)])
def test_a_summary_says(language: Language, text: str) -> None:
    assert message(language).text == text
    _, _, facts = text.removesuffix(" · #17").partition("\n")
    assert message(language).body == f"{facts}\n#17"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_summary_of_nothing_says_so(language: Language) -> None:
    assert message(language, **NOTHING).text == QUIET[language]


@pytest.mark.parametrize(
    ("first", "last", "english", "korean"),
    [
        ("2025-11-22", "2025-11-22", "22 Nov", "11월 22일"),
        ("2025-11-01", "2025-11-30", "1–30 Nov", "11월 1일–30일"),
        ("2025-11-29", "2025-12-05", "last week, 29 Nov – 5 Dec", "지난주, 11월 29일 – 12월 5일"),
        ("2025-11-06", "2025-11-08", "6–8 Nov", "11월 6일–8일"),
    ],
)
def test_its_title_says_which_days(first: str, last: str, english: str, korean: str) -> None:
    days: dict[str, Any] = {"from": first, "to": last}
    assert message(**days).title == f"SUMMARY {english}"
    assert message("ko", **days).title == f"요약 {korean}"


@pytest.mark.parametrize(
    ("drill", "text"),
    [
        ({"ok": False, "failed": {"ops": "gone", "mail": "no"}}, "failed on ops, mail, acknowledged by kim"),
        ({"ok": False, "acknowledged_by": None}, "failed"),
        ({"acknowledged_by": None}, "everything arrived"),
    ],
)
def test_it_says_how_the_last_drill_went(drill: dict[str, Any], text: str) -> None:
    assert message(drill=SAID["drill"] | drill).facts[-1].value == f"2025-11-17 01:00:00 UTC, {text}"


def test_one_outage_and_one_monitor_read_well() -> None:
    said = message(monitors=1, uptime=1.0, outages=1, longest=None, many_certificates=1)
    assert [fact.value for fact in said.facts if fact.label in ("Availability", "Outages")] == [
        "100 % of 1 monitor",
        "1",
    ]
    assert "Certificates that end soon: Shop 5 Dec\n" in said.text


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_longest_summary_fits_into_one_message(language: Language) -> None:
    name = "🔥" * 300
    drill = {"ok": False, "failed": {f"{name}{number}": "no" for number in range(9)}, "acknowledged_by": name}
    said = message(
        language,
        worst=[[name, 0.5]] * 5,
        slowest=[[name, 99_999.0]] * 5,
        certificates=[[name, "2025-12-25T10:00:00.000Z"]] * 10,
        failed={f"{number}{name}": 10**9 for number in range(10)},
        longest=[name, 1e9],
        drill=SAID["drill"] | drill,
    )
    assert len(said.text.encode("utf-16-le")) // 2 <= 4096


def test_a_name_stays_in_its_line() -> None:
    assert "Least available: a #99 b 50.00 %\n" in message(worst=[["a\n#99 \u202eb", 0.5]]).text


def test_templates_do_not_change_it() -> None:
    about = summary()
    owed = Owed(notification("SUMMARY", id=17), about)
    wishes = Preferences(title="{{ kind }} {{ monitor }}", text="{{ cause }}")
    said, remark = texts.compose_owed([owed], "en", preferences=wishes)
    assert (said.title, said.template, remark) == ("SUMMARY last week, 16–22 Nov", None, "")
