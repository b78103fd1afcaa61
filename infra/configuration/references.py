"""The names that the file uses: each must be the name of something."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.configuration.channels import Known
from infra.configuration.monitors import Settings, Watched
from infra.configuration.reading.mistakes import Mistake, is_wrong, one_of, shown
from infra.configuration.reading.validation import Source
from shared.alerting.dependencies import circle_in

# Cycles overlap: to say a few of them is enough to see them all.
_MAX_CYCLES = 10
_KIND = "kind:"


@dataclass(frozen=True)
class Names:
    """Everything that can be named."""

    monitors: Collection[str]
    groups: Collection[str]
    tags: Collection[str]
    channels: Known
    escalations: Collection[str]

    def unknown(self, source: Source, field: str, value: Any) -> Iterator[Mistake]:
        """A mistake for each name in the field ``field`` that nothing has."""
        is_one = isinstance(value, str)
        for number, name in enumerate([value] if is_one else value or ()):
            if expected := self._expected(field, str(name)):
                # The file may have one name where the model has a list.
                path = (field, number) if len(source.steps((field, number))) > 1 else (field,)
                yield source.mistake(path, is_wrong(path, shown(str(name)), expected))

    def _expected(self, field: str, name: str) -> str | None:
        """The expectation in place of a name; None if something has the name."""
        if field == "channels" and name.startswith(_KIND):
            kind = name.removeprefix(_KIND)
            what, known = "kind: and one of the channels' kinds", set(self.channels.kinds)
            return None if kind in known else one_of(what, kind, known)
        what, known = {
            "channels": ("a channel", set(self.channels.names)),
            "escalation": ("an escalation", set(self.escalations)),
            "depends_on": ("a monitor or a group", {*self.monitors, *self.groups}),
            "monitors": ("a monitor", set(self.monitors)),
            "groups": ("a group", set(self.groups)),
            "subscribe": ("a channel", set(self.channels.names)),
            "tags": ("a tag that a monitor has", set(self.tags)),
        }[field]
        return None if name in known else one_of(what, name, known)


def mistakes_in_monitors(watched: Iterable[Watched], inherited: Iterable[Settings], names: Names) -> Iterator[Mistake]:
    """The names in monitors, and in what they inherit, that nothing has."""
    fields = ("channels", "escalation", "depends_on")
    for source, given in inherited:
        for field in fields:
            if given.get(field) is not None:
                yield from names.unknown(source, field, given[field])
    for monitor in watched:
        for field in fields:
            if field in monitor.own:
                yield from names.unknown(monitor.source, field, getattr(monitor.policy, field))


def cycles(watched: Iterable[Watched]) -> Iterator[Mistake]:
    """Monitors that depend on each other in a circle: none of them would ever be notified."""
    by_name = {monitor.policy.name: monitor for monitor in watched}
    groups = {name: monitor.policy.group for name, monitor in by_name.items()}
    depends_on = {name: set(monitor.policy.depends_on) for name, monitor in by_name.items()}
    for _ in range(_MAX_CYCLES):
        way = circle_in(groups, depends_on)
        if not way:
            return
        monitor, path = by_name[way[0]], ("depends_on",)
        expected = f"monitors that do not depend on it in turn ({' → '.join(way)})"
        yield monitor.source.mistake(path, is_wrong(path, shown(", ".join(monitor.policy.depends_on)), expected))
        # It may depend on the next one by their group's name.
        wanted = depends_on[way[0]]
        wanted.discard(way[1] if way[1] in wanted else groups[way[0]] or "")
