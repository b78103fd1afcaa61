"""Reads YAML into nodes, by libyaml's events.

Nothing here recurses over what a file can nest, and nothing grows faster than MAX_VALUES allows, so that no file can
hang or end the program.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from infra.configuration.reading.mistakes import BROKEN, Mistake, plain
from infra.configuration.reading.nodes import (
    STANDARD_TAG,
    Entry,
    ListNode,
    MappingNode,
    Node,
    Scalar,
    plain_value,
    tagged,
)

# With every alias counted as what it stands for. A thousand monitors have about ten thousand values.
MAX_VALUES = 1_000_000
MAX_DEPTH = 40
_MERGE = "<<"
_SEPARATORS = re.compile("[\x85\u2028\u2029]")


class NotYaml(Exception):
    """The text cannot be read as YAML, or is too much of it. ``mistakes``: everything that was found."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(str(mistakes[-1].text))
        self.mistakes = mistakes


def parse(text: str) -> tuple[Node | None, list[Mistake]]:
    """The one document in ``text``, or None if it is empty; and the mistakes that leave the rest readable.

    Raises:
        NotYaml: the rest cannot be read.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if separator := _SEPARATORS.search(text):
        # YAML 1.1, and so libyaml, would end the line there, and nobody sees it. Most editors would not count the line.
        line, sign = text.count("\n", 0, separator.start()) + 1, f"U+{ord(separator[0]):04X}"
        raise NotYaml([Mistake(line, "", f"the line holds {sign}, an invisible end of a line: expected none of these")])
    tree = _Tree()
    # Python's own loader is for a PyYAML that was built without libyaml: it is six times as slow.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        reading = loader(text)
        while not isinstance(event := reading.get_event(), yaml.StreamEndEvent):
            tree.take(event)
    except yaml.YAMLError as error:
        raise NotYaml([*tree.mistakes, _syntax(error, text)]) from None
    except _TooMuch as error:
        raise NotYaml([*tree.mistakes, Mistake(error.line, "", str(error))]) from None
    return tree.root, tree.mistakes


class _TooMuch(Exception):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not come yet."""

    node: MappingNode | ListNode
    key: str | None = None
    key_line: int = 0
    is_merge: bool = False
    is_known: bool = False
    merged: Node | None = None


