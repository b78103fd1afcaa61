"""The JSON Schema of the whole file, for editors. Made from the models, so that both say the same."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from infra.configuration.channels import fields_of
from infra.configuration.loosening import as_written, named_otherwise, or_empty
from infra.configuration.monitors import OWN_ALONE
from infra.configuration.outline import ANCHORS
from infra.configuration.sections import Templates
from shared import ROOT
from shared.channels import OFF
from shared.channels.fields import Common
from shared.models.channel import CONSOLE
from shared.monitors.parts import Step
from shared.monitors.schema import or_one, policy_schema, untitled
from shared.monitors.windows.drill import Drill
from shared.monitors.windows.summary import Summary
from shared.monitors.windows.window import Window
from shared.notifiers import kinds
from shared.pages.configured import StatusPage

FILE = ROOT / "infra" / "configuration" / "bonghwa.schema.json"
_MODELS: tuple[type[BaseModel], ...] = (Window, Step, StatusPage, Templates, Drill, Summary, Common)


def schema() -> dict[str, Any]:
    """The schema, in JSON Schema 2020-12."""
    monitor = policy_schema()
    monitor["properties"] = or_empty(monitor["properties"], but=["name"])
    parts = {name: named_otherwise(part, name, is_part=True) for name, part in monitor.pop("$defs").items()}
    definitions = {**parts, "Monitor": named_otherwise(monitor, "Monitor")}
    inherited = [name for name in monitor["properties"] if name not in OWN_ALONE]
    settings = {
        "type": "object",
        "description": "What monitors have that do not say it themselves.",
        "properties": {name: _to(f"Monitor/properties/{name}") for name in inherited},
        "additionalProperties": False,
    }
    definitions["Settings"] = named_otherwise(settings, "Settings")
    for model in _MODELS:
        definitions |= _definitions(model)
    definitions["Channel"] = {"anyOf": list(_channels())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bonghwa.yaml",
        "description": "What Bonghwa watches, and where its messages go.",
        "type": "object",
        "properties": _sections(),
        "patternProperties": {f"^({'|'.join(ANCHORS)})": {"description": "A place for anchors. It is ignored."}},
        "additionalProperties": False,
        "$defs": as_written(definitions),
    }


def _sections() -> dict[str, Any]:
    return {
        "defaults": _section("What every monitor has that does not say it itself.", _to("Settings")),
        "channels": _section(
            "Where messages go, by name.",
            {
                "type": "object",
                "properties": {CONSOLE: {"description": "Print no messages.", "enum": [OFF, False]}},
                "additionalProperties": _to("Channel"),
            },
        ),
        "groups": _section("What the monitors of a group have that do not say it themselves.", _by_name("Settings")),
        "escalations": _section(
            "Who else is notified if nobody acknowledges an alert, by name.",
            {"type": "object", "additionalProperties": {"type": "array", "items": _to("Step")}},
        ),
        "windows": _section("When monitors are under maintenance or silenced.", _list_of("Window")),
        "status_page": _section("The public page.", _to("StatusPage")),
        "status_pages": _section("More public pages, by the end of their address.", _by_name("StatusPage")),
        "templates": _section("The words of every channel that has none of its own.", _to("Templates")),
        "drills": _section("Tests of the whole way to the channels.", _list_of("Drill")),
        "summaries": _section("How it went, by the day, the week or the month.", _list_of("Summary")),
        "monitors": _section("What is watched.", _list_of("Monitor")),
    }


def _section(description: str, form: dict[str, Any]) -> dict[str, Any]:
    # An empty section is as good as none.
    return {"description": description, "anyOf": [form, {"type": "null"}]}


def _to(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _by_name(name: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": {"anyOf": [_to(name), {"type": "null"}]}}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _to(name)}


def _definitions(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema by its name, with those that it refers to."""
    found = model.model_json_schema()
    found = {**found.pop("$defs", {}), model.__name__: found}
    for part in found.values():
        part["properties"] = {name: _field(field) for name, field in part["properties"].items()}
    cleaned: dict[str, Any] = untitled(found)
    return cleaned


def _field(field: dict[str, Any]) -> dict[str, Any]:
    options = [or_one(option) for option in field.get("anyOf", [])]
    found = {**or_one(field), **({"anyOf": options} if options else {})}
    if found.get("default", 0) is None:
        del found["default"]
    return found


def _channels() -> Iterator[dict[str, Any]]:
    """One form for each kind of channel."""
    common = {name: _to(f"Common/properties/{name}") for name in Common.model_fields}
    for kind in kinds():
        own = fields_of(kind)
        fields: dict[str, Any] = {name: {} for name in (*own.required, *own.optional)}
        yield {
            "type": "object",
            "properties": {"kind": {"const": kind}, **fields, **common},
            "required": ["kind", *own.required],
            "additionalProperties": False,
        }
