"""Gatus's configuration in a file, in several files of a folder, or inside manifests of Kubernetes."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.configuration.imports import yaml_documents
from infra.configuration.imports.nodes import keys
from infra.configuration.imports.result import Notes, SourceUnreadable
from shared.settings.secrets import without_password

TOP_LEVEL = keys(
    """metrics storage alerting announcements endpoints external-endpoints suites security concurrency
    disable-monitoring-lock skip-invalid-config-update web ui maintenance connectivity remote tunneling debug
    services"""
)
# At least one of these makes a mapping Gatus's; the others occur in files of other programs.
_TELLING = frozenset({"endpoints", "external-endpoints", "suites", "alerting", "services", "announcements"})
# The key of the values of Gatus's Helm chart that holds the file, and what tells it from that of another chart.
_IN_VALUES = "config"
_WATCHED = frozenset({"endpoints", "external-endpoints", "suites"})
# A key that begins so is there for its anchors.
_ANCHORS = ("x-", "_", ".")
_YAML = (".yaml", ".yml")
_LOOKS_LIKE_GATUS = re.compile(r"(?m)^\s*(?:endpoints|external-endpoints|suites|alerting):")
# Texts that no template engine is expected to have touched.
_FREE_TEXT = frozenset({"body", "message-content", "title", "description", "placeholders", "custom-css", "message"})


def is_configuration(document: Any) -> bool:
    """Whether a document is Gatus's, or a manifest or the values of a chart that may hold it."""
    if not isinstance(document, dict):
        return False
    return bool(_TELLING & document.keys()) or _is_manifest(document) or any(_in_values(document))


def is_known(key: str) -> bool:
    """Whether a key of the whole file is Gatus's, or is there for its anchors."""
    return key in TOP_LEVEL or key.startswith(_ANCHORS)


def read_file(documents: list[Any], file: Path, notes: Notes) -> tuple[dict[str, Any], bool]:
    """The configuration in a file's documents, and whether one is a manifest of a cluster.

    Raises:
        SourceUnreadable: there is none.
    """
    found = _taken([each for document in documents for each in _mappings(document, file.name, notes)], notes)
    if not found:
        raise SourceUnreadable(f"{file} is YAML, but holds no endpoints of Gatus and no sites of Upptime")
    return _merged(found, notes), any(_is_manifest(document) for document in documents)


def read_folder(folder: Path, notes: Notes, skipped: frozenset[Path]) -> tuple[dict[str, Any], bool]:
    """The configuration in all files of a folder and the folders in it, merged as Gatus does.

    Also whether it comes from a cluster, in which Flux may fill in variables.

    Raises:
        SourceUnreadable: there is none, or a file with a part of it cannot be read.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    is_from_cluster = False
    for file in sorted(path for path in folder.rglob("*") if path.suffix in _YAML and path.is_file()):
        # A mounted ConfigMap has each file twice: once below a hidden folder.
        if file.absolute() in skipped or any(part.startswith("..") for part in file.relative_to(folder).parts):
            continue
        name = str(file.relative_to(folder))
        documents, has_defaults = _documents_of(file, name, notes)
        has_manifest = any(_is_manifest(document) for document in documents)
        is_from_cluster = is_from_cluster or has_manifest or has_defaults
        found += [each for document in documents for each in _mappings(document, name, notes)]
        if documents and not any(isinstance(document, dict) for document in documents):
            _note_nothing(name, notes)
    taken = _taken(found, notes)
    if not taken:
        raise SourceUnreadable(f"{folder} holds no YAML file with endpoints of Gatus")
    return _merged(taken, notes), is_from_cluster


def _documents_of(file: Path, name: str, notes: Notes) -> tuple[list[Any], bool]:
    """The documents in a file of a folder, and whether it has variables with defaults."""
    text = ""
    try:
        text = yaml_documents.text_of(file)
        return yaml_documents.documents(text, name, notes), yaml_documents.has_defaults(text)
    except SourceUnreadable as reason:
        # A repository may hold templates and secrets of other programs beside it.
        if _LOOKS_LIKE_GATUS.search(text):
            raise
        notes.add(f"file {name}", "the file", f"{reason}; it is left out")
        return [], False


def _is_manifest(document: Any) -> bool:
    return isinstance(document, dict) and "kind" in document and "apiVersion" in document


def _mappings(document: Any, name: str, notes: Notes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each mapping in a document that may be a configuration: itself, or those in a manifest or in a chart's values."""
    if not isinstance(document, dict):
        return
    configurations = [] if _TELLING & document.keys() else list(_in_values(document))
    yield from ((f"{_IN_VALUES} in {name}", configuration) for configuration in configurations)
    if not _is_manifest(document):
        if not configurations:
            yield name, document
        return
    for key, text in _files_in(document, is_encoded=document.get("kind") == "Secret"):
        for inside in yaml_documents.documents(text, f"{key} in {name}", notes):
            yield from _mappings(inside, f"{key} in {name}", notes)


