"""The monitors of the file: each one's own fields over those of its group, over ``defaults``."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel, create_model

from infra.configuration.reading.filling import filled
from infra.configuration.reading.mistakes import BROKEN, Mistake
from infra.configuration.reading.nodes import Entry, ListNode, MappingNode, Node, Scalar, data_of
from infra.configuration.reading.validation import Source, checked
from shared.monitors.aliases import normalised
from shared.monitors.conditions import parse
from shared.monitors.kinds import Kind, kind_of, misplaced, unavailable
from shared.monitors.parts import Part, one_or_more
from shared.monitors.policy import Policy

# The file's defaults. TARGET_URL's monitors keep Policy's own: the first failure opens.
BUILT_IN: Mapping[str, Any] = {"failure_threshold": 3}
# They make a monitor what it is, so that none can inherit them.
OWN_ALONE = ("name", "url", "dns", "heartbeat")
# A name may be written as a number: 404.
_NAMES = ("name", "group", "tags", "depends_on", "channels", "escalation", "locations")
_MAX_NAME_SHOWN = 60


class Settings(NamedTuple):
    """The fields that monitors inherit from ``defaults`` or a group, and where they stand."""

    source: Source
    fields: Mapping[str, Any]


class Draft(NamedTuple):
    """A monitor as it is written. ``own``: its fields, by our own names."""

    source: Source
    own: dict[str, Any]

    def group(self, inherited: "Inherited") -> str | None:
        """The name of its group."""
        group = self.own.get("group", inherited.group)
        return group.strip() if isinstance(group, str) else None


class Watched(NamedTuple):
    """A monitor whose policy is right. ``own``: the fields that it does not inherit."""

    policy: Policy
    source: Source
    own: frozenset[str]


@dataclass
class Inherited:
    """The fields that a monitor inherits, by its kind and group."""

    defaults: Settings | None = None
    groups: dict[str, Settings] = field(default_factory=dict)
    _known: dict[tuple[Kind, str | None], dict[str, Any]] = field(default_factory=dict)

    @property
    def group(self) -> Any:
        """The group of a monitor that names none."""
        return self.defaults.fields.get("group") if self.defaults else None

    def interval(self, group: Any) -> Any:
        """How often a monitor that does not say it is checked, as it is written."""
        name = group if isinstance(group, str) else str(self.group or "")
        layers = (self.groups.get(name.strip()), self.defaults)
        return next((layer.fields["interval"] for layer in layers if layer and "interval" in layer.fields), None)

    def fields(self, kind: Kind, group: str | None) -> Mapping[str, Any]:
        """The inherited fields that a monitor of this kind can have."""
        found = self._known.get((kind, group))
        if found is None:
            layers = [BUILT_IN, *(each.fields for each in (self.defaults, self.groups.get(group or "")) if each)]
            merged = {name: value for layer in layers for name, value in layer.items()}
            found = {name: value for name, value in merged.items() if misplaced(name, kind, value) is None}
            if found.get("conditions"):
                found["conditions"] = [text for text in one_or_more(found["conditions"]) if _can_read(kind, text)]
            self._known[kind, group] = found
        return found


@functools.cache
def settings_model(*more: str) -> type[BaseModel]:
    """The model of the fields that can be inherited; not those in ``more``."""
    fields = {name: info for name, info in Policy.model_fields.items() if name not in (*OWN_ALONE, *more)}
    return create_model("Settings", __base__=Part, **{name: (info.annotation, info) for name, info in fields.items()})  # type: ignore[call-overload, no-any-return]  # the fields are known at run time only


def read_settings(source: Source, mistakes: list[Mistake], model: type[BaseModel]) -> Settings:
    """The fields that ``defaults`` or a group gives to monitors; none if they are wrong."""
    data = data_of(source.node)
    if not isinstance(data, dict):
        if data is not None and data is not BROKEN:
            mistakes.append(source.wrong((), data, "a mapping of fields that monitors inherit"))
        return Settings(source, {})
    source = source._replace(written=_written(source.node))
    # Empty is what takes away a field of defaults, in a group.
    given = _canonical(data, source, mistakes)
    for name in [name for name in OWN_ALONE if name in given]:
        del given[name]
        mistakes.append(source.mistake((name,), f"{name} stands here: expected it in each monitor alone"))
    filled_in = {name: value for name, value in given.items() if value is not None}
    is_right = checked(model.model_validate, source, mistakes, model=model, data=filled_in)
    return Settings(source, given if is_right else {})


def read_drafts(nodes: Iterable[Node], inherited: Inherited, mistakes: list[Mistake]) -> list[Draft]:
    """The monitors as they are written, in the order of the file."""
    drafts = []
    for number, node in enumerate(nodes):
        source = Source(f"monitors[{number}]", node.line, node, _written(node))
        data = data_of(node)
        if isinstance(data, dict):
            name = _names(node.entries["name"].node) if isinstance(node, MappingNode) and "name" in data else None
            if isinstance(name, str) and name.isprintable():
                source = source._replace(where=f"{source.where} {name[:_MAX_NAME_SHOWN]!r}")
            drafts.append(Draft(source, _canonical(data, source, mistakes, inherited.interval(data.get("group")))))
        elif data is not BROKEN:
            mistakes.append(source.wrong((), data, "a mapping with a name and a url"))
    return drafts


def names_in(drafts: Iterable[Draft], inherited: Inherited) -> tuple[set[str], set[str], set[str]]:
    """The names, groups and tags of all monitors, also of those that are wrong otherwise."""
    names, groups, tags = set[str](), set[str](), set[str]()
    for draft in drafts:
        group, given = draft.group(inherited), draft.own.get("tags") or []
        names |= {str(draft.own["name"]).strip()} if "name" in draft.own else set()
        groups |= {group} if group else set()
        tags |= {str(tag).strip() for tag in (given if isinstance(given, list) else [given])}
    return names, groups, tags


def read_monitors(
    drafts: Iterable[Draft], inherited: Inherited, environ: Mapping[str, str], mistakes: list[Mistake]
) -> list[Watched]:
    """The monitors whose policies are right."""
    found = []
    named: dict[str, Source] = {}
    for draft in drafts:
        name = draft.own.get("name")
        first = named.setdefault(str(name).strip(), draft.source)
        if name is not None and first is not draft.source:
            line = first.line_of(("name",))
            expected = f"a name of its own; {first.where.partition(' ')[0]} on line {line} has it"
            mistakes.append(draft.source.wrong(("name",), name, expected))
        if policy := _policy(draft, inherited, environ, mistakes):
            found.append(Watched(policy, draft.source, frozenset(draft.own)))
    return found


def _policy(draft: Draft, inherited: Inherited, environ: Mapping[str, str], mistakes: list[Mistake]) -> Policy | None:
    own, source = draft.own, draft.source
    heartbeat = own.get("heartbeat")
    if isinstance(heartbeat, dict) and isinstance(heartbeat.get("token"), str):
        token = filled(heartbeat["token"], environ, source, mistakes, ("heartbeat", "token"))
        own = {**own, "heartbeat": {**heartbeat, "token": token}}
    merged = {**_inherited(draft, inherited), **own}
    data = {name: value for name, value in merged.items() if value is not None}
    return checked(Policy.written, source, mistakes, model=Policy, data=data)


def _inherited(draft: Draft, inherited: Inherited) -> Mapping[str, Any]:
    own, group = draft.own, draft.group(inherited)
    try:
        is_given = {name: own.get(name) is not None for name in ("dns", "heartbeat")}
        kind = kind_of(own.get("url"), has_dns=is_given["dns"], has_heartbeat=is_given["heartbeat"])
    except (ValueError, AttributeError, TypeError):
        # Policy says what is wrong with it.
        return {}
    fields = inherited.fields(kind, group)
    if "depends_on" not in fields or "depends_on" in own:
        return fields
    # The gateway on which all others depend inherits that too.
    given = fields["depends_on"]
    parents = given if isinstance(given, list) else [given]
    return {**fields, "depends_on": [parent for parent in parents if parent not in (own.get("name"), group)]}


def _canonical(
    data: Mapping[str, Any], source: Source, mistakes: list[Mistake], interval: Any = None
) -> dict[str, Any]:
    """The fields by our own names, without those that are a mistake. ``interval``: the one that is inherited."""
    # Uptime Kuma counts reminders in checks.
    is_counted = interval is not None and "interval" not in data and any(name.startswith("resend") for name in data)
    given = {**data, "interval": interval} if is_counted else dict(data)
    while True:
        try:
            fields = normalised(given)
            break
        except ValueError as wrong:
            name, _, expected = str(wrong).partition(": ")
            if (value := given.pop(name)) is not BROKEN:
                mistakes.append(source.wrong((name,), value, expected))
    if is_counted:
        del fields["interval"]
    entries = source.node.entries if isinstance(source.node, MappingNode) else {}
    return fields | {name: _names(entries[name].node) for name in _NAMES if name in entries}


def _names(node: Node) -> Any:
    """One name or several, each as it is written if it looks like a number."""
    if isinstance(node, ListNode):
        return [_names(item) if isinstance(item, Scalar) else data_of(item) for item in node.items]
    is_number = isinstance(node, Scalar) and isinstance(node.value, int | float)
    return node.text if is_number and isinstance(node, Scalar) else data_of(node)


def _can_read(kind: Kind, condition: str) -> bool:
    return unavailable(parse(condition).placeholders, kind) is None


def _written(node: Node) -> Any:
    entries: Mapping[str, Entry] = node.entries if isinstance(node, MappingNode) else {}

    def written(name: str) -> str:
        if name in entries:
            return name
        return next((key for key in entries if name in normalised({key: None})), name)

    return written
