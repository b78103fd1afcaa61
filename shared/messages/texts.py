"""Text that is safe to show, and how durations and times read."""

import re
from datetime import datetime, timedelta

from shared.visible import SELECTORS_OF_SIGNS, UNSEEN
from shared.words import Language
from shared.words.units import units_of

# Four parts of this length and three lists of names, in characters of two UTF-16 units each, stay within Telegram's
# 4,096.
MAX_PART = 300
# From here on, tenths of a second say nothing.
_WHOLE_SECONDS = 10
_JOINER = "\u200d"
# Signs that a joiner or a variation selector can belong to.
_SIGN = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23fa\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
# A joiner that does not hold two signs together, as in 👩‍🚒, and a selector without a sign only make two names look
# alike. It is compiled when a text is first composed: that takes some ms, and most cold starts compose none.
_LOOSE = f"(?<!{_SIGN})(?<!{_SIGN}\ufe0f)\u200d|\u200d(?!{_SIGN})|(?<!{_SIGN})[{SELECTORS_OF_SIGNS}](?!\u20e3)"
_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


def one_line(text: str, longest: int = MAX_PART) -> str:
    """``text`` with visible characters only, in one line, cut to ``longest`` characters.

    Every character that Unicode calls control, format (marks that turn the direction of text, characters without
    width, tags), separator, private, surrogate or unassigned becomes a space, and so does every other that cannot be
    seen. Otherwise the text of a target or an operator could leave its place in the line, give orders to a terminal, or
    look like another.
    """
    text = re.sub(f"{_LOOSE}|[{UNSEEN}]", " ", text)
    text = "".join(c if c.isprintable() or c == _JOINER else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def duration(length: timedelta, language: Language) -> str:
    """A duration in its two largest units: ``2 h 5 min``, ``45 s``; ``2시간 5분``, ``45초``."""
    units = units_of(language)
    seconds = max(0, round(length.total_seconds()))
    parts = []
    for name, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(units[name].format(count=count))
    return " ".join(parts[:2]) or units["seconds"].format(count=0)


def seconds_text(seconds: float, language: Language) -> str:
    """A short duration with its tenths, a longer one as ``duration`` says it: ``0.4 s``, ``41 s``, ``2 min 5 s``."""
    if seconds >= _WHOLE_SECONDS:
        return duration(timedelta(seconds=seconds), language)
    # A duration below a tenth is still some time.
    tenths = round(max(seconds, 0.1), 1) if seconds > 0 else 0
    return units_of(language)["seconds"].format(count=f"{tenths:g}")


def time_text(at: datetime) -> str:
    """A time as messages show it, in this machine's zone: ``2025-01-08 10:30:00 UTC``."""
    try:
        shown = at.astimezone()
    except (OverflowError, ValueError, OSError):
        shown = at  # in UTC: the calendar's first and last day have no date in every zone
    # strftime would write the year 1 as "1".
    return f"{shown.replace(tzinfo=None).isoformat(' ', 'seconds')} {shown.tzname()}"


def percentage(share: float) -> str:
    """A share of 1 as people read it, never rounded up to 100: ``99.95 %``."""
    hundredths = int(share * 10_000 + 1e-6)
    return f"{hundredths // 100}.{hundredths % 100:02} %" if hundredths < 10_000 else "100 %"
