"""Reads ``bonghwa.yaml`` into checked values, or says everything that is wrong with it at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from infra.configuration.channels import known_channels, read_channels
from infra.configuration.monitors import (
    Inherited,
    Settings,
    Watched,
    names_in,
    read_drafts,
    read_monitors,
    read_settings,
    settings_model,
)
from infra.configuration.outline import Outline
from infra.configuration.reading.filling import filled
from infra.configuration.reading.mistakes import (
    FileErrors,
    FileUnreadable,
    Mistake,
    shown,
    shown_path,
)
from infra.configuration.reading.nodes import Entry, Node, data_of
from infra.configuration.reading.text import text_of
from infra.configuration.reading.validation import Source, checked
from infra.configuration.reading.yaml_text import NotYaml, parse
from infra.configuration.references import Names, cycles, mistakes_in_monitors
from infra.configuration.sections import Templates
from shared.channels import OFF
from shared.monitors.parts import Step
from shared.monitors.policy import Policy
from shared.monitors.windows.drill import Drill
from shared.monitors.windows.summary import Summary
from shared.monitors.windows.window import Window
from shared.pages.configured import StatusPage, slug
from shared.settings.parsers import split_urls
from shared.settings.secrets import without_password

_PASSWORD = "password"  # noqa: S105  # the name of a field

__all__ = ["Configuration", "FileErrors", "FileUnreadable", "read"]


@dataclass(frozen=True)
class Configuration:
    """The content of the file, checked. ``repr`` shows no secret.

    ``monitors`` have what they inherit, and ``lines`` are their lines by their names. ``channels`` are as CHANNELS
    takes them, with their secrets filled in. ``groups`` are what a group's monitors inherit. Plain data is as in JSON.
    """

    monitors: tuple[Policy, ...] = field(default=(), repr=False)
    channels: Mapping[str, Any] = field(default_factory=dict, repr=False)
    groups: Mapping[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    escalations: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    windows: tuple[dict[str, Any], ...] = ()
    status_page: dict[str, Any] | None = field(default=None, repr=False)
    status_pages: Mapping[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    templates: Mapping[str, str] = field(default_factory=dict)
    drills: tuple[dict[str, Any], ...] = ()
    summaries: tuple[dict[str, Any], ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The JSON that ``PUT /config`` takes. The fields of a monitor that were set, and its line in the file."""
        return {
            "monitors": [
                {**policy.model_dump(mode="json", exclude_unset=True), "line": self.lines[policy.name]}
                for policy in self.monitors
            ],
            "escalations": dict(self.escalations),
            "windows": list(self.windows),
            "drills": list(self.drills),
            "summaries": list(self.summaries),
            **({"status_page": self.status_page} if self.status_page is not None else {}),
            **({"status_pages": dict(self.status_pages)} if self.status_pages else {}),
        }


def read(path: Path, environ: Mapping[str, str]) -> Configuration:
    """The configuration in ``path``; ``environ`` fills in placeholders and has the other channels.

    Raises:
        FileErrors: the file is wrong. FileUnreadable, which is one, if there is none to read.
    """
    file = shown_path(path)
    try:
        root, mistakes = parse(text_of(path, file))
    except NotYaml as error:
        raise FileErrors(file, error.mistakes) from None
    configuration = _Reading(root, environ, mistakes).configuration()
    if mistakes:
        raise FileErrors(file, mistakes)
    return configuration


