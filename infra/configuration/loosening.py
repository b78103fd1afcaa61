"""The forms that the reader takes beside those of the models, for the JSON Schema of the file."""

from collections.abc import Iterable
from typing import Any

from shared.models.scalars import ANY_TEXT
from shared.monitors.aliases import other_names

_TEXT_AND_WHAT_LOOKS_OTHERWISE = ["string", "number", "boolean"]
# A number is no address.
_NO_NUMBER = "url"


def as_written(schema: Any) -> Any:
    """A schema that also takes a number or a truth where text is read: YAML takes ``404`` and ``true`` for such."""
    if isinstance(schema, list):
        return [as_written(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: part if name == _NO_NUMBER else as_written(part) for name, part in schema.items()}
    if found.get("type") == "string" and found.get("pattern") == ANY_TEXT:
        found["type"] = _TEXT_AND_WHAT_LOOKS_OTHERWISE
    return found


def or_empty(fields: dict[str, Any], *, but: Iterable[str] = ()) -> dict[str, Any]:
    """Fields that may be empty, which takes away what would be inherited."""
    return {name: field if name in but else _or_null(field) for name, field in fields.items()}


def named_otherwise(definition: dict[str, Any], path: str, *, is_part: bool = False) -> dict[str, Any]:
    """A definition whose fields may have hyphens, and the names of other tools. Editors do not suggest those.

    ``path``: where it stands. ``is_part``: other tools have no other names in it.
    """
    patterns = {
        f"^{_with_hyphens(name)}$": {"$ref": f"#/$defs/{path}/properties/{name}"}
        for name in definition["properties"]
        if "_" in name
    }
    if not is_part:
        patterns[f"^({'|'.join(map(_with_hyphens, other_names()))})$"] = {
            "description": "The name that other tools use."
        }
    if not patterns:
        return definition
    needed = definition.get("required", [])
    either = [
        {"anyOf": [{"required": [each]}, {"required": [each.replace("_", "-")]}]} for each in needed if "_" in each
    ]
    own = [each for each in needed if "_" not in each]
    rest = {name: part for name, part in definition.items() if name != "required"}
    return {
        **rest,
        **({"required": own} if own else {}),
        **({"allOf": either} if either else {}),
        "patternProperties": patterns,
    }


def _with_hyphens(name: str) -> str:
    return name.replace("_", "[-_]")


def _or_null(field: dict[str, Any]) -> dict[str, Any]:
    null = {"type": "null"}
    if null in field.get("anyOf", ()) or None in field.get("enum", ()):
        return field
    about: dict[str, Any] = {name: field[name] for name in ("description", "default", "examples") if name in field}
    rest = {name: part for name, part in field.items() if name not in about}
    options = rest["anyOf"] if rest.keys() == {"anyOf"} else [rest]
    return {**about, "anyOf": [*options, null]}
