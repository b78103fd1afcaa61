"""A window as it is stored: what it is about, and when."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from shared.monitors.windows.spans import Recurrence, Span


class Planned(NamedTuple):
    """A window of a ``kind``, maintenance or silence. ``once``: its only span, if it does not recur."""

    id: int
    kind: str
    targets: Mapping[str, Collection[str] | bool]
    once: Span | None
    recurrence: Recurrence | None

    def is_about(self, name: str, group: str | None, tags: Collection[str]) -> bool:
        """Whether a monitor of this name, in this group and with these tags is meant."""
        [(target, names)] = self.targets.items()
        if isinstance(names, bool):
            return True
        if target == "monitors":
            return name in names
        return group in names if target == "groups" else not set(tags).isdisjoint(names)

    def span_at(self, at: datetime) -> Span | None:
        """Its span that covers this time."""
        if self.recurrence:
            return self.recurrence.span_at(at)
        return self.once if self.once and self.once.covers(at) else None

    def spans(self, since: datetime) -> Iterator[Span]:
        """Its spans that end after ``since``, by their beginnings."""
        if self.recurrence:
            yield from self.recurrence.spans(since)
        elif self.once and self.once.ends_at > since:
            yield self.once
