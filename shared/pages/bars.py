"""The bar of a monitor's days as a picture, made of as little markup as possible.

Good days are drawn by the stylesheet. A day with trouble rises above the row, so that it is seen without colours; it is
a link to its story, with its facts as a label and, below the bar, as a tip.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from markupsafe import Markup, escape

# Down, slow (or checked again), maintenance, nothing known.
Mark = Literal["d", "g", "p", "z"]
WIDTH, HEIGHT = 360, 36
# However short an outage was, its day is seen.
_LEAST = 0.62


class Day(NamedTuple):
    """A day of a bar, or an hour, or a month. ``mark``: None for a good one.

    ``share``: how much of it was bad. ``tip``: its facts; empty if it needs no stop of the keyboard. ``href``: where
    its story is.
    """

    mark: Mark | None = None
    share: float = 0.0
    tip: str = ""
    href: str = ""


def bar(days: Sequence[Day], label: str, form: str) -> Markup:
    """The bar. ``label`` says it to those who do not see it. ``form``: the class that draws the good days."""
    drawn = "".join(_drawn(days))
    tips = "".join(_tips(days))
    role = "group" if tips else "img"
    picture = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'
        if drawn
        else ""
    )
    links = f"<svg>{tips}</svg>" if tips else ""
    return Markup(f'<div class="bars b {form}" role="{role}" aria-label="{escape(label)}">{picture}{links}</div>')  # noqa: S704  # escaped


def _drawn(days: Sequence[Day]) -> list[str]:
    width = WIDTH / len(days)
    paths: dict[str, list[str]] = {}
    for first, length in _unknown(days):
        # A new monitor has many days of which nothing is known: all of them are one line of dashes.
        left, across = _number(first * width), _number(length * width)
        paths.setdefault("o", []).append(f"M{left} 0h{across}v{HEIGHT}h-{across}Z")
        paths.setdefault("z", []).append(f"M{_number((first + 0.05) * width)} {HEIGHT - 2.5}h{across}")
    for number, day in enumerate(days):
        if day.mark in (None, "z"):
            continue
        left, inner, x = _number(number * width), _number(width * 0.9), _number((number + 0.05) * width)
        full = _number(width)
        match day.mark:
            case "d" | "g":
                height = round(HEIGHT * (_LEAST + (1 - _LEAST) * min(1.0, day.share)))
                paths.setdefault("o", []).append(f"M{left} 0h{full}v{min(HEIGHT, height + 2)}h-{full}Z")
                paths.setdefault(day.mark, []).append(f"M{x} 0h{inner}v{height}h-{inner}Z")
            case "p":
                paths.setdefault("o", []).append(f"M{left} 0h{full}v{HEIGHT}h-{full}Z")
                paths.setdefault("p", []).append(f"M{x} {HEIGHT // 2}h{inner}v{HEIGHT // 2}h-{inner}Z")
    dashes = f' stroke-dasharray="{_number(width * 0.9)} {_number(width * 0.1)}"'
    # The ground comes first; the days lie on it.
    return [
        f'<path class="{name}" d="{"".join(paths[name])}"{dashes if name == "z" else ""}/>'
        for name in ("o", "d", "g", "p", "z")
        if name in paths
    ]


def _unknown(days: Sequence[Day]) -> Iterator[tuple[int, int]]:
    """The beginnings and lengths of the runs of days of which nothing is known."""
    for is_unknown, run in itertools.groupby(enumerate(days), lambda each: each[1].mark == "z"):
        if is_unknown:
            found = list(run)
            yield found[0][0], len(found)


def _tips(days: Sequence[Day]) -> list[str]:
    width = 100 / len(days)
    found = []
    for number, day in enumerate(days):
        if not day.tip:
            continue
        tip, middle = escape(day.tip), (number + 0.5) * width
        anchor = "start" if middle < 20 else "end" if middle > 80 else "middle"
        found.append(
            f'<a href="{escape(day.href)}" aria-label="{tip}"><rect class="hit" x="{_number(number * width)}%" y="-3" '
            f'width="{_number(max(width, 1.4))}%" height="42"/><text class="tip" x="{_number(middle)}%" y="53" '
            f'text-anchor="{anchor}">{tip}</text></a>'
        )
    return found


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
