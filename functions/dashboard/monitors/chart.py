"""The chart of a monitor's response time: its phases on top of each other, outages and windows as bands."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from functions.dashboard.visit import Visit
from shared.history.buckets import Step
from shared.pages.formatting import clock, day, milliseconds

if TYPE_CHECKING:
    from shared.store import Measured

WIDTH, HEIGHT, TOP = 1000, 200, 26
_LABELS = 6


class Period(NamedTuple):
    """The span of a chart: it has ``buckets``, each as long as ``each``, made of the stored rollups by ``step``."""

    code: str
    each: timedelta
    buckets: int
    step: Step

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.each * self.buckets

    def edges(self, at: datetime) -> list[datetime]:
        """The beginnings of the buckets, and the end of the last one."""
        ends_at = _ceiling(at, self.each)
        return [ends_at - self.each * number for number in range(self.buckets, -1, -1)]


PERIODS = (
    Period("1h", timedelta(minutes=1), 60, "minute"),
    Period("24h", timedelta(minutes=12), 120, "minute"),
    Period("7d", timedelta(hours=1), 168, "hour"),
    Period("90d", timedelta(days=1), 90, "day"),
    Period("1y", timedelta(days=1), 365, "day"),
)

# As a zoomed chart has them: in smaller steps, if there are rollups for them.
_CLOSER = {
    "24h": Period("24h", timedelta(minutes=2), 720, "minute"),
    "90d": Period("90d", timedelta(hours=3), 720, "hour"),
}


class Band(NamedTuple):
    """A time that is marked: of an outage, or of maintenance (``is_planned``)."""

    starts_at: datetime
    ends_at: datetime
    is_planned: bool
    label: str


class Point(NamedTuple):
    """The medians of one bucket: lookup, connect, TLS, wait and transfer, in milliseconds."""

    starts_at: datetime
    phases: tuple[float, float, float, float, float]

    @property
    def whole(self) -> float:
        """All of them."""
        return sum(self.phases)


def period_of(visit: Visit, *, is_zoomed: bool = False) -> Period:
    """The period that the address asks for; a day, if it asks for none."""
    asked = visit.request.args.get("period")
    period = next((each for each in PERIODS if each.code == asked), PERIODS[1])
    return _CLOSER.get(period.code, period) if is_zoomed else period


def points_of(measured: "Sequence[Measured]") -> list[Point | None]:
    """A point for each bucket; None if nothing was measured in it."""
    found: list[Point | None] = []
    for bucket in measured:
        whole = bucket.counts.percentiles("response_time_ms")[0]
        if whole is None:
            found.append(None)
            continue
        names = ("dns_ms", "connect_ms", "tls_ms", "first_byte_ms")
        phases = [bucket.counts.percentiles(name)[0] or 0.0 for name in names]
        # Medians of parts need not add up to the median of the whole.
        excess = sum(phases) / whole if sum(phases) > whole > 0 else 1.0
        parts = [phase / excess for phase in phases]
        found.append(Point(bucket.starts_at, (*parts, max(0.0, whole - sum(parts)))))  # type: ignore[arg-type]
    return found


def chart(visit: Visit, period: Period, points: Sequence[Point | None], bands: Sequence[Band], label: str) -> Markup:
    """The chart as SVG. ``label`` says it to those who do not see it."""
    edges = period.edges(visit.at)
    known = sorted(point.whole for point in points if point)
    top = _round_up(known[min(len(known) - 1, math.ceil(len(known) * 0.99))] if known else 100.0)
    areas = "".join(_areas(points, top))
    lines = "".join(f'<path class="ln ax1" d="M0 {y}H{WIDTH}"/>' for y in (HEIGHT, HEIGHT // 2, 0))
    inner = (
        f'<svg y="{TOP}" width="100%" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">'
        f"{lines}{areas}</svg>"
    )
    axis = "".join(
        f'<text x="0" y="{TOP + y - 4}">{milliseconds(value, visit.language)}</text>'
        for value, y in ((top / 2, HEIGHT // 2), (top, 0))
    )
    marks = "".join(_band(band, edges[0], edges[-1]) for band in bands)
    times = "".join(_times(visit, edges))
    return Markup(  # noqa: S704  # numbers, and texts that are escaped
        f'<svg class="chart" role="img" aria-label="{escape(label)}">{inner}{axis}{marks}{times}</svg>'
    )


def _areas(points: Sequence[Point | None], top: float) -> list[str]:
    paths = [""] * 5
    for run in _runs(points):
        lower = [0.0] * len(run)
        for phase in range(5):
            upper = [low + point.phases[phase] for low, (_, point) in zip(lower, run, strict=True)]
            xs = [_x(number, len(points)) for number, _ in run]
            if len(run) == 1:
                # One bucket alone has a width of its own.
                half = WIDTH / max(1, len(points)) / 2
                xs, upper, lower = [xs[0] - half, xs[0] + half], upper * 2, lower * 2
            there = "L".join(f"{x:.0f} {_y(value, top)}" for x, value in zip(xs, upper, strict=True))
            back = "L".join(f"{x:.0f} {_y(v, top)}" for x, v in zip(reversed(xs), reversed(lower), strict=True))
            if any(high > low for high, low in zip(upper, lower, strict=True)):
                paths[phase] += f"M{there}L{back}Z"
            lower = upper[: len(run)]
    return [f'<path class="a{number + 1} ax1" d="{path}"/>' for number, path in enumerate(paths) if path]


def _runs(points: Sequence[Point | None]) -> list[list[tuple[int, Point]]]:
    """The measurements without a gap."""
    runs: list[list[tuple[int, Point]]] = [[]]
    for number, point in enumerate(points):
        if point is None:
            runs.append([])
        else:
            runs[-1].append((number, point))
    return [run for run in runs if run]


def _band(band: Band, since: datetime, until: datetime) -> str:
    whole = (until - since).total_seconds()
    start = max(0.0, (band.starts_at - since).total_seconds() / whole) * 100
    end = min(1.0, (band.ends_at - since).total_seconds() / whole) * 100
    if end <= start:
        return ""
    width = max(0.3, end - start)
    shape = f'x="{start:.1f}%" y="{TOP}" width="{width:.1f}%" height="{HEIGHT}"'
    middle = (start + end) / 2
    anchor, x = ("end", 100.0) if middle > 85 else ("start", 0.0) if middle < 15 else ("middle", middle)
    # A name is only there if there is room for it.
    is_named = bool(band.label) and (not band.is_planned or width > 6)
    kind, of_text = ("win", "wd") if band.is_planned else ("out", "od")
    text = f'<text class="{of_text}" x="{x:.1f}%" y="18" text-anchor="{anchor}">{escape(band.label)}</text>'
    return f'<rect class="{kind}" {shape}/>{text if is_named else ""}'


def _times(visit: Visit, edges: Sequence[datetime]) -> list[str]:
    found, last = [], len(edges) - 1
    has_clock = edges[-1] - edges[0] <= timedelta(days=2)
    for number in range(_LABELS + 1):
        at = edges[last * number // _LABELS]
        anchor = "start" if number == 0 else "end" if number == _LABELS else "middle"
        form = ' data-l="h"' if has_clock else ""
        text = clock(at) if has_clock else day(at, visit.language)
        alt = ' class="alt"' if number % 2 else ""
        found.append(
            f'<text x="{100 * number / _LABELS:.1f}%" y="{TOP + HEIGHT + 18}" text-anchor="{anchor}"{alt}'
            f'{form} data-at="{at:%Y-%m-%dT%H:%M:%SZ}">{text}</text>'
        )
    return found


def _x(number: int, count: int) -> float:
    return WIDTH * (number + 0.5) / count


def _y(value: float, top: float) -> int:
    return round(HEIGHT - HEIGHT * min(1.0, value / top))


def _round_up(value: float) -> float:
    """The next number of the kind 1, 2, 5, 10, 20 …, so that its half is round too."""
    value = max(value, 0.5)
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in (1, 2, 4, 5, 6, 8, 10) if factor * power >= value * 1.02 or factor == 10)


def _ceiling(at: datetime, each: timedelta) -> datetime:
    begins = datetime.fromtimestamp(0, at.tzinfo)
    return begins - (begins - at) // each * each
