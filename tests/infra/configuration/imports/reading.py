"""Imports in the tests: from a text or a file to what was made of it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra.configuration.file import Configuration
from infra.configuration.file import read as read_file
from infra.configuration.imports.result import Imported
from infra.configuration.imports.sources import read
from infra.configuration.imports.writing import write
from infra.local.environment import values_in
from tests.infra.configuration.imports.kuma import Kuma
from tests.infra.configuration.imports.set_ups import NOW


def imported_text(folder: Path, text: str, name: str = "config.yaml") -> Imported:
    """The import of a file with this text."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return read(file, NOW)


def monitor(imported: Imported, name: str) -> dict[str, Any]:
    return next(monitor for monitor in imported.monitors if monitor["name"] == name)


def notes(imported: Imported, where: str) -> list[str]:
    """The notes about something, as text."""
    return [f"{note.what}: {note.why}" for note in imported.notes if note.where == where]


def said(imported: Imported, *words: str) -> bool:
    """Whether one note holds all of these words."""
    return any(all(word in str(note) for word in words) for note in imported.notes)


def values(imported: Imported) -> dict[str, str]:
    return {name: value for name, value in imported.secrets.values.items() if value is not None}


def read_back(imported: Imported, folder: Path, others: Iterable[str] = ()) -> Configuration:
    """The configuration that the written files come to, with a value for each of ``others``, which the source lacks."""
    folder.mkdir(exist_ok=True)
    write(imported, Path("source"), folder / "bonghwa.yaml")
    environ = values_in(folder / "bonghwa.env")
    return read_file(
        folder / "bonghwa.yaml",
        {**environ, **{name: "https://filled.example/in" if name.endswith("URL") else "filled-in" for name in others}},
    )


def only(kuma: Kuma) -> tuple[dict[str, Any], Imported]:
    """The only monitor of a database, and all that comes of it."""
    imported = read(kuma.close(), NOW)
    return imported.monitors[0], imported


def one(kuma: Kuma, kind: str = "http", **columns: Any) -> tuple[dict[str, Any], Imported]:
    """The import of a database with this one monitor."""
    kuma.monitor("M", kind, **columns)
    return only(kuma)
