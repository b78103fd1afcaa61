"""The words of the report, in English and in Korean."""

from collections.abc import Mapping

from shared.words import Language

_EN: Mapping[str, str] = {
    "title": "Availability, {year}-{month}",
    "title_of_group": "Availability of {group}, {year}-{month}",
    "until_now": "The month is not over.",
    "monitor": "Monitor",
    "group": "Group",
    "availability": "Availability",
    "downtime": "Downtime",
    "outages": "Outages",
    "checks": "Checks",
    "failures": "Failures",
    "total": "All",
    "counted_by_utc_days": "Checks and failures are counted by UTC days.",
    "recorded_since": "Recorded only since {time}: {names}",
}

_KO: Mapping[str, str] = {
    "title": "{year}년 {month}월 가동률",
    "title_of_group": "{group} {year}년 {month}월 가동률",
    "until_now": "아직 끝나지 않은 달입니다.",
    "monitor": "모니터",
    "group": "그룹",
    "availability": "가동률",
    "downtime": "다운타임",
    "outages": "장애",
    "checks": "확인",
    "failures": "실패",
    "total": "전체",
    "counted_by_utc_days": "확인과 실패는 UTC 기준의 하루 단위로 셉니다.",
    "recorded_since": "{time}부터 기록됨: {names}",
}


def report_words(language: Language) -> Mapping[str, str]:
    """The words of a language, by code. A text names its parameters as ``str.format`` does."""
    return _KO if language == "ko" else _EN
