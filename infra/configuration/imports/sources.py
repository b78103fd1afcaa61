"""Kinds of sources: which file or folder each is, and how it is read."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from infra.configuration.imports import upptime, yaml_documents
from infra.configuration.imports.gatus import conversion as gatus
from infra.configuration.imports.gatus import files as gatus_files
from infra.configuration.imports.result import Imported, SourceUnreadable
from infra.configuration.imports.uptime_kuma import backup, database
from infra.configuration.imports.uptime_kuma import conversion as uptime_kuma
from infra.configuration.imports.uptimeflare import conversion as uptimeflare
from shared.monitors.windows.window import Window
from shared.pages.configured import StatusPage

_WHAT = (
    "expected a kuma.db, a backup of Uptime Kuma, a file or folder of Gatus, a .upptimerc.yml, or an uptime.config.ts"
)


def read(source: Path, now: datetime, skipped: frozenset[Path] = frozenset()) -> Imported:
    """The configuration in ``source``. Nothing is written to it or beside it.

    ``skipped``: files that are not read in a folder, because they are ours.

    Raises:
        SourceUnreadable: it is not there, damaged, encrypted, a template, or of no tool that is known.
    """
    imported = _read(source, now, skipped)
    _take_out_mistakes(imported)
    return imported


def _read(source: Path, now: datetime, skipped: frozenset[Path]) -> Imported:
    try:
        if source.is_dir():
            return _folder(source, now, skipped)
        if not source.exists():
            raise SourceUnreadable(f"{source}: there is no such file or folder")
        if not source.is_file():
            raise SourceUnreadable(f"{source} is neither a file nor a folder")
        return _file(source, now)
    except OSError as error:
        raise SourceUnreadable(f"{error.filename or source}: {error.strerror}") from error


def _folder(folder: Path, now: datetime, skipped: frozenset[Path]) -> Imported:
    if reason := database.kept_elsewhere(folder):
        raise SourceUnreadable(f"{folder} is Uptime Kuma's, which {reason}")
    for file in (folder / database.FILE, folder / "data" / database.FILE):
        if file.is_file():
            return _file(file, now)
    if found := upptime.find(folder) or uptimeflare.find(folder):
        return _file(found, now)
    imported = Imported()
    configuration, is_from_cluster = gatus_files.read_folder(folder, imported.notes, skipped)
    gatus.convert(configuration, imported, is_from_cluster=is_from_cluster)
    return imported


def _file(file: Path, now: datetime) -> Imported:
    imported = Imported()
    with file.open("rb") as opened:
        begins = opened.read(len(database.MAGIC))
    if begins == database.MAGIC:
        uptime_kuma.convert(database.read(file, imported.notes), imported, now)
        return imported
    if file.suffix == ".db":
        raise SourceUnreadable(f"{file} is no SQLite database: it may be encrypted, damaged or empty")
    text = yaml_documents.text_of(file)
    if uptimeflare.is_configuration(file, text):
        uptimeflare.convert(text, str(file), imported, now)
        return imported
    if text.lstrip().startswith("{"):
        data = _json(text)
        if backup.is_backup(data):
            uptime_kuma.convert(backup.read(data, imported.notes), imported, now)
            return imported
    _yaml(text, file, imported)
    return imported


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _yaml(text: str, file: Path, imported: Imported) -> None:
    documents = yaml_documents.documents(text, str(file), imported.notes)
    first = next((document for document in documents if isinstance(document, dict)), None)
    if first is None:
        raise SourceUnreadable(f"{file} is of no tool that is known: {_WHAT}")
    if "sites" in first or file.name in upptime.FILES:
        upptime.convert(first, imported)
    elif "monitors" in first:
        raise SourceUnreadable(f"{file} looks like a bonghwa.yaml already")
    elif any(gatus_files.is_configuration(document) for document in documents):
        configuration, has_manifest = gatus_files.read_file(documents, file, imported.notes)
        is_from_cluster = has_manifest or yaml_documents.has_defaults(text)
        gatus.convert(configuration, imported, is_from_cluster=is_from_cluster)
    else:
        raise SourceUnreadable(f"{file} is of no tool that is known: {_WHAT}")


def _take_out_mistakes(imported: Imported) -> None:
    """Take out what the file may not hold: the windows and pages whose models refuse them."""
    for window in list(imported.windows):
        where = f"windows {str(window.get('title', ''))!r}"
        if not _is_right(Window, window, where, imported):
            imported.windows.remove(window)
    if imported.status_page and not _is_right(StatusPage, imported.status_page, "status_page", imported):
        imported.status_page = None
    for slug, page in list(imported.status_pages.items()):
        if not _is_right(StatusPage, page, f"status_pages {slug!r}", imported):
            del imported.status_pages[slug]


def _is_right(model: type[BaseModel], data: dict[str, Any], where: str, imported: Imported) -> bool:
    try:
        model.model_validate(data)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        field, expected = ".".join(map(str, detail["loc"])), str(detail["msg"]).removeprefix("Value error, ")
        imported.notes.add(where, field or "the whole of it", f"expected {expected}; it is left out")
        return False
    return True