class _Tree:
    """Builds the nodes, event by event."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.mistakes: list[Mistake] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0
        self._merged = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._begin(event, MappingNode(_line(event)), "map")
            case yaml.SequenceStartEvent():
                self._begin(event, ListNode(_line(event)), "seq")
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise _TooMuch(_line(event), "a second document begins here: expected one in the file")

    def _wrong(self, line: int, text: str) -> None:
        self.mistakes.append(Mistake(line, "", text))

    def _begin(self, event: Any, node: MappingNode | ListNode, tag: str) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise _too_deep(node.line)
        if event.tag not in (None, "!", STANDARD_TAG + tag):
            self._wrong(node.line, _unknown_tag(event.tag))
        self._name(event, node)
        self._open.append(_Open(node))

    def _end(self) -> None:
        closed = self._open.pop()
        if closed.merged is not None:
            self._merge(closed)
        self._place(closed.node)

    def _scalar(self, event: Any) -> None:
        is_plain = event.implicit[0] and event.tag is None
        text = event.value
        value = plain_value(text) if is_plain else text
        if event.tag not in (None, "!"):
            value = tagged(event.tag, text)
            if value is BROKEN:
                self._wrong(_line(event), _unknown_tag(event.tag))
        node = Scalar(_line(event), value, text)
        self._name(event, node)
        self._place(node, is_merge=is_plain and text == _MERGE)

    def _alias(self, event: Any) -> None:
        node = self._anchors.get(event.anchor)
        if node is None or any(part.node is node for part in self._open):
            expected = "an anchor above it" if node is None else "an anchor whose value ends before it"
            self._wrong(_line(event), f"alias *{plain(event.anchor)}: expected {expected}")
            node = Scalar(_line(event), BROKEN, "")
        self._place(node)

    def _name(self, event: Any, node: Node) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = node

    def _place(self, node: Node, *, is_merge: bool = False) -> None:
        """Put a whole node where it belongs."""
        if not self._open:
            self.root = node
            return
        into = self._open[-1]
        if isinstance(into.node, ListNode):
            into.node.items.append(node)
        elif into.key is None:
            self._key(into, node, is_merge=is_merge)
            return
        elif into.is_merge:
            into.merged, into.key = node, None
            return
        else:
            if not into.is_known:
                into.node.entries[into.key] = Entry(into.key_line, node)
            into.key = None
        self._grow(into.node, node)

    def _grow(self, node: MappingNode | ListNode, more: Node) -> None:
        node.size += more.size
        node.depth = max(node.depth, more.depth + 1)
        if node.size > MAX_VALUES:
            raise _too_many(node.line)
        # A chain of aliases is as deep as its links are many.
        if node.depth > MAX_DEPTH:
            raise _too_deep(node.line)

    def _key(self, into: _Open, node: Node, *, is_merge: bool) -> None:
        assert isinstance(into.node, MappingNode)  # noqa: S101  # lists have no keys
        into.key, into.key_line = (node.text, node.line) if isinstance(node, Scalar) else ("", node.line)
        if not isinstance(node, Scalar):
            self._wrong(node.line, "a mapping or a list as a key: expected text")
        first = into.node.entries.get(into.key)
        into.is_merge = is_merge
        into.is_known = first is not None or not isinstance(node, Scalar)
        if is_merge and into.merged is not None:
            self._wrong(node.line, "duplicate key '<<': expected one with a list, such as [*a, *b]")
        elif first is not None:
            text = f"duplicate key {plain(into.key)!r}: expected it once; it is on line {first.line} too"
            self._wrong(node.line, text)

    def _merge(self, closed: _Open) -> None:
        own, given = closed.node, closed.merged
        assert isinstance(own, MappingNode)  # noqa: S101  # lists have no keys
        for source in given.items if isinstance(given, ListNode) else [given]:
            if not isinstance(source, MappingNode):
                if not (isinstance(source, Scalar) and source.value is BROKEN):
                    self._wrong(own.line, "<< has no mapping: expected an alias of one, or a list of such")
                continue
            # Counted here, since each merge copies even if nothing ever reads the result.
            self._merged += len(source.entries)
            if self._merged > MAX_VALUES:
                raise _too_many(own.line)
            for key, entry in source.entries.items():
                if key not in own.entries:
                    own.entries[key] = entry
                    self._grow(own, entry.node)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _too_deep(line: int) -> _TooMuch:
    return _TooMuch(line, f"nested too deeply, with what its aliases stand for: expected at most {MAX_DEPTH} levels")


def _too_many(line: int) -> _TooMuch:
    return _TooMuch(line, f"too many values, with what its aliases stand for: expected at most {MAX_VALUES}")


def _unknown_tag(tag: str) -> str:
    return f"tag {plain(tag.replace(STANDARD_TAG, '').removeprefix('!'))!r} does not fit: expected a value without it"


def _is_tab(text: str, line: int, column: int) -> bool:
    lines = text.split("\n")
    return line < len(lines) and lines[line][column : column + 1] == "\t"


def _syntax(error: yaml.YAMLError, text: str) -> Mistake:
    last = text.count("\n") + (not text.endswith("\n"))
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = min(mark.line + 1 if mark else last, last) or 1
        if mark and _is_tab(text, mark.line, mark.column):
            return Mistake(line, "", "a tab: expected blanks")
        context = error.context
        if context and error.context_mark and error.context_mark.line + 1 < line:
            context = f"{context} that begins on line {error.context_mark.line + 1}"
        return Mistake(line, "", f"not YAML: {', '.join(part for part in (context, error.problem) if part)}")
    position = getattr(error, "position", 0)
    # libyaml counts bytes.
    line = text.encode()[: position if isinstance(position, int) else 0].count(b"\n") + 1
    return Mistake(line, "", f"not YAML: {getattr(error, 'reason', error)}")
