"""The groups of Uptime Kuma: monitors of the type "group", with other monitors below them."""

from infra.configuration.imports.naming import one_line
from infra.configuration.imports.uptime_kuma.rows import Export, Row

_SEPARATOR = " / "
# A parent may be its own ancestor only in a damaged database.
_DEPTH = 100


class Groups:
    """The groups, and the monitors below each."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._rows = {row.whole("id") or 0: row for row in export.monitors}

    def is_group(self, row: Row) -> bool:
        """Whether it only holds others."""
        return row.word("type") == "group"

    def is_group_id(self, identity: int) -> bool:
        """Whether the monitor with this id only holds others."""
        return identity in self._rows and self.is_group(self._rows[identity])

    def is_nested(self, row: Row) -> bool:
        """Whether it is below another group."""
        return bool(self._parents(row))

    def path(self, identity: int) -> str:
        """A group's name, with the names of the groups that it is below."""
        row = self._rows[identity]
        groups = [parent for parent in self._parents(row) if self.is_group(parent)]
        return one_line(_SEPARATOR.join(one_line(each.text("name")) for each in (*reversed(groups), row)))

    def of(self, row: Row) -> str | None:
        """The group that a monitor is in; a parent that is itself checked counts as one."""
        parents = self._parents(row)
        if not parents:
            return None
        nearest = parents[0].whole("id") or 0
        return self.path(nearest) if self.is_group(parents[0]) else self._export.names.get(nearest)

    def depends_on(self, row: Row) -> list[str] | None:
        """The parent, if it is itself checked."""
        parents = self._parents(row)
        if not parents or any(each is row for each in self._parents(parents[0])):
            return None
        name = self._export.names.get(parents[0].whole("id") or 0)
        return [name] if name else None

    def is_paused(self, row: Row) -> bool:
        """Whether one of the groups above it is paused, which pauses what is below."""
        return any(not parent.flag("active", default=True) for parent in self._parents(row))

    def notifications_of(self, row: Row) -> list[int]:
        """The ids of its notifications; if it has none, those of the nearest group above it that has some.

        A group notifies in Uptime Kuma when a monitor in it fails, and is no monitor here.
        """
        above = (parent for parent in self._parents(row) if self.is_group(parent))
        listed = (self._export.channels_of.get(each.whole("id") or 0, []) for each in (row, *above))
        return next((found for found in listed if found), [])

    def below(self, identity: int) -> list[int]:
        """The monitors below one or below a group, at any depth, and the monitor itself."""
        row = self._rows.get(identity)
        if row is None:
            return []
        return [
            number
            for number, each in self._rows.items()
            if not self.is_group(each) and (each is row or any(parent is row for parent in self._parents(each)))
        ]

    def has_monitors(self, identity: int) -> bool:
        """Whether a monitor is in it, or in a group below it."""
        return bool(self.below(identity))

    def _parents(self, row: Row) -> list[Row]:
        """The groups above it, the nearest first."""
        found: list[Row] = []
        current: Row | None = row
        while current is not None and len(found) < _DEPTH:
            current = self._rows.get(current.whole("parent") or 0)
            if current is None or current is row or current in found:
                break
            found.append(current)
        return found
