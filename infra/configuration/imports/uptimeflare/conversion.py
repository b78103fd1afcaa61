"""From what ``uptime.config.ts`` says to what ``bonghwa.yaml`` says."""

import re
from datetime import datetime
from pathlib import Path

from infra.configuration.imports.nodes import keys
from infra.configuration.imports.result import Imported, SourceUnreadable
from infra.configuration.imports.typescript import module
from infra.configuration.imports.uptimeflare import notification, windows
from infra.configuration.imports.uptimeflare.monitors import Monitors
from infra.configuration.imports.uptimeflare.page import Page
from infra.configuration.imports.uptimeflare.parts import Part

FILE = "uptime.config.ts"
_SUFFIXES = (".ts", ".mts", ".js", ".mjs")
_TELLING = re.compile(r"\b(?:const|let|var)\s+workerConfig\b")
_WORKER = keys("kvWriteCooldownMinutes passwordProtection monitors notification callbacks")


def is_configuration(file: Path, text: str) -> bool:
    """Whether a file is UptimeFlare's, or TypeScript that should be."""
    return file.suffix in _SUFFIXES or _TELLING.search(text) is not None


def find(folder: Path) -> Path | None:
    """The configuration in a folder of UptimeFlare; None if there is none."""
    return folder / FILE if (folder / FILE).is_file() else None


def convert(text: str, file: str, imported: Imported, now: datetime) -> None:
    """Add everything of a configuration, whose file is called ``file``, to ``imported``.

    Raises:
        SourceUnreadable: it is no TypeScript, or none of UptimeFlare.
    """
    found = module.read(text, file)
    worker = found.named("workerConfig")
    if worker is None and isinstance(found.default, dict) and "monitors" in found.default:
        worker = found.default
    if worker is None:
        raise SourceUnreadable(f"{file} is TypeScript, but holds no workerConfig of UptimeFlare")
    config = Part(worker, "workerConfig", imported.notes)
    config.note_code()
    config.note_unknown(_WORKER)
    notified = notification.read(Part(config.data.get("notification"), "notification", imported.notes), imported)
    _note_callbacks(config, imported)
    monitors = Monitors(config, imported)
    page = Page(Part(found.named("pageConfig"), "status_page", imported.notes), config, monitors.names, imported)
    monitors.add_all(notified, page)
    page.add()
    maintenances = Part({"maintenances": found.named("maintenances")}, "the file", imported.notes)
    maintenances.note_code()
    windows.add_all(maintenances, monitors.added, imported, now)
    if not imported.monitors:
        config.note("monitors", "there is none")
    for line in found.running:
        config.notes.add(
            "the file", f"line {line}", "it is code, which is not run; what it changes is not carried over"
        )
    imported.note_missing("the value of {source} is in the environment of UptimeFlare")


def _note_callbacks(config: Part, imported: Imported) -> None:
    callbacks = Part(config.data.get("callbacks"), "callbacks", imported.notes)
    for name, line in callbacks.code.items():
        callbacks.note(f"{name} (line {line})", "it is code, which is not run; if it tells anybody, set a channel")