def _in_values(value: Any) -> Iterator[dict[str, Any]]:
    """Each configuration in the values of a chart, also of one that has it as a part, or in a release of it."""
    if isinstance(value, list):
        for part in value:
            yield from _in_values(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key == _IN_VALUES and isinstance(part, dict) and _WATCHED & part.keys():
                yield part
            else:
                yield from _in_values(part)


def _taken(found: list[tuple[str, dict[str, Any]]], notes: Notes) -> list[tuple[str, dict[str, Any]]]:
    """Those that are Gatus's: none without one that tells it, else also each that has nothing but keys of Gatus."""
    if not any(_TELLING & document.keys() for _, document in found):
        return []
    taken = []
    for name, document in found:
        known = [str(key) for key in document if key in TOP_LEVEL]
        foreign = [str(key) for key in document if not is_known(str(key))]
        if _TELLING & document.keys() or (known and not foreign):
            _refuse_templates(document, name)
            taken.append((name, document))
        elif known:
            why = f"its {foreign[0]} is another program's, so it is left out with {', '.join(known)}"
            notes.add(f"file {name}", "the file", why)
        else:
            _note_nothing(name, notes)
    return taken


def _note_nothing(name: str, notes: Notes) -> None:
    notes.add(f"file {name}", "the file", "it holds nothing of Gatus's; it is left out")


def _files_in(value: Any, *, is_encoded: bool) -> Iterator[tuple[str, str]]:
    """The texts in a manifest whose keys look like YAML files."""
    if isinstance(value, list):
        for part in value:
            yield from _files_in(part, is_encoded=is_encoded)
    elif isinstance(value, dict):
        for key, part in value.items():
            if not isinstance(part, str):
                yield from _files_in(part, is_encoded=is_encoded and key == "data")
            elif str(key).endswith(_YAML) and part.strip():
                yield str(key), _decoded(part) if is_encoded else part


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def _refuse_templates(document: dict[str, Any], name: str) -> None:
    parts = {key: document[key] for key in ("endpoints", "external-endpoints", "alerting") if key in document}
    for text in yaml_documents.templates_in(parts, _FREE_TEXT):
        raise SourceUnreadable(f"{name} is a template: render it first (it holds {without_password(text)[:60]!r})")


def _merged(found: list[tuple[str, dict[str, Any]]], notes: Notes) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name, document in found:
        _merge(merged, document, name, "", notes)
    return merged


def _merge(into: dict[str, Any], part: dict[str, Any], name: str, path: str, notes: Notes) -> None:
    for key, value in part.items():
        here = f"{path}{key}"
        known = into.get(key)
        if known is None:
            into[key] = dict(value) if isinstance(value, dict) else value
        elif isinstance(known, list) and isinstance(value, list):
            into[key] = known + value
        elif isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value, name, f"{here}.", notes)
        elif value is not None and value != known:
            notes.add(f"file {name}", here, "another file sets it too, which Gatus refuses; the first one holds")
