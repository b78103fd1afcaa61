"""The outline of the file: its sections, and the nodes in them."""

from collections.abc import Mapping

from infra.configuration.reading.mistakes import BROKEN, Mistake, is_wrong, shown, unknown_key
from infra.configuration.reading.nodes import Entry, ListNode, MappingNode, Node, Scalar, data_of
from infra.configuration.reading.validation import Source

SECTIONS = (
    "defaults",
    "channels",
    "groups",
    "escalations",
    "windows",
    "status_page",
    "status_pages",
    "templates",
    "drills",
    "summaries",
    "monitors",
)
# Keys at the top that only hold anchors.
ANCHORS = ("x-", "_")


class Outline:
    """The sections that a file has. Each mistake is added to ``mistakes``, once."""

    def __init__(self, root: Node | None, mistakes: list[Mistake]) -> None:
        self._mistakes = mistakes
        self._sections = self._sections_of(root)

    def section(self, name: str) -> Entry | None:
        """A section; None if it is not there, or is empty."""
        return self._sections.get(name)

    def _sections_of(self, root: Node | None) -> dict[str, Entry]:
        if root is None or (isinstance(root, Scalar) and root.value in (None, BROKEN)):
            return {}
        if not isinstance(root, MappingNode):
            text = is_wrong((), f"the file holds {shown(data_of(root))}", f"a mapping with {', '.join(SECTIONS)}")
            self._mistakes.append(Mistake(root.line, "", text))
            return {}
        sections = {}
        for key, entry in root.entries.items():
            if key in SECTIONS:
                # A section that is empty is as good as none: its lines may all be remarks.
                if not (isinstance(entry.node, Scalar) and entry.node.value in (None, BROKEN)):
                    sections[key] = entry
            elif not key.startswith(ANCHORS):
                text = unknown_key(key, SECTIONS, f"one of {', '.join(SECTIONS)}")
                self._mistakes.append(Mistake(entry.line, "", text))
        return sections

    def entries(self, section: str) -> Mapping[str, Entry]:
        """The entries of a section that is a mapping of names."""
        entry = self._sections.get(section)
        if entry is None:
            return {}
        if isinstance(entry.node, MappingNode):
            return entry.node.entries
        self._mistakes.append(Source("", *entry).wrong((section,), data_of(entry.node), "a mapping of names"))
        del self._sections[section]
        return {}

    def items(self, section: str) -> list[Node]:
        """The items of a section that is a list."""
        entry = self._sections.get(section)
        return self.listed(Source(section, *entry), "a list") if entry else []

    def listed(self, source: Source, expected: str) -> list[Node]:
        """The items of what should be a list; none if it is something else."""
        if isinstance(source.node, ListNode):
            return source.node.items
        data = data_of(source.node)
        if data is not BROKEN:
            self._mistakes.append(source.mistake((), is_wrong((), f"it is {shown(data)}", expected)))
        return []
