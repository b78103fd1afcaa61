"""The result of an import: the parts of a ``bonghwa.yaml``, the secrets beside it, and what was left out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from infra.configuration.imports.secrets import Secrets
from shared.monitors.durations import seconds_of
from shared.monitors.placeholders import names_in
from shared.monitors.windows.recurrence import RECURRENCES, Recurring
from shared.monitors.windows.spans import Recurrence

NEVER_ENDS = "it begins again before it ends, so it would never end"


class SourceUnreadable(Exception):
    """The source cannot be read. The text says why, and holds no secret."""


class Note(NamedTuple):
    """One thing that is not carried over, or that the source's own tool ignores.

    ``where`` names it as ``bonghwa.yaml`` would: ``monitors 'NTLM'``.
    """

    where: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: {self.why}"


class Notes(list[Note]):
    """The notes of an import, in the order in which they were found."""

    def add(self, where: str, what: str, why: str) -> None:
        """Add one, unless it is there already. Each becomes one line, whatever the source holds."""
        note = Note(*(_one_line(text) for text in (where, what, why)))
        if note not in self:
            self.append(note)


@dataclass
class Imported:
    """The parts that were read. Each monitor, channel, window and page is as it is written into the file."""

    notes: Notes = field(default_factory=Notes)
    secrets: Secrets = field(default_factory=Secrets)
    monitors: list[dict[str, Any]] = field(default_factory=list)
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    windows: list[dict[str, Any]] = field(default_factory=list)
    status_page: dict[str, Any] | None = None
    status_pages: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many monitors, channels and windows there are."""
        return {"monitors": len(self.monitors), "channels": len(self.channels), "windows": len(self.windows)}

    def add_window(self, window: dict[str, Any]) -> bool:
        """Add a window, unless it would never end; whether it was added."""
        if "duration" in window and _never_ends(window):
            return False
        self.windows.append(window)
        return True

    def note_missing(self, why: str) -> None:
        """Add a note for each variable whose value is not in the source: ``why``, with the name there as ``{source}``.

        Variables of what was left out are forgotten instead.
        """
        used = set(_names_in([self.monitors, self.channels, self.windows, self.status_page, self.status_pages]))
        for name, source in self.secrets.missing().items():
            if name in used:
                self.notes.add("variables", name, f"{why.format(source=source)}; fill it in in bonghwa.env")
            else:
                self.secrets.forget(name)


def _never_ends(window: dict[str, Any]) -> bool:
    try:
        recurring = Recurring.model_validate({name: window[name] for name in (*RECURRENCES, "at") if name in window})
        rule = recurring.rule()
    except ValueError:
        return False  # the file's own check says what is wrong
    return rule is not None and not Recurrence(*rule, "UTC", seconds_of(window["duration"])).has_an_end()


def _names_in(value: Any) -> Iterator[str]:
    """The names of the variables in all texts of ``value``."""
    if isinstance(value, str):
        yield from names_in(value)
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _names_in(part)


def _one_line(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(shown.split())[:500]
