"""The words of a summary. Apart from the other words, so that only its sender loads them."""

from collections.abc import Mapping

from shared.words import Language

_EN: Mapping[str, str] = {
    # the days
    "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "day": "{day} {month}",
    "days": "{first}–{last} {month}",
    "days_of_months": "{first} – {last}",
    "week": "last week, {days}",
    # what stands before each fact
    "availability": "Availability",
    "worst": "Least available",
    "outages": "Outages",
    "slowest": "Slowest (p95)",
    "certificates": "Certificates that end soon",
    "failed": "Messages that failed",
    "drill": "Last drill",
    # the facts
    "of_monitors": "{share} of {count} monitors",
    "of_monitor": "{share} of 1 monitor",
    "unknown": "not known",
    "none": "none",
    "longest": "{count}, the longest {duration} ({name})",
    "milliseconds": "{count} ms",
    "by_channel": "{count} ({channels})",
    "no_drill": "none yet",
    "drill_ok": "{time}, everything arrived",
    "drill_bad": "{time}, failed",
    "drill_bad_on": "{time}, failed on {channels}",
    "drill_by": "{drill}, acknowledged by {name}",
}

_KO: Mapping[str, str] = {
    # the days
    "months": "1 2 3 4 5 6 7 8 9 10 11 12",
    "day": "{month}월 {day}일",
    "days": "{month}월 {first}일–{last}일",
    "days_of_months": "{first} – {last}",
    "week": "지난주, {days}",
    # what stands before each fact
    "availability": "가동률",
    "worst": "가동률이 가장 낮은 모니터",
    "outages": "장애",
    "slowest": "가장 느린 모니터(p95)",
    "certificates": "곧 만료되는 인증서",
    "failed": "보내지 못한 메시지",
    "drill": "마지막 훈련",
    # the facts
    "of_monitors": "{share} (모니터 {count}개)",
    "of_monitor": "{share} (모니터 1개)",
    "unknown": "알 수 없음",
    "none": "없음",
    "longest": "{count}건, 가장 긴 장애 {duration} ({name})",
    "milliseconds": "{count}ms",
    "by_channel": "{count}건 ({channels})",
    "no_drill": "아직 없음",
    "drill_ok": "{time}, 모두 도착",
    "drill_bad": "{time}, 실패",
    "drill_bad_on": "{time}, {channels}에서 실패",
    "drill_by": "{drill}, {name} 님이 확인",
}


def summary_words(language: Language) -> Mapping[str, str]:
    """The words of a language, by code. A text names its parameters as ``str.format`` does."""
    return _KO if language == "ko" else _EN