class _Reading:
    """One reading of one file: its sections, and the mistakes found so far."""

    def __init__(self, root: Node | None, environ: Mapping[str, str], mistakes: list[Mistake]) -> None:
        self._environ = environ
        self._mistakes = mistakes
        self._outline = Outline(root, mistakes)

    def configuration(self) -> Configuration:
        """Read and check every section."""
        channels = read_channels(self._outline.entries("channels"), self._environ, self._mistakes)
        defaults, groups = self._defaults(), self._groups()
        inherited = Inherited(defaults, groups)
        drafts = read_drafts(self._outline.items("monitors"), inherited, self._mistakes)
        names, used_groups, tags = names_in(drafts, inherited)
        watched = read_monitors(drafts, inherited, self._environ, self._mistakes)
        for name, group in groups.items():
            if group.fields and name not in used_groups:
                expected = "the group of a monitor, since nothing else inherits what it says"
                self._mistakes.append(group.source.mistake((), f"no monitor is in it: expected {expected}"))
        self._names = Names(
            monitors={*names, *self._targets()},
            groups={*used_groups, *groups},
            tags=tags,
            channels=known_channels(channels, self._environ),
            escalations=self._outline.entries("escalations"),
        )
        layers = [settings for settings in (defaults, *groups.values()) if settings]
        self._mistakes.extend(mistakes_in_monitors(watched, layers, self._names))
        self._mistakes.extend(cycles(watched))
        rest = self._rest()
        # As CHANNELS takes them: there, each channel has its own words.
        worded = {name: {**rest["templates"], **channel} for name, channel in channels.items() if channel != OFF}
        return Configuration(
            monitors=tuple(monitor.policy for monitor in watched),
            channels={**channels, **worded},
            groups={name: dict(group.fields) for name, group in groups.items()},
            lines=_lines(watched),
            **rest,
        )

    def _rest(self) -> dict[str, Any]:
        """The sections that are about neither monitors nor channels."""
        page = self._outline.section("status_page")
        pages = {name: self._page(f"status_pages {shown(name)}", each) for name, each in self._pages()}
        templates = self._outline.section("templates")
        escalations = self._outline.entries("escalations")
        return {
            "escalations": {name: self._steps(name, entry) for name, entry in escalations.items()},
            "windows": tuple(self._each("windows", Window, ("monitors", "groups", "tags"))),
            "drills": tuple(self._each("drills", Drill, ("channels",))),
            "summaries": tuple(self._each("summaries", Summary, ("channels",))),
            "status_page": self._page("status_page", page) if page else None,
            "status_pages": pages,
            "templates": self._part(Source("templates", *templates), Templates) if templates else {},
        }

    def _defaults(self) -> Settings | None:
        entry = self._outline.section("defaults")
        return read_settings(Source("defaults", *entry), self._mistakes, settings_model()) if entry else None

    def _groups(self) -> dict[str, Settings]:
        entries = self._outline.entries("groups")
        model = settings_model("group") if entries else BaseModel
        return {
            name.strip(): read_settings(Source(f"groups {shown(name)}", *entry), self._mistakes, model)
            for name, entry in entries.items()
        }

    def _steps(self, name: str, entry: Entry) -> list[dict[str, Any]]:
        where = f"escalations {shown(name)}"
        nodes = self._outline.listed(Source(where, *entry), "a list of steps, such as {after: 5m, channels: [ops]}")
        sources = [Source(f"{where}[{number}]", node.line, node) for number, node in enumerate(nodes)]
        return [self._part(source, Step, ("channels",)) for source in sources]

    def _pages(self) -> Iterator[tuple[str, Entry]]:
        for name, entry in self._outline.entries("status_pages").items():
            try:
                slug(name)
            except ValueError as error:
                mistake = Mistake(entry.line, f"status_pages {shown(name)}", f"the name does not fit: expected {error}")
                self._mistakes.append(mistake)
            yield name, entry

    def _page(self, where: str, entry: Entry) -> dict[str, Any]:
        source = Source(where, *entry)
        if data_of(source.node) is None:
            return {}
        page = self._part(source, StatusPage, ("groups",))
        if isinstance(page.get("subscribe"), str):
            self._mistakes.extend(self._names.unknown(source, "subscribe", page["subscribe"]))
        if _PASSWORD in page:
            page[_PASSWORD] = filled(page[_PASSWORD], self._environ, source, self._mistakes, (_PASSWORD,))
        return page

    def _each(self, section: str, model: type[BaseModel], references: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for number, node in enumerate(self._outline.items(section)):
            data = data_of(node)
            title = data.get("title") if isinstance(data, dict) else None
            label = f" {shown(title)}" if isinstance(title, str) else ""
            yield self._part(Source(f"{section}[{number}]{label}", node.line, node), model, references)

    def _part(self, source: Source, model: type[BaseModel], references: tuple[str, ...] = ()) -> dict[str, Any]:
        validate: Callable[[Any], BaseModel] = model.model_validate
        part = checked(validate, source, self._mistakes, model=model)
        if part is None:
            return {}
        found: dict[str, Any] = part.model_dump(mode="json", exclude_unset=True)
        for name in references:
            self._mistakes.extend(self._names.unknown(source, name, found.get(name)))
        return found

    def _targets(self) -> set[str]:
        """The names of TARGET_URL's monitors, which windows may name too."""
        urls = split_urls(self._environ.get("TARGET_URL", ""))
        return {without_password(url) for url in urls if url}


def _lines(watched: list[Watched]) -> dict[str, int]:
    return {monitor.policy.name: monitor.source.line for monitor in watched}
