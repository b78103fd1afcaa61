"""The nodes of the file: values that know their lines, and what a value without quotes means in YAML 1.2.

YAML 1.1 has ``no`` for false and ``02:30`` for 150; here both are text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from infra.configuration.reading.mistakes import BROKEN

STANDARD_TAG = "tag:yaml.org,2002:"
_MAX_DIGITS = 100
_SPECIAL = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_SPECIAL |= {text: text in ("true", "True", "TRUE") for text in ("true", "True", "TRUE", "false", "False", "FALSE")}
_NUMBER_BEGINS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0(?:o([0-7]+)|x([0-9a-fA-F]+))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


@dataclass(slots=True)
class Scalar:
    """One value, and ``text``, how it is written.

    ``size`` and ``depth`` of a node count each alias as what it stands for.
    """

    line: int
    value: Any
    text: str
    size: int = 1
    depth: int = 1


class Entry(NamedTuple):
    """A key's line, and what the key leads to."""

    line: int
    node: "Node"


@dataclass(slots=True)
class MappingNode:
    """Keys in their order. A value from a merge key stands at its own line, where its anchor is."""

    line: int
    entries: dict[str, Entry] = field(default_factory=dict)
    size: int = 1
    depth: int = 1


@dataclass(slots=True)
class ListNode:
    """Items in their order."""

    line: int
    items: list["Node"] = field(default_factory=list)
    size: int = 1
    depth: int = 1


Node = Scalar | MappingNode | ListNode


def data_of(node: Node) -> Any:
    """The plain values of a node. Nodes that aliases share are shared values too: change none of them."""
    return _data(node, {})


def _data(node: Node, known: dict[int, Any]) -> Any:
    if isinstance(node, Scalar):
        return node.value
    found = known.get(id(node))
    if found is None:
        if isinstance(node, MappingNode):
            found = {key: _data(entry.node, known) for key, entry in node.entries.items()}
        else:
            found = [_data(item, known) for item in node.items]
        known[id(node)] = found
    return found


def at(node: Node, path: Sequence[str | int]) -> Iterator[tuple[int, Node]]:
    """Each step along ``path``, as far as there is one: its line (for a key the key's) and its node."""
    for part in path:
        if isinstance(node, MappingNode) and isinstance(part, str) and part in node.entries:
            line, node = node.entries[part]
        elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            line = node.line
        else:
            return
        yield line, node


def plain_value(text: str) -> Any:
    """The value of text without quotes, as in the core schema of YAML 1.2."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    # A number that long is a name or a token made of digits, and Python refuses to read it.
    if text[0] not in _NUMBER_BEGINS or len(text) > _MAX_DIGITS:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if based := _BASED.fullmatch(text):
        return int(based[1], 8) if based[1] else int(based[2], 16)
    if _FLOAT.fullmatch(text):
        number = float(text)
        # JSON has no infinity, and no field takes it.
        return number if abs(number) != float("inf") else text
    return text


def tagged(tag: str, text: str) -> Any:
    """The value of text with a tag; BROKEN if they do not fit."""
    kinds: dict[str, type | tuple[type, ...]] = {"bool": bool, "int": int, "float": (int, float), "null": type(None)}
    name = tag.removeprefix(STANDARD_TAG)
    if name == "str":
        return text
    value = plain_value(text)
    fits = name in kinds and isinstance(value, kinds[name]) and (name == "bool") == isinstance(value, bool)
    return value if fits else BROKEN
