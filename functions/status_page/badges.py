"""Badges: a small picture of two fields, for a readme or another site."""

import unicodedata
from collections.abc import Callable

from markupsafe import Markup

from functions.status_page.drawing import uptime_of, uptime_text
from functions.status_page.feeds import xml_text
from functions.status_page.visible import Monitor
from shared.pages import formatting
from shared.pages.states import Shown
from shared.words import Language

_GROUNDS: dict[Shown, str] = {
    "up": "#17744a",
    "down": "#bb2116",
    "slow": "#8a5200",
    "pend": "#8a5200",
    "plan": "#4a52b8",
    "unk": "#566273",
    "paus": "#566273",
}
_MOST_LETTERS = 40
# From which uptime on a badge is green, and amber.
_GOOD, _FAIR = 0.99, 0.95
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" aria-label="{label}: {value}">'
    "<title>{label}: {value}</title>"
    '<rect width="{whole}" height="20" rx="3" fill="#3d4754"/>'
    '<path d="M{left} 0h{inner}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z" fill="{ground}"/>'
    '<g fill="#fff" font-family="system-ui,Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
    '<text x="{first}" y="14" textLength="{label_width}">{label}</text>'
    '<text x="{second}" y="14" textLength="{value_width}">{value}</text></g></svg>\n'
)
KINDS = ("status.svg", "uptime.svg", "response.svg")


def badge(kind: str, monitor: Monitor, say: Callable[..., str], language: Language) -> str:
    """The badge of a monitor. ``kind``: one of KINDS."""
    if kind == "uptime.svg":
        share = uptime_of(monitor.buckets["days"])
        state: Shown = "unk" if share is None else "up" if share >= _GOOD else "slow" if share >= _FAIR else "down"
        return _drawn(say("badge_uptime"), uptime_text(monitor.buckets["days"]) or say("no_data"), state)
    if kind == "response.svg":
        now = next((each for each in reversed(monitor.pace) if each is not None), None)
        value = say("no_data") if now is None else formatting.milliseconds(now, language)
        return _drawn(say("badge_response"), value, "unk" if now is None else "up")
    return _drawn(monitor.name, say(monitor.shown), monitor.shown)


def _drawn(label: str, value: str, state: Shown) -> str:
    label = xml_text(label)
    if len(label) > _MOST_LETTERS:
        label = f"{label[: _MOST_LETTERS - 1]}…"
    label_width, value_width = _width(label), _width(value)
    left = label_width + 12
    whole = left + value_width + 12
    return str(
        Markup(_SVG).format(  # noqa: S704  # our own text; the values are escaped
            whole=whole,
            left=left,
            inner=value_width + 9,
            ground=_GROUNDS[state],
            label=label,
            value=value,
            label_width=label_width,
            value_width=value_width,
            first=(label_width + 12) / 2,
            second=left + (value_width + 12) / 2,
        )
    )


def _width(text: str) -> int:
    """About how wide a text is; the picture stretches it to that."""
    return max(8, round(sum(11.5 if unicodedata.east_asian_width(letter) in "WF" else 6.6 for letter in text)))
