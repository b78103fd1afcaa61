"""The units of time. Apart from the other words, so that a page loads these alone."""

from collections.abc import Mapping

from shared.words import Language

_EN: Mapping[str, str] = {
    "days": "{count} d",
    "hours": "{count} h",
    "minutes": "{count} min",
    "seconds": "{count} s",
    # of a page, which shows no smaller unit beside them
    "one_day": "1 day",
    "whole_days": "{count} days",
}

_KO: Mapping[str, str] = {
    "days": "{count}일",
    "hours": "{count}시간",
    "minutes": "{count}분",
    "seconds": "{count}초",
    "one_day": "1일",
    "whole_days": "{count}일",
}


def units_of(language: Language) -> Mapping[str, str]:
    """A count of each unit, as the language says it."""
    return _KO if language == "ko" else _EN
