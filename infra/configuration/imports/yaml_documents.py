"""YAML that others wrote, read as their tools read it: ``12:30``, ``no`` and ``=`` are text."""

import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

from infra.configuration.imports.result import Notes, SourceUnreadable
from shared.models import storable

MAX_BYTES = 20_000_000
# The most that all aliases of a document expand to. A few lines can otherwise stand for more than the memory holds.
_MAX_NODES = 1_000_000
_MAX_DEPTH = 100
# Variables are filled in before YAML is read, so that their braces are none of YAML's. These two signs, which no text
# has, stand for the braces meanwhile.
_OPEN, _CLOSE = "\uf8f0", "\uf8f1"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_HIDDEN = re.compile(rf"{_OPEN}(\w+){_CLOSE}")
_WITH_DEFAULT = re.compile(r"\$?\$\{(\w+):[-=]([^}]*)\}")
_TEMPLATE = re.compile(r"\{%|\{\{")
_ENCRYPTED = re.compile(r"\$ANSIBLE_VAULT|ENC\[AES256_GCM")


class _Loader(yaml.CSafeLoader):
    """Resolves what YAML 1.2 does: YAML 1.1 would read ``12:30`` as 750 and ``no`` as false."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # its parent's shape

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Refuse a key that occurs twice: the tools do, and Python would keep the last one."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} occurs twice", key.start_mark)
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def _untagged(self, _: str, node: yaml.Node) -> Any:
        """A value with a tag of the source's own (``!secret x``)."""
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return self.construct_sequence(node, deep=True)
        return str(node.value)


_Loader.add_multi_constructor("!", _Loader._untagged)
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), list(_first))


def text_of(file: Path) -> str:
    """The text of a file.

    Raises:
        SourceUnreadable: it cannot be read, or is no text.
    """
    try:
        with file.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise SourceUnreadable(f"{file}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise SourceUnreadable(f"{file} is larger than {MAX_BYTES // 1_000_000} MB")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SourceUnreadable(f"{file} is UTF-16: expected UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise SourceUnreadable(f"{file} is neither a SQLite database nor text: it may be encrypted or damaged")
    if not text.strip():
        raise SourceUnreadable(f"{file} is empty")
    return text


def has_defaults(text: str) -> bool:
    """Whether ``text`` has variables with defaults, ``${NAME:-default}``, as Flux fills them in."""
    return _WITH_DEFAULT.search(text) is not None


def documents(text: str, name: str, notes: Notes) -> list[Any]:
    """The documents in ``text``, whose file is ``name``. Texts in them can be stored anywhere.

    A variable with a default is replaced by it; any other one stays.

    Raises:
        SourceUnreadable: it is no YAML, or stands for more than can be read.
    """
    if _ENCRYPTED.search(text):
        raise SourceUnreadable(f"{name} is encrypted: decrypt it first")

    def default(found: re.Match[str]) -> str:
        why = "a default is Flux's, not the tool's own; its value is written, whatever the variable holds"
        notes.add("variables", found[0], why)
        return found[2]

    text = _VARIABLE.sub(rf"{_OPEN}\1{_CLOSE}", _WITH_DEFAULT.sub(default, text))
    loader = None
    try:
        _refuse_depth(text, name)
        loader = _Loader(text)
        return list(_constructed(loader, name))
    except (yaml.YAMLError, ValueError, TypeError) as error:
        # Text between braces that stands alone is a mapping whose key is a mapping.
        if _TEMPLATE.search(text):
            raise SourceUnreadable(f"{name} is a template: render it first (Jinja, Helm or Go)") from error
        raise SourceUnreadable(f"{name}{_place(error)}") from error
    finally:
        if loader:
            loader.dispose()


def templates_in(value: Any, skipped: frozenset[str] = frozenset()) -> Iterator[str]:
    """The texts in ``value`` that a template engine should have replaced. Keys in ``skipped`` are passed over."""
    if isinstance(value, str):
        if _TEMPLATE.search(value):
            yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in skipped:
                yield from templates_in(part, skipped)
    elif isinstance(value, list):
        for part in value:
            yield from templates_in(part, skipped)


def _refuse_depth(text: str, name: str) -> None:
    """Refuse what is nested so deeply that libyaml's recursion would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise SourceUnreadable(f"{name} is nested too deeply")


def _constructed(loader: _Loader, name: str) -> Iterator[Any]:
    while loader.check_node():
        node = loader.get_node()
        if node is None:
            continue
        if _size(node, {}) > _MAX_NODES:
            raise SourceUnreadable(f"{name} expands to more than {_MAX_NODES:,} values")
        yield _clean(loader.construct_document(node))


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes ``node`` stands for, with its aliases followed."""
    if id(node) in known:
        # Inside itself it is endless.
        return known[id(node)]
    known[id(node)] = _MAX_NODES + 1
    size = 1
    if isinstance(node, yaml.MappingNode):
        size += sum(_size(key, known) + _size(value, known) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        size += sum(_size(value, known) for value in node.value)
    known[id(node)] = size
    return size


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable(_HIDDEN.sub(r"${\1}", value))
    if isinstance(value, dict):
        return {_clean(key): _clean(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_clean(part) for part in value]
    return value


def _place(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f":{error.problem_mark.line + 1}: {error.problem}"
    if isinstance(error, yaml.reader.ReaderError):
        return f" has the character U+{error.character:04X}, which YAML forbids"
    return " is no YAML"
