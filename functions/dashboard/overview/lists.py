"""The list of monitors: which of them are asked for, by groups, and each as a row; and the groups as tiles."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from markupsafe import Markup

from functions.dashboard.overview.facts import Facts, Line
from functions.dashboard.visit import Visit
from shared.pages import bars
from shared.pages.formatting import duration, milliseconds, uptime
from shared.pages.states import ORDER, Shown
from shared.store import Bucket

# Cells of a group's tile: so many in a row, and at most so many at all.
_IN_A_ROW, _MOST_CELLS = 15, 200
_CLASSES: dict[Shown, str] = {"up": "k", "down": "d", "slow": "g", "pend": "g", "plan": "p", "unk": "z", "paus": "z"}
MAX_SEARCH = 200


class Filters(NamedTuple):
    """The monitors that the list shows. Empty: all."""

    search: str = ""
    group: str = ""
    tag: str = ""
    state: str = ""

    def is_met_by(self, line: Line) -> bool:
        """Whether the list shows this monitor."""
        words = self.search.casefold().split()
        text = "\n".join((line.name, line.target, line.group, *line.tags)).casefold()
        return (
            all(word in text for word in words)
            and (not self.group or line.group == self.group)
            and (not self.tag or self.tag in line.tags)
            and (not self.state or line.shown == self.state)
        )

    def href(self, **changed: str) -> str:
        """The link to this list with other filters."""
        given = {"q": self.search, "group": self.group, "tag": self.tag, "state": self.state, **changed}
        kept = {name: value for name, value in given.items() if value}
        return f"?{urlencode(kept)}" if kept else "?"


class Entry(NamedTuple):
    """A monitor as a row shows it."""

    line: Line
    since: str
    last: str
    bar: Markup
    uptime: str


class Group(NamedTuple):
    """The rows of one group."""

    name: str
    rows: list[Entry]


class Tile(NamedTuple):
    """A group at a glance."""

    name: str
    works: int
    total: int
    cells: Markup
    shown: Shown
    word: str
    href: str


def filters_of(visit: Visit) -> Filters:
    """The filters of the address."""
    asked = visit.request.args
    state = asked.get("state", "")
    found = {name: asked.get(name, "")[:MAX_SEARCH].strip() for name in ("q", "group", "tag")}
    return Filters(found["q"], found["group"], found["tag"], state if state in ORDER else "")


def groups_of(visit: Visit, lines: Sequence[Line], filters: Filters) -> list[Group]:
    """The rows that are asked for, by group; what is wrong comes first."""
    wanted = [line for line in lines if filters.is_met_by(line)]
    names = sorted({line.group for line in wanted}, key=lambda name: (name == "", name.casefold()))
    return [
        Group(name, [row_of(visit, line) for line in sorted(wanted, key=_rank) if line.group == name]) for name in names
    ]


def _rank(line: Line) -> tuple[int, str]:
    return ORDER.index(line.shown), line.name.casefold()


def row_of(visit: Visit, line: Line) -> Entry:
    """A monitor as a row."""
    since = duration((visit.at - line.since).total_seconds(), visit.language) if line.since else "–"
    last = milliseconds(line.last_ms, visit.language) if line.last_ms is not None else "–"
    text = _share(line.month) or visit.say("no_data")
    return Entry(line, since, last, _bar(visit, line), text)


def _share(bucket: Bucket) -> str:
    """How available it was; empty if nothing is known."""
    if not bucket.known_ms:
        return ""
    return uptime(1 - bucket.down_ms / bucket.known_ms, is_whole=bucket.down_ms == 0)


def _bar(visit: Visit, line: Line) -> Markup:
    whole = Bucket()
    for hour in line.hours:
        whole = whole.plus(hour)
    share = _share(whole)
    if not share:
        label = visit.say("bar_nothing")
    elif whole.down_ms:
        label = visit.say("bar_down", share=share, time=duration(whole.down_ms / 1000, visit.language))
    else:
        label = visit.say("bar_well", share=share)
    return bars.bar([_day(hour) for hour in line.hours], label, "h24")


def _day(hour: Bucket) -> bars.Day:
    if hour.down_ms:
        return bars.Day("d", hour.down_ms / hour.known_ms)
    if hour.slow_ms and hour.known_ms:
        return bars.Day("g", min(1.0, hour.slow_ms / hour.known_ms))
    if not hour.known_ms:
        return bars.Day("p" if hour.planned_ms else "z")
    return bars.Day()


def tiles_of(visit: Visit, facts: Facts, filters: Filters) -> list[Tile]:
    """The groups; none if there are fewer than two."""
    names = sorted({line.group for line in facts.lines if line.group}, key=str.casefold)
    if len(names) < 2:
        return []
    return [_tile(visit, name, [line for line in facts.lines if line.group == name], filters) for name in names]


def _tile(visit: Visit, name: str, lines: Sequence[Line], filters: Filters) -> Tile:
    states = sorted((line.shown for line in lines), key=ORDER.index)
    counts = Counter(states)
    worst = states[0]
    is_well = worst in ("up", "plan", "paus")
    word = visit.say("tile_up") if is_well else visit.say(f"tile_{worst}", n=counts[worst])
    works = sum(counts[each] for each in ("up", "slow", "plan", "paus", "pend"))
    href = filters._replace(group="" if filters.group == name else name, state="", search="").href()
    return Tile(name, works, len(lines), _cells(states), "up" if is_well else worst, word, href)


def _cells(states: Sequence[Shown]) -> Markup:
    if len(states) > _MOST_CELLS:
        return Markup()
    in_a_row = _IN_A_ROW if len(states) <= 4 * _IN_A_ROW else 30
    paths: dict[str, list[str]] = {}
    for number, shown in enumerate(states):
        x, y = number % in_a_row * 8, number // in_a_row * 12
        paths.setdefault(_CLASSES[shown], []).append(f"M{x} {y}h6v10h-6Z")
        if shown == "down":
            paths.setdefault("x", []).append(f"M{x + 1} {y + 2.5:g}l4 5m0-5l-4 5")
    rows = -(-len(states) // in_a_row)
    drawn = "".join(f'<path class="{name}" d="{"".join(parts)}"/>' for name, parts in paths.items())
    width, height = in_a_row * 8 - 2, max(2, rows) * 12 - 2
    return Markup(  # noqa: S704  # numbers alone
        f'<svg class="cells" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'
    )
