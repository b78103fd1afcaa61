"""How times, durations, shares and response times look in each language. Whole texts; nothing is glued around them."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Literal

from markupsafe import Markup, escape

from shared.words import Language
from shared.words.units import units_of

# How the script shows a time in the viewer's zone: with its date, as a clock's, or by 24 hours, also with seconds.
TimeForm = Literal["d", "t", "h", "s"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# If a time is no further away, the time of the day says which day it is.
_NEAR = timedelta(hours=18)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
# Characters that nobody types between a number and its unit, and at which no line breaks.
_FIXED = "\u00a0"


def day(at: datetime, language: Language) -> str:
    """A day without its year: ``28 Nov``, ``11월 28일``."""
    return f"{at.month}월 {at.day}일" if language == "ko" else f"{at.day} {_MONTHS[at.month - 1]}"


def month(at: datetime, language: Language) -> str:
    """A month: ``Nov 2026``, ``2026년 11월``."""
    return f"{at.year}년 {at.month}월" if language == "ko" else f"{_MONTHS[at.month - 1]} {at.year}"


def clock(at: datetime, *, has_seconds: bool = False) -> str:
    """A time of the day, in UTC: ``14:02 UTC``."""
    return f"{at:%H:%M:%S} UTC" if has_seconds else f"{at:%H:%M} UTC"


def date(at: datetime, language: Language) -> str:
    """A date with its time: ``28 Nov 2026, 14:02 UTC``, ``2026년 11월 28일 14:02 UTC``."""
    if language == "ko":
        return f"{at.year}년 {day(at, language)} {clock(at)}"
    return f"{day(at, language)} {at.year}, {clock(at)}"


def form_of(at: datetime, now: datetime) -> TimeForm:
    """How a time in a sentence is shown: as a clock's, or with its date if that is not clear."""
    return "t" if abs(now - at) < _NEAR else "d"


def moment(at: datetime, now: datetime, language: Language) -> str:
    """A time in a sentence: ``14:02 UTC``, or with its date if that is not clear."""
    return clock(at) if form_of(at, now) == "t" else date(at, language)


def time_tag(at: datetime, form: TimeForm, language: Language) -> Markup:
    """A time that is whole without the script, which shows it in the viewer's zone."""
    text = date(at, language) if form == "d" else clock(at, has_seconds=form == "s")
    return Markup('<time datetime="{}" data-l="{}">{}</time>').format(f"{at:%Y-%m-%dT%H:%M:%SZ}", form, text)


def with_times(text: str, language: Language) -> Markup:
    """A sentence as markup. Each time in it, which it names in the service's zone, the script shows in the viewer's."""
    parts = re.split(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z0-9+-]{2,6})(?!\w)", text)
    times = {part: _time_in(part) for part in parts[1::2]}
    return Markup("").join(time_tag(at, "d", language) if (at := times.get(part)) else part for part in parts)


def _time_in(text: str) -> datetime | None:
    """The time that a message shows as ``text``; None if its zone is neither UTC nor this machine's."""
    shown, _, zone = text.rpartition(" ")
    try:
        at = datetime.fromisoformat(shown)
        # Once a year an hour comes twice.
        those = (at.replace(tzinfo=UTC), at.astimezone(), at.replace(fold=1).astimezone())
    except (ValueError, OverflowError, OSError):
        return None
    return next((each.astimezone(UTC) for each in those if each.tzname() == zone), None)


def duration(seconds: float, language: Language) -> str:
    """How long something lasted, cut to what matters: ``45 s``, ``23 min``, ``3 h 20 min``, ``9 days``."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return _counted(whole, "seconds", language)
    if whole < _HOUR:
        return _counted(whole // _MINUTE, "minutes", language)
    if whole < _DAY:
        hours, minutes = divmod(whole // _MINUTE, 60)
        said = _counted(hours, "hours", language)
        return f"{said} {_counted(minutes, 'minutes', language)}" if minutes else said
    days = whole // _DAY
    return _counted(days, "one_day" if days == 1 else "whole_days", language)


def uptime(share: float, *, is_whole: bool) -> str:
    """A share of time, cut and not rounded: ``99.98 %``. ``is_whole``: there was no downtime, and it is ``100 %``."""
    if is_whole:
        return f"100{_FIXED}%"
    # By its digits: 0.29 * 100 is less than 29 in binary. Any time down, however short, is not 100 %.
    cut = min(Decimal("99.99"), (Decimal(repr(share)) * 100).quantize(Decimal("0.01"), ROUND_DOWN))
    return f"{max(Decimal('0.00'), cut)}{_FIXED}%"


def milliseconds(value: float, language: Language) -> str:
    """A response time: ``210 ms``, ``2.4 s``."""
    if value < 1_000:
        return f"{value:.0f}{_FIXED}ms" if value >= 1 else f"{value:.1g}{_FIXED}ms"
    return _counted(f"{value / 1_000:.1f}", "seconds", language)


class Named:
    """A name in a sentence: its own direction of writing, and the Korean particle that its last sound asks for.

    ``{name:이/가}`` chooses between the two.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __format__(self, particles: str) -> str:
        return f"{self._text}{_particle(self._text, particles)}"

    def __html_format__(self, particles: str) -> Markup:
        """The same as markup."""
        return Markup("<bdi>{}</bdi>{}").format(escape(self._text), _particle(self._text, particles))

    def __html__(self) -> str:
        return self.__html_format__("")


def _counted(count: int | str, unit: str, language: Language) -> str:
    return units_of(language)[unit].format(count=count).replace(" ", _FIXED)


def _particle(text: str, particles: str) -> str:
    if not particles:
        return ""
    closed, _, opened = particles.partition("/")
    last = unicodedata.normalize("NFC", text.rstrip("»\"')]} "))[-1:]
    if "가" <= last <= "힣":
        return closed if (ord(last) - ord("가")) % 28 else opened
    if last in tuple("0136780"):
        return closed  # 영, 일, 삼, 육, 칠, 팔
    return opened if last.isdecimal() and last else f"{closed}({opened})"
