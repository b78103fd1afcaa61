"""The words of pages, by code: the frame's words here, and each page's in files of its own, one a language.

A text names its parameters as ``str.format`` does. It is two texts if a number matters: for one and for several. A
file is loaded when its first text is needed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from shared.words import Language

# One text; or two, for one thing (``n`` is 1) and for several.
Texts = Mapping[str, str | tuple[str, str]]

_FRAME: Mapping[Language, Texts] = {
    "en": {
        "skip": "Skip to the content",
        "colours": "Colours",
        "colours_auto": "As the device",
        "colours_light": "Light",
        "colours_dark": "Dark",
        "renews": "This page renews itself every {seconds} s.",
        "not_connected": "Not connected since {time}; trying again.",
        "up": "Works",
        "down": "Down",
        "slow": "Slow",
        "pend": "Checking again",
        "plan": "Maintenance",
        "unk": "No data",
        "paus": "Paused",
        "nobody_notified": "Nobody would be notified of an outage now",
        "dashboard_says_why": 'The <a href="{href}">dashboard</a> says why.',
    },
    "ko": {
        "skip": "본문으로 건너뛰기",
        "colours": "색",
        "colours_auto": "기기 설정대로",
        "colours_light": "밝게",
        "colours_dark": "어둡게",
        "renews": "이 페이지는 {seconds}초마다 새로 고쳐집니다.",
        "not_connected": "{time}부터 연결되지 않습니다. 다시 시도하고 있습니다.",
        "up": "정상",
        "down": "장애",
        "slow": "지연",
        "pend": "재확인 중",
        "plan": "점검",
        "unk": "확인 안 됨",
        "paus": "일시 중지",
        "nobody_notified": "지금 장애가 나도 아무에게도 통지되지 않습니다",
        "dashboard_says_why": '이유는 <a href="{href}">대시보드</a>에 있습니다.',
    },
}


def frame_words(language: Language) -> Texts:
    """The words of the layout and of the states."""
    return _FRAME[language]


def status_words(language: Language) -> Texts:
    """The words of the status pages."""
    if language == "ko":
        from shared.words import status_ko

        return status_ko.WORDS
    from shared.words import status_en

    return status_en.WORDS


def speaker(*tables: Texts) -> Callable[..., Markup]:
    """``say(code, **values)``: the text as markup. Every value is escaped, unless it is markup itself."""

    def say(code: str, **values: Any) -> Markup:
        return Markup(_chosen(tables, code, values)).format(**values)  # noqa: S704  # our own words; values are escaped

    return say


def plain_speaker(*tables: Texts) -> Callable[..., str]:
    """``say(code, **values)``: the text for a title, a feed or JSON. Nothing is escaped."""

    def say(code: str, **values: Any) -> str:
        return _chosen(tables, code, values).format(**values)

    return say


def _chosen(tables: tuple[Texts, ...], code: str, values: Mapping[str, Any]) -> str:
    found = next(table[code] for table in tables if code in table)
    return found if isinstance(found, str) else found[0 if values["n"] == 1 else 1]
